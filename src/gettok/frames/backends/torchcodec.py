"""Decodes pictures by index with torchcodec."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from torchcodec.decoders import VideoDecoder

from gettok.frames.backend import DecodedPicture, Untrusted, batches, encode
from gettok.frames.jpeg import Encoder, Jpeg
from gettok.frames.timetable import Timetable


def decode(path: Path, timetable: Timetable, indices: Sequence[int], encoder: Encoder) -> Iterator[Jpeg]:
    return encode(path, read(path, timetable, indices), timetable, indices, encoder)


def read(path: Path, timetable: Timetable, indices: Sequence[int]) -> Iterator[DecodedPicture]:
    if not timetable.is_plain:
        raise Untrusted("an edit list or an open GOP")
    try:
        decoder = VideoDecoder(str(path.resolve()), dimension_order="NHWC", num_ffmpeg_threads=1)
        for batch in batches(indices):
            frames = decoder.get_frames_at(batch)
            yield from map(DecodedPicture, frames.pts_seconds.tolist(), frames.data.numpy())
    except (RuntimeError, IndexError, ValueError) as error:
        raise Untrusted("torchcodec fails") from error
