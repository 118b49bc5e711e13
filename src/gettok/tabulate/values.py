"""How one value of an answer is read: as its documented type, or not at all. Nothing is guessed and nothing is lost.

Each function returns the value for its column, or raises `WrongType` (not of the documented type) or `Mended` (a text
that UTF-8 cannot hold as received).
"""

import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import NoneType
from typing import Any, NoReturn, TypeAlias

from gettok.step import Json

ReadValue: TypeAlias = Callable[[Json], Any]
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
#: Years 1 to 9999, in Unix seconds.
_FIRST_S, _LAST_S = -62_135_596_800, 253_402_300_799
#: Nesting of lists and objects; what the API documents has three levels. Far beyond this, Python's recursion ends.
_MAX_DEPTH = 50
_NESTED = (dict, list)
#: Combining classes of accents: across a letter (1), and above or below it (200 and more). Those between belong to
#: scripts in which a mark makes another letter (Japanese voicing, Hebrew and Arabic vowels, Thai tones, Indic viramas).
_ACROSS, _FIRST_ACCENT = 1, 200


@dataclass(frozen=True)
class InvalidNumber:
    """A number that neither JSON nor a column can hold, as it was written."""

    written: str


class DuplicateField(dict[str, Json]):
    """An object that has a field twice, so that its value is ambiguous; it cannot be written as JSON."""

    def items(self) -> NoReturn:
        raise InvalidObject("it has a field twice")


class WrongType(Exception):
    """A value is not of the documented type."""


class Mended(Exception):
    """A text had lone surrogates; `value` has U+FFFD in their place."""

    def __init__(self, value: Json) -> None:
        super().__init__()
        self.value = value


class InvalidObject(ValueError):
    """An object cannot be written as received: it nests too deeply, or has a field twice."""


def number(value: Json) -> int:
    if type(value) is str and len(value) < 20 and value.isascii() and value.isdigit():
        value = int(value)
    if type(value) is int and -(2**63) <= value < 2**63:
        return value
    raise WrongType


def identity(value: Json) -> str:
    """Ids stay text: a float rounds them, and the documentation's own examples exceed 63 bits."""
    if type(value) is int and 0 <= value < 10**20:
        return str(value)
    if type(value) is str and len(value) <= 20 and value.isascii() and value.isdigit():
        return value
    raise WrongType


def identity_or_none(value: Json) -> str | None:
    """The id, or None for a value of another type."""
    try:
        return identity(value)
    except WrongType:
        return None


def text(value: Json) -> str:
    if type(value) is not str:
        raise WrongType
    if value.isascii():
        return value
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Mended(mended(value)) from None
    return value


def mended(value: str) -> str:
    """The text with U+FFFD for each lone surrogate."""
    return _LONE_SURROGATE.sub("\ufffd", value)


def texts(value: Json) -> list[str]:
    if type(value) is not list:
        raise WrongType
    try:
        "".join(value).encode()
    except TypeError:
        raise WrongType from None
    except UnicodeEncodeError:
        raise Mended([mended(part) for part in value]) from None
    return value


def flag(value: Json) -> bool:
    if type(value) is not bool:
        raise WrongType
    return value


def time(value: Json) -> int:
    """Unix seconds that a calendar can hold, as microseconds."""
    seconds = number(value)
    if not _FIRST_S <= seconds <= _LAST_S:
        raise WrongType
    return seconds * 1_000_000


def verbatim(value: Json) -> str:
    """The value as JSON in ASCII, with keys sorted: the same value gives the same text, lone surrogates and all."""
    try:
        written = _encoder.encode(value)
    except RecursionError:
        raise _too_deep() from None
    if isinstance(value, _NESTED) and written.count("[") + written.count("{") > _MAX_DEPTH:
        _check_depth(value, _MAX_DEPTH)
    return written


def _check_depth(value: Json, left: int) -> None:
    if not left:
        raise _too_deep()
    for part in value if type(value) is list else value.values():
        if isinstance(part, _NESTED):
            _check_depth(part, left - 1)


def _too_deep() -> InvalidObject:
    return InvalidObject(f"its lists and objects nest more than {_MAX_DEPTH} deep")


def _written(number: InvalidNumber) -> str:
    return number.written


_encoder = json.JSONEncoder(sort_keys=True, ensure_ascii=True, check_circular=False, default=_written)


def read_all(read: ReadValue, column: list[Json]) -> list[Any]:
    """The values of a column of what was received, by `read`; None stays. Raises if one cannot be read as it is."""
    found = set(map(type, column)) - {NoneType}
    if not found or (read in _AT_ONCE and found == {_AT_ONCE[read][0]} and _AT_ONCE[read][1](column)):
        return column
    return [None if value is None else read(value) for value in column]


def _are_whole(texts: list[Any]) -> bool:
    try:
        "".join(filter(None, texts)).encode()
    except UnicodeEncodeError:
        return False
    return True


def _fit(numbers: list[Any]) -> bool:
    return -(2**63) <= min(filter(None, numbers), default=0) <= max(filter(None, numbers), default=0) < 2**63


#: Columns of one type whose values are read as they are, if all are as the test wants them.
_AT_ONCE: Mapping[ReadValue, tuple[type, Callable[[list[Any]], bool]]] = {
    text: (str, _are_whole),
    number: (int, _fit),
    flag: (bool, lambda _: True),
}


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
