"""Back from ids: reads a release as others get it, and compares it with what the Research API still has of it."""

from gettok.hydrate.published import PublishedRelease, read_release
from gettok.hydrate.receipt import FoundAgain, Hydrated, LabelBounds, Receipt, VariableBounds, compare
from gettok.hydrate.receipt_text import as_markdown

__all__ = [
    "FoundAgain",
    "Hydrated",
    "LabelBounds",
    "PublishedRelease",
    "Receipt",
    "VariableBounds",
    "as_markdown",
    "compare",
    "read_release",
]
