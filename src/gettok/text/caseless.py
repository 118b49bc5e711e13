"""Texts compared without regard to case."""

import unicodedata


def caseless(text: str) -> str:
    """The same text for all texts that differ in case or composition only; accents count.

    Unicode's canonical caseless matching (The Unicode Standard, definition D145), which decomposes before it folds: the
    iota below a Greek letter (U+0345) folds to a letter, across which no accent can be moved any more. The result is
    composed (NFC).
    """
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold())
