"""Whether what is given as a quotation literally stands in a text."""

import re
import unicodedata
from collections.abc import Mapping

from gettok.text.tokens import normalise

#: What parts several quotations: an ellipsis (bare or in brackets), a line's end, `;`, `|`, and the closing marks of
#: one with the opening marks of the next.
_BETWEEN = re.compile(r"[\[(]?(?:…|\.{3,})[\])]?|[\n\r;|]|[\"”»']\s*(?:,|/|and|y)?\s*[\"“«']")
_AROUND = " \t\"“”«»'’‘.,:"


def quoted_in(evidence: str, texts: Mapping[str, str]) -> list[str]:
    """The names of the texts that hold a quotation; none as soon as one of several quotations stands nowhere.

    So whatever is named vouches for every word of the evidence, and nothing vouches for evidence that is made up in
    part. Words are compared as `gettok.text.tokens` normalises them: accents count, capitals and punctuation do not.
    """
    found = [_holding(quotation, texts) for quotation in _quotations(evidence)]
    if not all(found):
        return []
    return [name for name in texts if any(name in names for names in found)]


def _quotations(evidence: str) -> list[str]:
    parted = (part.strip(_AROUND) for part in _BETWEEN.split(evidence))
    return [part for part in parted if part]


def _holding(quotation: str, texts: Mapping[str, str]) -> list[str]:
    words = " ".join(normalise(quotation))
    if words:
        return [name for name, text in texts.items() if f" {words} " in f" {' '.join(normalise(text))} "]
    return [name for name, text in texts.items() if _plain(quotation) in _plain(text)]  # a heart, a fist


def _plain(text: str) -> str:
    """Signs that are no words, without the marks that only choose their colour or their picture."""
    return "".join(c for c in unicodedata.normalize("NFC", text) if not "\ufe00" <= c <= "\ufe0f")
