"""Separates the texts to be judged in a prompt from its instructions."""

import re
from collections.abc import Sequence

BLOCK = re.compile(r"^<<<(\w+)[ \t]*\r?\n(.*?)^\1>>>[ \t]*\r?$", re.MULTILINE | re.DOTALL)
INTRODUCTION = re.compile(r".*^[^\n]*:[ \t]*\r?$", re.MULTILINE | re.DOTALL)


def word_set(text: str) -> frozenset[str]:
    return frozenset(text.split())


USUAL_TEXTS = ("transcript", "description", "on-screen text", "caption")
"""The texts by which a video is usually judged, as named in the line above each."""

SPANISH = word_set("el la los las de del que y en un una por con para se su al lo es no como más pero")
ENGLISH = word_set("the of and to in a is that it for on with as was at be this are not from but")


def evidence(parts: Sequence[str]) -> str:
    """The text between `<<<MARK` and `MARK>>>` lines; without them, the text after the last line that ends with `:`.

    A block ends only at its own mark, so nothing inside it can close it early.
    """
    blocks = [block.group(2).removesuffix("\n") for part in parts for block in BLOCK.finditer(part)]
    if is_marked(parts):
        return "\n".join(blocks)
    return INTRODUCTION.sub("", "\n".join(parts), count=1).strip()


def instructions(parts: Sequence[str]) -> str:
    """The rest of the prompt."""
    if is_marked(parts):
        return "\n".join(BLOCK.sub("", part) for part in parts)
    whole = "\n".join(parts)
    introduced = INTRODUCTION.match(whole)
    return introduced.group(0) if introduced else whole


def missing(parts: Sequence[str]) -> list[str]:
    """The usual texts that the instructions do not announce; lines inside a text do not count."""
    lines = [line.strip().lower() for line in instructions(parts).splitlines()]
    return [name for name in USUAL_TEXTS if not any(line.startswith(f"{name}:") for line in lines)]


def is_marked(parts: Sequence[str]) -> bool:
    """Whether the texts to be judged are between marks."""
    return any(BLOCK.search(part) for part in parts)


def language(text: str) -> str:
    """`es` or `en`, whichever has more of its function words in the text; `und` if both have the same number."""
    words = re.findall(r"\w+", text.lower())
    spanish, english = (sum(word in known for word in words) for known in (SPANISH, ENGLISH))
    if spanish == english:
        return "und"
    return "es" if spanish > english else "en"
