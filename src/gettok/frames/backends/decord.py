"""Decodes pictures by index with decord."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import decord

from gettok.frames.backend import DecodedPicture, Untrusted, batches, encode
from gettok.frames.jpeg import Encoder, Jpeg
from gettok.frames.timetable import Timetable


def decode(path: Path, timetable: Timetable, indices: Sequence[int], encoder: Encoder) -> Iterator[Jpeg]:
    return encode(path, read(path, timetable, indices), timetable, indices, encoder)


def read(path: Path, timetable: Timetable, indices: Sequence[int]) -> Iterator[DecodedPicture]:
    if not timetable.is_plain:
        raise Untrusted("an edit list or an open GOP")
    decord.logging.set_level(decord.logging.QUIET)
    try:
        reader = decord.VideoReader(str(path.resolve()), ctx=decord.cpu(0), num_threads=1)
        if len(reader) < len(timetable.times):
            raise Untrusted(f"{len(reader)} of {len(timetable.times)} pictures")
        for batch in batches(indices):
            times = reader.get_frame_timestamp(batch)[:, 0]
            yield from map(DecodedPicture, times.tolist(), reader.get_batch(batch).asnumpy())
    except (decord.DECORDError, RuntimeError) as error:
        raise Untrusted("decord fails") from error
