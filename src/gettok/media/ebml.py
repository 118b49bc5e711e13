"""Walks the elements of a WebM or Matroska file (RFC 8794, RFC 9559): FFmpeg passes over those that are damaged."""

import mmap
from pathlib import Path
from typing import BinaryIO, NamedTuple

from gettok.errors import Unusable

_SEGMENT, _CLUSTER = 0x18538067, 0x1F43B675
_MAX_ID_BYTES, _MAX_SIZE_BYTES = 4, 8
_BLOCK = 1 << 20


class _Element(NamedTuple):
    kind: int
    content: int
    """Where its content begins."""
    end: int | None
    """None for an element whose size was not known when it was begun."""


def check_elements(path: Path) -> None:
    """Raises `Unusable` if an element reaches beyond the end of the file (truncated) or is none (undecodable).

    Segments and clusters are walked inside; a browser's recorder writes both without a size. If such a file is cut
    exactly between two elements, nothing shows it, and neither do zeros up to its end, as of a disk that was reserved.
    What follows the segment does not matter, unless it is a second one: FFmpeg reads both, at the same times.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        offset, end = 0, size
        has_segment = False
        while offset < end:
            element = _element(file, offset)
            if max(element.content, element.end or 0) > size:
                raise Unusable("truncated", f"{size} bytes of at least {element.end or element.content}")
            if element.kind == _SEGMENT:
                end = element.end or size
                _refuse_second(file, element.end or size, has_one=has_segment)
                has_segment = True
            if element.kind in (_SEGMENT, _CLUSTER):
                offset = element.content
            elif element.end is not None:
                offset = element.end
            elif has_segment and _are_zeros(file, offset):
                return
            else:
                raise Unusable("undecodable", f"damaged at byte {offset} of {size}")


def _refuse_second(file: BinaryIO, end: int, *, has_one: bool) -> None:
    """Raises `Unusable` if the file has a segment already, or a second one somewhere behind the end of this one."""
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        if has_one or any(content.find(kind.to_bytes(4), end) >= 0 for kind in (_SEGMENT, _CLUSTER)):
            raise Unusable("undecodable", "a second segment, which players do not play")


def _are_zeros(file: BinaryIO, offset: int) -> bool:
    """Whether nothing but zeros follows."""
    file.seek(offset)
    return not any(block.strip(b"\0") for block in iter(lambda: file.read(_BLOCK), b""))


def _element(file: BinaryIO, offset: int) -> _Element:
    file.seek(offset)
    head = file.read(_MAX_ID_BYTES + _MAX_SIZE_BYTES)
    id_bytes = _vint_bytes(head)
    size_bytes = _vint_bytes(head[id_bytes:])
    content = offset + id_bytes + size_bytes
    if id_bytes > _MAX_ID_BYTES:
        return _Element(0, offset, None)
    unknown = (1 << 7 * size_bytes) - 1
    length = int.from_bytes(head[id_bytes : id_bytes + size_bytes]) & unknown
    return _Element(int.from_bytes(head[:id_bytes]), content, None if length == unknown else content + length)


def _vint_bytes(data: bytes) -> int:
    """The length of the variable-size integer that begins here: its first byte has a zero bit for each byte more."""
    return 9 - data[0].bit_length() if data else 1
