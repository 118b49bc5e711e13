"""A decoded sound: one channel, 16,000 samples a second."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

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


def to_int16(sound: Sound) -> Samples:
    """Samples from -1 to 1 as integers; louder ones are clipped."""
    return np.clip(np.round(sound * _FULL_SCALE), -_FULL_SCALE, _FULL_SCALE - 1).astype(np.int16)


def seconds(sound: Sound) -> float:
    return sound.size / RATE_HZ


def loudness_db(sound: Sound) -> float:
    """Root mean square relative to full scale, in dB; -120 for digital silence and for no samples."""
    return _decibels(float(np.square(sound, dtype=np.float64).sum()), sound.size)


def _decibels(power: float, samples: int) -> float:
    return max(10 * float(np.log10(power / samples)), _FLOOR_DB) if power else _FLOOR_DB
