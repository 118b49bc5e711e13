"""Texts from TikTok, made safe for display. The tables keep them verbatim."""

import re
import unicodedata
from collections.abc import Iterator

_MARKS = frozenset({"Mn", "Mc", "Me"})
#: Code points in one visible character: a family emoji has 7 to 11, stacked accents any number.
_MAX_CODE_POINTS = 12
_JOINER = "\u200d"
#: They change the direction of writing.
_BIDI_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def shown(text: str | None, limit: int) -> str:
    """At most `limit` visible characters, with an ellipsis if there are more, and no control characters."""
    characters: list[str] = []
    for character in _visible(text or ""):
        if len(characters) == limit:
            return "".join(characters).rstrip() + "…"
        characters.append(character)
    return "".join(characters)


def label(text: str, limit: int) -> str:
    """The same for a text in a figure: on one line, without characters that change the direction of writing."""
    return shown(" ".join("".join(c for c in text if c not in _BIDI_CONTROLS).split()), limit)


def title_of(variable: str) -> str:
    """The name of one of the codebook's variables, for people."""
    return variable.replace("_", " ").capitalize()


def _visible(text: str) -> Iterator[str]:
    """The characters that a reader sees: a letter with its marks, an emoji with its parts.

    They are nearly Unicode's grapheme clusters. Stacked marks are cut after the twelfth code point, so that no text can
    cover others.
    """
    cluster = ""
    for character in text:
        if not _printable(character):
            continue
        if cluster and not _belongs(cluster, character):
            yield cluster
            cluster = ""
        if len(cluster) < _MAX_CODE_POINTS:
            cluster += character
    if cluster:
        yield cluster


def _printable(character: str) -> bool:
    return character == "\n" or not (unicodedata.category(character) == "Cc" or character in "\ufffe\uffff")


def _belongs(cluster: str, character: str) -> bool:
    if cluster == "\n" or character == "\n":
        return False
    if _flag(character):
        return len(cluster) == 1 and _flag(cluster)
    return _extends(character) or (cluster.endswith(_JOINER) and len(cluster) < _MAX_CODE_POINTS)


def _extends(character: str) -> bool:
    tone = "\U0001f3fb" <= character <= "\U0001f3ff"
    tag = "\U000e0020" <= character <= "\U000e007f"
    return character == _JOINER or tone or tag or unicodedata.category(character) in _MARKS


def _flag(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def address(username: str | None, video_id: str) -> str | None:
    """The video's page on TikTok; None unless name and id have TikTok's form, so that no link leads elsewhere."""
    if re.fullmatch(r"[A-Za-z0-9_.]{1,24}", username or "") and re.fullmatch(r"[0-9]{1,20}", video_id):
        return f"https://www.tiktok.com/@{username}/video/{video_id}"
    return None
