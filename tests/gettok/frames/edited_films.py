"""Makes videos with several edits, as a program leaves them that cuts without encoding again."""

import struct
from collections.abc import Sequence
from pathlib import Path

import av
import media_files

_ENTRY = 12
_PARENTS = (b"moov", b"trak", b"edts")


def film(path: Path, *edits: tuple[float, float], gop: int = 250, pictures: int = 180) -> Path:
    """A video with only the pictures between these seconds, in this order; the file keeps all of them."""
    media_files.video(path, frames=pictures, sound=False, gop=gop, index_first=False)
    with av.open(str(path)) as file:
        unit = file.streams.video[0].time_base
    data = bytearray(path.read_bytes())
    (first,) = struct.unpack_from(">i", data, data.index(b"elst") + 16)
    path.write_bytes(_with_edits(data, [(e - s, first + int(s / unit)) for s, e in edits]))
    return path


def _with_edits(data: bytearray, edits: Sequence[tuple[float, int]]) -> bytearray:
    """The list has one entry and grows; the index lies behind the pictures, whose places stay."""
    entries = b"".join(struct.pack(">IiI", round(length * 1000), start, 1 << 16) for length, start in edits)
    place = data.index(b"elst")
    for parent in (*(data.index(kind) for kind in _PARENTS), place):
        (length,) = struct.unpack_from(">I", data, parent - 4)
        struct.pack_into(">I", data, parent - 4, length + len(entries) - _ENTRY)
    struct.pack_into(">I", data, place + 8, len(edits))
    data[place + 12 : place + 12 + _ENTRY] = entries
    return data
