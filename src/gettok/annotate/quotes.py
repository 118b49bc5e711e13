"""Whether a quotation literally occurs in a text."""

import re
import unicodedata
from collections.abc import Mapping

from gettok.text.tokens import normalise

#: What separates several quotations: an ellipsis (bare or in brackets), a line end, `;`, `|`, and the closing marks of
#: one with the opening marks of the next.
_SEPARATOR = re.compile(r"[\[(]?(?:…|\.{3,})[\])]?|[\n\r;|]|[\"”»']\s*(?:,|/|and|y)?\s*[\"“«']")
_TRIMMED = " \t\"“”«»'’‘.,:"


def quoted_in(evidence: str, texts: Mapping[str, str]) -> list[str]:
    """The names of the texts that contain the quotations; none if one of several quotations is in no text.

    So every word of the evidence is in one of the named texts, and evidence that is partly made up has none. Words are
    compared as `gettok.text.tokens` normalises them: accents count, capitals and punctuation do not.
    """
    sources = [_texts_with(quotation, texts) for quotation in _quotations(evidence)]
    if not all(sources):
        return []
    return [name for name in texts if any(name in names for names in sources)]


def _quotations(evidence: str) -> list[str]:
    parts = (part.strip(_TRIMMED) for part in _SEPARATOR.split(evidence))
    return [part for part in parts if part]


def _texts_with(quotation: str, texts: Mapping[str, str]) -> list[str]:
    words = " ".join(normalise(quotation))
    if words:
        return [name for name, text in texts.items() if f" {words} " in f" {' '.join(normalise(text))} "]
    return [name for name, text in texts.items() if _symbols(quotation) in _symbols(text)]  # emoji


def _symbols(text: str) -> str:
    """Symbols without variation selectors, which only choose how an emoji is drawn."""
    return "".join(c for c in unicodedata.normalize("NFC", text) if not "\ufe00" <= c <= "\ufe0f")
