"""Walks the boxes of an MP4 or QuickTime file (ISO/IEC 14496-12), each of which says its length and its kind."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from gettok.errors import Unusable

_HEADER = 8
_LONG_HEADER = 16
_TOP = frozenset(
    (b"ftyp", b"moov", b"mdat", b"moof", b"free", b"skip", b"wide", b"uuid", b"sidx", b"meta", b"pnot")
)
_EDIT_LIST = (b"moov", b"trak", b"edts", b"elst")


class _Box(NamedTuple):
    kind: bytes
    content: int
    """Where its content begins."""
    end: int


def check_boxes(path: Path) -> None:
    """Raises `Unusable` if a box at the top reaches beyond the end of the file: truncated."""
    size = path.stat().st_size
    with path.open("rb") as file:
        for box in _boxes(file, 0, size):
            if box.kind not in _TOP:
                return
            if box.end > size:
                raise Unusable("truncated", f"{size} bytes of at least {box.end}")


def has_edit_list(path: Path) -> bool:
    """Whether a track says by an edit list which of its samples are presented, and when."""
    with path.open("rb") as file:
        return _has(file, 0, path.stat().st_size, _EDIT_LIST)


def _has(file: BinaryIO, start: int, end: int, kinds: tuple[bytes, ...]) -> bool:
    """Whether there is a box of the first kind here, with one of the second in it, and so on."""
    if not kinds:
        return True
    return any(
        box.kind == kinds[0] and _has(file, box.content, min(box.end, end), kinds[1:])
        for box in _boxes(file, start, end)
    )


def _boxes(file: BinaryIO, start: int, end: int) -> Iterator[_Box]:
    """The boxes that begin between two places; the last one may end later."""
    while start + _HEADER <= end:
        box = _box(file, start, end)
        if box.end < box.content:
            return
        yield box
        start = box.end


def _box(file: BinaryIO, start: int, end: int) -> _Box:
    """A length of 1 is followed by a longer one, and 0 means up to the end."""
    file.seek(start)
    header = file.read(_LONG_HEADER)
    length, kind = int.from_bytes(header[:4]), header[4:8]
    if length == 1:
        return _Box(kind, start + _LONG_HEADER, start + int.from_bytes(header[8:]))
    return _Box(kind, start + _HEADER, start + length if length else end)
