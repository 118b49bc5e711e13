"""Where the members of a list are in a JSON text, so that some can be replaced and every other character stays."""

import json
import re
from collections.abc import Sequence
from typing import NamedTuple

from gettok.step import Json

_SPACE = re.compile(r"[ \t\n\r]*")
#: Numbers stay text: Python refuses to make an integer of thousands of digits.
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str)


class Element(NamedTuple):
    """A member of a list: its value, in which numbers are texts, and its first character and the one after its last."""

    value: Json
    start: int
    end: int


def elements_at(text: str, path: Sequence[str]) -> list[Element]:
    """The members of the list at `path`, a key for each level; none if there is no such list.

    An object that has a key twice has both members. Raises `ValueError` for text that is not JSON or nests too deeply.
    """
    found: list[Element] = []
    try:
        _walk(text, _after_space(text, 0), path, found)
    except RecursionError as error:
        raise ValueError("it nests too deeply") from error
    return found


def replaced(text: str, elements: Sequence[Element], by: Sequence[str]) -> str:
    """The text with these elements, in order, each replaced by another text."""
    parts, at = [], 0
    for element, new in zip(elements, by, strict=True):
        parts += [text[at : element.start], new]
        at = element.end
    return "".join([*parts, text[at:]])


def _walk(text: str, at: int, path: Sequence[str], found: list[Element]) -> int:
    """Read the value that begins at `at`; returns where it ends."""
    if path and text.startswith("{", at):
        return _walk_object(text, at, path, found)
    if not path and text.startswith("[", at):
        return _walk_list(text, at, found)
    _, end = _DECODER.raw_decode(text, at)
    return end


def _walk_object(text: str, at: int, path: Sequence[str], found: list[Element]) -> int:
    at = _after_space(text, at + 1)
    while not text.startswith("}", at):
        key, at = _DECODER.raw_decode(text, at)
        at = _after(text, ":", at)
        if key == path[0]:
            at = _walk(text, at, path[1:], found)
        else:
            _, at = _DECODER.raw_decode(text, at)
        at = _next(text, "}", at)
    return at + 1


def _walk_list(text: str, at: int, found: list[Element]) -> int:
    at = _after_space(text, at + 1)
    while not text.startswith("]", at):
        value, end = _DECODER.raw_decode(text, at)
        found.append(Element(value, at, end))
        at = _next(text, "]", end)
    return at + 1


def _next(text: str, closing: str, at: int) -> int:
    """Where the next member begins, or where the closing character is."""
    at = _after_space(text, at)
    return at if text.startswith(closing, at) else _after(text, ",", at)


def _after(text: str, character: str, at: int) -> int:
    at = _after_space(text, at)
    if not text.startswith(character, at):
        raise ValueError(f"there is no {character!r} at character {at}")
    return _after_space(text, at + 1)


def _after_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    assert match is not None, "it matches nothing, too"
    return match.end()
