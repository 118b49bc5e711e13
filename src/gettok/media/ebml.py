"""Walks the elements of a WebM or Matroska file (RFC 8794, RFC 9559), as far as it takes to see that all are there."""

from pathlib import Path
from typing import BinaryIO

from gettok.errors import Unusable

_SEGMENT, _CLUSTER = 0x18538067, 0x1F43B675
_MAX_ID_BYTES, _MAX_SIZE_BYTES = 4, 8


def check_elements(path: Path) -> None:
    """Raises `Unusable` if an element reaches beyond the end of the file: truncated.

    A browser's recorder writes segments and clusters without a size, so what is inside those is walked as well. If
    such a file is cut exactly between two elements, nothing shows it.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        offset = 0
        while offset < size and (length := _element_length(file, offset)):
            offset += length
    if offset > size:
        raise Unusable("truncated", f"{size} bytes of at least {offset}")


def _element_length(file: BinaryIO, offset: int) -> int:
    """Bytes of the element at `offset`, of its header alone if it has no size; 0 where there is no element."""
    file.seek(offset)
    head = file.read(_MAX_ID_BYTES + _MAX_SIZE_BYTES)
    id_bytes = _vint_bytes(head[:1])
    size_bytes = _vint_bytes(head[id_bytes : id_bytes + 1])
    if not 0 < id_bytes <= _MAX_ID_BYTES:
        return 0
    header = id_bytes + (size_bytes or 1)
    if len(head) < header:
        return header
    if not size_bytes:
        return 0
    unknown = (1 << 7 * size_bytes) - 1
    length = int.from_bytes(head[id_bytes:header]) & unknown
    if length != unknown:
        return header + length
    return header if int.from_bytes(head[:id_bytes]) in (_SEGMENT, _CLUSTER) else 0


def _vint_bytes(first: bytes) -> int:
    """The length of a variable-size integer by its first byte; 0 if there is none."""
    return 9 - first[0].bit_length() if first and first[0] else 0
