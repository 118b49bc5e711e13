"""Hashtags that differ in capitals and accents alone are one to a reader, and to TikTok nearly always."""

import unicodedata
from functools import lru_cache

#: Combining marks above, below and across a letter. Classes between 1 and 200 belong to scripts in which a mark makes
#: another letter (Japanese voicing, Hebrew and Arabic vowels, Thai tones, Indic viramas).
_ACROSS, _FIRST_ACCENT = 1, 200


@lru_cache(maxsize=1 << 16)
def folded(tag: str) -> str:
    """The tag without capitals and accents: `PedroCastillo` is `pedrocastillo`, `Perú` is `peru`."""
    plain = _without_accents(unicodedata.normalize("NFKD", tag)).casefold()
    return unicodedata.normalize("NFC", _without_accents(unicodedata.normalize("NFKD", plain)))


def _without_accents(decomposed: str) -> str:
    return "".join(letter for letter in decomposed if not _is_accent(letter))


def _is_accent(letter: str) -> bool:
    place = unicodedata.combining(letter)
    return place == _ACROSS or place >= _FIRST_ACCENT
