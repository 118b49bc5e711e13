"""Decodes the sound of a video's media for speech recognition: one channel, 16,000 samples a second."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gettok.errors import Unusable
from gettok.media.audio_track import opened_sound, sound_stream, taken_sound
from gettok.media.clock import read_starts
from gettok.media.container import picture_stream
from gettok.media.sound_packets import SoundPackets
from gettok.media.subprocess_decode import run_in_subprocess
from gettok.media.timeline import Timeline, to_int16
from gettok.store.blobs import full_disk_as_no_space

Sound = npt.NDArray[np.float32]
Samples = npt.NDArray[np.int16]

RATE_HZ = 16_000
_FULL_SCALE = np.float32(32_768)
_FLOOR_DB = -120.0
_BLOCK = 60 * RATE_HZ


@dataclass(frozen=True)
class Recording:
    """A decoded sound that is kept on disk: only the parts that are cut out of it take memory.

    Its times are those of the video's clock: it begins with silence if the sound begins after the pictures.
    """

    samples: Samples

    @staticmethod
    def of(sound: Sound) -> "Recording":
        """A recording of samples that are in memory."""
        return Recording(to_int16(sound))

    @property
    def seconds(self) -> float:
        return self.samples.size / RATE_HZ

    def cut(self, start_s: float, end_s: float) -> Sound:
        """The samples between two times, as numbers from -1 to 1."""
        return (
            self.samples[round(start_s * RATE_HZ) : round(end_s * RATE_HZ)].astype(np.float32) / _FULL_SCALE
        )

    def loudness_db(self) -> float:
        """`loudness_db` of the whole recording."""
        blocks = (self.samples[start : start + _BLOCK] for start in range(0, self.samples.size, _BLOCK))
        power = sum(float(np.square(block, dtype=np.float64).sum()) for block in blocks)
        return _decibels(power / float(_FULL_SCALE) ** 2, self.samples.size)


def decode_audio(path: Path | str, max_s: float) -> Recording:
    """Decode the taken sound track of a file in a child process.

    Raises `Unusable`: `no_audio`, `undecodable`, or `too_large` for more than `max_s` seconds. Damaged packets are
    replaced by silence, until more than a second is missing; a pause in the times is silence and nothing is missing.
    """
    with (
        full_disk_as_no_space(Path(tempfile.gettempdir())),
        tempfile.NamedTemporaryFile(suffix=".pcm") as file,
    ):
        run_in_subprocess(write_samples, Path(path).absolute(), Path(file.name), max_s)
        # the mapping keeps the bytes while they are used; the file's name is deleted at once
        return Recording(np.memmap(file.name, np.int16, "r"))


def write_samples(path: Path, to: Path, max_s: float) -> None:
    """`decode_audio` in this process: write the samples as 16-bit integers to the file `to`."""
    with opened_sound(path) as container:
        number = taken_sound(container, path)
        starts = read_starts(container, picture_stream(container), container.streams.audio[number])
    with opened_sound(path) as container, to.open("wb") as file:
        packets = SoundPackets(container, sound_stream(container, number))
        timeline = Timeline(file, RATE_HZ, starts.zero, max_s)
        timeline.write(packets.decoded())
        packets.check_complete()
    if not timeline.samples:
        raise Unusable("no_audio", "the sound track is empty")


def seconds(sound: Sound) -> float:
    return sound.size / RATE_HZ


def loudness_db(sound: Sound) -> float:
    """Root mean square relative to full scale, in dB; -120 for digital silence and for no samples."""
    return _decibels(float(np.square(sound, dtype=np.float64).sum()), sound.size)


def _decibels(power: float, samples: int) -> float:
    return max(10 * float(np.log10(power / samples)), _FLOOR_DB) if power else _FLOOR_DB
