"""Which words of a prompt are the thing to be judged, and which are only instructions."""

import re
from collections.abc import Sequence

BLOCK = re.compile(r"^<<<(\w+)[ \t]*\r?\n(.*?)^\1>>>[ \t]*\r?$", re.MULTILINE | re.DOTALL)
INTRODUCTION = re.compile(r".*^[^\n]*:[ \t]*\r?$", re.MULTILINE | re.DOTALL)


def word_set(text: str) -> frozenset[str]:
    return frozenset(text.split())


USUAL = ("transcript", "description", "on-screen text", "caption")
"""Texts by which a video is judged, as the line above each is wont to call it."""

SPANISH = word_set("el la los las de del que y en un una por con para se su al lo es no como más pero")
ENGLISH = word_set("the of and to in a is that it for on with as was at be this are not from but")


def evidence(parts: Sequence[str]) -> str:
    """The text between `<<<MARK` and `MARK>>>` lines; without any, what follows the last line that ends with `:`.

    A block ends at its own mark only, so nothing inside it can close it early.
    """
    blocks = [found.group(2).removesuffix("\n") for part in parts for found in BLOCK.finditer(part)]
    if is_marked(parts):
        return "\n".join(blocks)
    return INTRODUCTION.sub("", "\n".join(parts), count=1).strip()


def instructions(parts: Sequence[str]) -> str:
    """The rest: what the prompt says for itself."""
    if is_marked(parts):
        return "\n".join(BLOCK.sub("", part) for part in parts)
    whole = "\n".join(parts)
    introduced = INTRODUCTION.match(whole)
    return introduced.group(0) if introduced else whole


def missing(parts: Sequence[str]) -> list[str]:
    """The usual texts that no line of the prompt's own announces; a line inside a text announces nothing."""
    lines = [line.strip().lower() for line in instructions(parts).splitlines()]
    return [name for name in USUAL if not any(line.startswith(f"{name}:") for line in lines)]


def is_marked(parts: Sequence[str]) -> bool:
    """Whether what is to be judged stands between marks."""
    return any(BLOCK.search(part) for part in parts)


def language(text: str) -> str:
    """`es`, `en`, or `und` when neither's small words are in the majority."""
    words = re.findall(r"\w+", text.lower())
    spanish, english = (sum(word in known for word in words) for known in (SPANISH, ENGLISH))
    if spanish == english:
        return "und"
    return "es" if spanish > english else "en"
