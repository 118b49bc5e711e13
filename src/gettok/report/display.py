"""Texts of strangers, made fit to be looked at. The tables keep them exact."""

import re
import unicodedata
from collections.abc import Iterator

_MARKS = frozenset({"Mn", "Mc", "Me"})
_LONGEST = (
    12  # code points in one visible character: a family emoji has 7 to 11, a pile of accents any number
)
_JOINER = "\u200d"
_TURNS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def shown(text: str | None, limit: int) -> str:
    """At most `limit` visible characters, with an ellipsis when there are more, and no control characters."""
    kept: list[str] = []
    for character in _visible(text or ""):
        if len(kept) == limit:
            return "".join(kept).rstrip() + "…"
        kept.append(character)
    return "".join(kept)


def label(text: str, limit: int) -> str:
    """The same for a text in a figure, on one line and without signs that turn the direction of writing."""
    return shown(" ".join("".join(c for c in text if c not in _TURNS).split()), limit)


def _visible(text: str) -> Iterator[str]:
    """What a reader takes for one character at a time: a letter with its marks, an emoji with its parts.

    Nearly Unicode's grapheme clusters. A pile of marks is cut after the twelfth, so that no text can cover others.
    """
    cluster = ""
    for character in text:
        if not _printable(character):
            continue
        if cluster and not _belongs(cluster, character):
            yield cluster
            cluster = ""
        if len(cluster) < _LONGEST:
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
    return _extends(character) or (cluster.endswith(_JOINER) and len(cluster) < _LONGEST)


def _extends(character: str) -> bool:
    tone = "\U0001f3fb" <= character <= "\U0001f3ff"
    tag = "\U000e0020" <= character <= "\U000e007f"
    return character == _JOINER or tone or tag or unicodedata.category(character) in _MARKS


def _flag(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def address(username: str | None, video_id: str) -> str | None:
    """The video's page on TikTok; None unless name and id are what TikTok gives out, so a link leads nowhere else."""
    if re.fullmatch(r"[A-Za-z0-9_.]{1,24}", username or "") and re.fullmatch(r"[0-9]{1,20}", video_id):
        return f"https://www.tiktok.com/@{username}/video/{video_id}"
    return None
