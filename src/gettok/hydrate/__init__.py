"""Back from ids: reads a release as others get it, and compares it with what the Research API still has of it."""

from gettok.hydrate.published import PublishedRelease, read_release
from gettok.hydrate.receipt import Hydrated, LabelOutcome, Outcome, Receipt, VariableOutcome, compare
from gettok.hydrate.receipt_text import as_markdown

__all__ = [
    "Hydrated",
    "LabelOutcome",
    "Outcome",
    "PublishedRelease",
    "Receipt",
    "VariableOutcome",
    "as_markdown",
    "compare",
    "read_release",
]
