"""The clock of a video: its zero is the moment at which a player begins to show it.

That is the earlier start of the pictures and the sound, after edit lists. Hidden pictures and the samples that a codec
needs to get going are not shown, so they do not count.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from gettok.media.container import is_shown

#: If no edit list hides them, the samples before the pictures are most likely those that a codec needs to get going:
#: up to two frames of AAC, and what muxers add by rounding.
_PRIMING_S = Fraction(1, 10)
#: No codec shows a picture later than so many after it in the file.
_MAX_REORDERED = 32
_SKIP_SAMPLES = "skip_samples"


@dataclass(frozen=True)
class Starts:
    """When the pictures and the sound start, in seconds of the file's own time; None for a track that is not there."""

    pictures: Fraction | None
    sound: Fraction | None

    @property
    def zero(self) -> Fraction:
        """The moment of the file's own time at which the clock of the video is zero."""
        if self.pictures is None or self.sound is None:
            return self.pictures or self.sound or Fraction()
        is_primed = self.pictures - _PRIMING_S <= self.sound
        return self.pictures if is_primed else self.sound


def read_starts(container: Any, pictures: Any, sound: Any) -> Starts:
    """Read the packets of both streams, either of which may be None, until both have started; decodes nothing."""
    shown, heard = PicturesStart(), SoundStart()
    streams = [stream for stream in (pictures, sound) if stream is not None]
    for packet in container.demux(streams) if streams else ():
        if packet.pts is not None:
            (shown if packet.stream is pictures else heard).add(packet)
        if (pictures is None or shown.is_known) and (sound is None or heard.time is not None):
            break
    return Starts(shown.time, heard.time)


class SoundStart:
    """When the first sample is heard, from the packets of a sound in their order."""

    def __init__(self) -> None:
        self.time: Fraction | None = None
        self._skipped_to: Fraction | None = None

    def add(self, packet: Any) -> None:
        if self.time is not None or packet.pts is None:
            return
        start = packet.pts * packet.time_base
        if self._skipped_to is None:
            self._skipped_to = start + _skipped(packet)
        if not packet.is_discard:
            self.time = max(start, self._skipped_to)


class PicturesStart:
    """When the first picture is shown, from the packets of the pictures in file order."""

    def __init__(self) -> None:
        self._key: int | None = None
        self._times: list[int] = []
        self._unit = Fraction(1)

    def add(self, packet: Any) -> None:
        """Pictures before the first key frame do not decode."""
        if packet.is_keyframe and self._key is None:
            self._key, self._unit = packet.pts, packet.time_base
        if self._key is not None and is_shown(packet) and packet.pts >= self._key:
            self._times.append(packet.pts)

    @property
    def is_known(self) -> bool:
        return len(self._times) > _MAX_REORDERED

    @property
    def time(self) -> Fraction | None:
        return min(self._times) * self._unit if self._times else None


def _skipped(packet: Any) -> Fraction:
    """Seconds of the samples that the decoder leaves out, by a number in the packet's side data."""
    if not packet.has_sidedata(_SKIP_SAMPLES):
        return Fraction()
    samples = int.from_bytes(bytes(packet.get_sidedata(_SKIP_SAMPLES))[:4], "little")
    return Fraction(samples, packet.stream.codec_context.sample_rate)
