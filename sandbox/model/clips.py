"""Decodes the videos and sounds of a request: their length, pictures of a video, and the samples of a sound."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

MOST_SEEN = 8
"""The pictures of a video that the model looks at: the first, the last, and others evenly between."""
RATE_HZ = 16_000


@dataclass(frozen=True, slots=True)
class Length:
    pictures: int
    sound_s: float


@lru_cache(maxsize=64)
def length_of(content: bytes) -> Length:
    """How many pictures and seconds of sound there are, by decoding them all; ValueError if that fails."""
    with _opened(content) as file:
        pictures = sum(1 for _ in file.decode(video=0)) if file.streams.video else 0
    samples = samples_of(content)
    return Length(pictures, 0.0 if samples is None else samples.size / RATE_HZ)


def pictures_of(video: bytes) -> list[bytes]:
    """At most `MOST_SEEN` pictures as PNG; ValueError if the video does not decode."""
    with _opened(video) as file:
        if not file.streams.video:
            raise ValueError("it has no pictures")
        frames = list(file.decode(video=0))
    if not frames:
        raise ValueError("it has no pictures")
    last, most = len(frames) - 1, min(MOST_SEEN, len(frames))
    chosen = sorted({round(place * last / max(1, most - 1)) for place in range(most)})
    return [_png(frames[place]) for place in chosen]


def samples_of(content: bytes) -> Any:
    """The sound as an array of one channel at 16 kHz, from -1 to 1; None if there is none."""
    import av  # noqa: PLC0415 - the server must start quickly
    import numpy as np  # noqa: PLC0415

    with _opened(content) as file:
        if not file.streams.audio:
            return None
        resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE_HZ)
        parts = [
            part.to_ndarray()[0]
            for frame in (*file.decode(audio=0), None)
            for part in resampler.resample(frame)
        ]
    return np.concatenate(parts) if parts else None


def _png(frame: Any) -> bytes:
    buffer = io.BytesIO()
    frame.to_image().save(buffer, "PNG")
    return buffer.getvalue()


@contextmanager
def _opened(content: bytes) -> Iterator[Any]:
    import av  # noqa: PLC0415 - the server must start quickly

    try:
        with av.open(io.BytesIO(content)) as file:
            yield file
    except av.FFmpegError as error:
        raise ValueError(str(error.strerror)) from error
