"""Lays decoded sound out on the clock of its video, and writes it to a file."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import chain, groupby
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from gettok.errors import Unusable
from gettok.media.audio_track import form_of, resampled
from gettok.media.downmix import BLOCK, to_mono
from gettok.media.recording import to_int16

#: Times that files give differ so much from the count of samples without a pause: they are rounded, and clocks drift.
_JITTER_S = 0.04
#: Sound that is to be heard again so much earlier has wrong times; less is an overlap, which is cut.
_MAX_OVERLAP_S = 1


class Timeline:
    """Writes 16-bit samples, with silence where the times of the sound leave some out.

    `zero` is the clock's zero in the file's own time. Times that go far back, or beyond `max_s`, are wrong: that sound
    follows the one before it. Raises `Unusable` for more than `max_s` seconds: too_large.
    """

    def __init__(self, file: BinaryIO, rate: int, zero: Fraction, max_s: float) -> None:
        self._file, self._rate, self._zero, self._max_s = file, rate, zero, max_s
        self._length = 0
        self.samples = 0
        """Samples that were decoded and are not before the zero; silence that was filled in does not count."""

    def write(self, frames: Iterator[Any]) -> None:
        """Write the frames; None is a packet that was lost, after which the times count to the sample."""
        for _, run in groupby(frames, _RunNumber()):
            self._write_run(run)

    def _write_run(self, run: Iterator[Any]) -> None:
        """Frames of one form that follow each other without a gap."""
        first = next(run)
        if first is None:
            return
        names = [channel.name for channel in first.layout.channels]
        overlap = self._begin(None if first.pts is None else first.pts * first.time_base)
        # not planar: PyAV 18.1 crashes on eight planes
        same_rate = resampled(chain([first], run), "flt", first.layout.name, self._rate, BLOCK)
        channels = (_numbers(frame).reshape(-1, len(names)).T for frame in same_rate)
        for block in to_mono(channels, names):
            self._append(block[overlap:])
            overlap = max(0, overlap - block.size)

    def _begin(self, start: Fraction | None) -> int:
        """Fill up with silence to the start; returns how many samples are there already."""
        late = 0 if start is None else round((start - self._zero) * self._rate) - self._length
        if late < -_MAX_OVERLAP_S * self._rate or self._length + late > self._max_s * self._rate:
            late = 0
        if late > 0:
            self._length += late
            self._file.truncate(2 * self._length)  # without blocks on the disk
            self._file.seek(2 * self._length)
        return max(0, -late)

    def _append(self, block: npt.NDArray[np.float32]) -> None:
        self.samples += block.size
        self._length += block.size
        if self._length > self._max_s * self._rate:
            raise Unusable("too_large", f"its sound is longer than {self._max_s:g} s")
        self._file.write(to_int16(block).tobytes())


class _RunNumber:
    """Numbers the runs of frames in which neither the form changes nor the time jumps, and no packet is lost."""

    def __init__(self) -> None:
        self._number = 0
        self._form: tuple[str, str, int] | None = None
        self._start_s: float | None = None
        self._samples = 0

    def __call__(self, frame: Any) -> int:
        if frame is None:
            self._number += self._form is not None
            self._form = None
            return self._number
        form = form_of(frame)
        if form != self._form or self._jumps(frame):
            self._number += 1
            self._form, self._start_s, self._samples = form, frame.time, 0
        self._samples += frame.samples
        return self._number

    def _jumps(self, frame: Any) -> bool:
        if frame.time is None or self._start_s is None:
            return False
        expected_s = self._start_s + self._samples / int(frame.sample_rate)
        return abs(expected_s - float(frame.time)) > _JITTER_S


def _numbers(frame: Any) -> npt.NDArray[np.float32]:
    """Samples in floating point may be no number or infinite."""
    samples: npt.NDArray[np.float32] = np.nan_to_num(frame.to_ndarray(), posinf=1, neginf=-1)
    return samples
