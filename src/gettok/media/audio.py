"""The sound of a video's media, as speech recognition wants it: one channel, 16,000 samples a second."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gettok.errors import Unusable
from gettok.media.container import frames_of
from gettok.media.subprocess_decode import confined
from gettok.media.track import check_whole, opened_sound, resampled, sound_of
from gettok.store.blobs import full_disk_as_no_space

Sound = npt.NDArray[np.float32]
Samples = npt.NDArray[np.int16]

RATE_HZ = 16_000
_FULL_SCALE = np.float32(32_768)
_FLOOR_DB = -120.0
_BLOCK = 60 * RATE_HZ


@dataclass(frozen=True)
class Recording:
    """A decoded sound, which lies on the disk: only what is cut out of it takes memory."""

    samples: Samples

    @staticmethod
    def of(sound: Sound) -> "Recording":
        """A sound in memory."""
        return Recording(
            np.clip(np.round(sound * _FULL_SCALE), -_FULL_SCALE, _FULL_SCALE - 1).astype(np.int16)
        )

    @property
    def seconds(self) -> float:
        return self.samples.size / RATE_HZ

    def cut(self, start_s: float, end_s: float) -> Sound:
        """The samples from here to there, between -1 and 1."""
        return (
            self.samples[round(start_s * RATE_HZ) : round(end_s * RATE_HZ)].astype(np.float32) / _FULL_SCALE
        )

    def loudness_db(self) -> float:
        """`loudness_db` of all of it."""
        blocks = (self.samples[start : start + _BLOCK] for start in range(0, self.samples.size, _BLOCK))
        power = sum(float(np.square(block, dtype=np.float64).sum()) for block in blocks)
        return _decibels(power / float(_FULL_SCALE) ** 2, self.samples.size)


def record(path: Path | str, max_s: float) -> Recording:
    """Decode the first sound track of an MP4 or MP3 file in a child process.

    Raises `Unusable`: `no_audio`, `undecodable`, or `too_large` for more than `max_s` seconds. A damaged
    packet is passed over as every player does, until more than a second is missing.
    """
    with (
        full_disk_as_no_space(Path(tempfile.gettempdir())),
        tempfile.NamedTemporaryFile(suffix=".pcm") as file,
    ):
        confined(write_samples, Path(path).absolute(), Path(file.name), max_s)
        # the mapping keeps the bytes for as long as they are used; the name goes at once
        return Recording(np.memmap(file.name, np.int16, "r"))


def write_samples(path: Path, to: Path, max_s: float) -> None:
    """The same in this process: raw samples, whole numbers of 16 bits, into the file `to`."""
    samples = 0
    with opened_sound(path) as container, to.open("wb") as file:
        stream = sound_of(container)
        frames = resampled(frames_of(container.demux(stream)), "s16", "mono", RATE_HZ)
        for piece in _up_to(max_s, (frame.to_ndarray()[0] for frame in frames)):
            samples += piece.size
            file.write(piece.tobytes())
        check_whole(container, stream, samples / RATE_HZ)
    if not samples:
        raise Unusable("no_audio", "the sound track is empty")


def seconds(sound: Sound) -> float:
    return sound.size / RATE_HZ


def loudness_db(sound: Sound) -> float:
    """Root mean square against full scale, in dB; digital silence and no sound at all are -120."""
    return _decibels(float(np.square(sound, dtype=np.float64).sum()), sound.size)


def _decibels(power: float, samples: int) -> float:
    return max(10 * float(np.log10(power / samples)), _FLOOR_DB) if power else _FLOOR_DB


def _up_to(max_s: float, pieces: Iterator[Samples]) -> Iterator[Samples]:
    samples = 0
    for piece in pieces:
        samples += piece.size
        if samples > max_s * RATE_HZ:
            raise Unusable("too_large", f"its sound is longer than {max_s:g} s")
        yield piece
