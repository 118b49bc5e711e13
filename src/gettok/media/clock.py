"""The clock of a video: its zero is the moment at which a player begins to show it.

That is the earlier start of the pictures and the sound, after edit lists. Hidden pictures and the samples that a codec
needs to get going are not shown, so they do not count. An edit list in MP4, and the codec's delay in WebM and Matroska,
say which samples these are; a player then presents the rest at its time. Without either, a player presents them, too.
"""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from gettok.media.boxes import has_edit_list
from gettok.media.container import is_shown

#: If the file does not say which samples are not heard, those before the pictures are most likely those that a codec
#: needs to get going: up to two frames of AAC, and what muxers add by rounding.
_PRIMING_S = Fraction(1, 10)
#: Muxers round the times of either track to the millisecond.
_ROUNDING_S = Fraction(2, 1000)
#: No codec shows a picture later than so many after it in the file.
_MAX_REORDERED = 32
_SKIP_SAMPLES = "skip_samples"


@dataclass(frozen=True)
class Starts:
    """When the pictures and the sound start, in seconds of the file's own time; None for a track that is not there."""

    pictures: Fraction | None
    sound: Fraction | None
    is_exact: bool = False
    """Whether the file says which samples of the sound are not heard."""

    @property
    def zero(self) -> Fraction:
        """The moment of the file's own time at which the clock of the video is zero."""
        if self.pictures is None or self.sound is None:
            return self.pictures or self.sound or Fraction()
        slack = _ROUNDING_S if self.is_exact else _PRIMING_S
        return self.pictures if self.pictures - slack <= self.sound else self.sound


def read_starts(path: Path, container: Any, pictures: Any, sound: Any) -> Starts:
    """Read the packets of both streams, either of which may be None, until both have started; decodes nothing.

    The container is that of the file at this path.
    """
    shown, heard = PicturesStart(), SoundStart()
    streams = [stream for stream in (pictures, sound) if stream is not None]
    for packet in container.demux(streams) if streams else ():
        if packet.pts is not None:
            (shown if packet.stream is pictures else heard).add(packet)
        if (pictures is None or shown.is_known) and (sound is None or heard.time is not None):
            break
    return Starts(shown.time, heard.time, heard.is_trimmed or has_edit_list(path))


class SoundStart:
    """When the first sample is heard, from the packets of a sound in their order."""

    def __init__(self) -> None:
        self.time: Fraction | None = None
        self.is_trimmed = False
        """Whether the file says how many samples the decoder leaves out at the beginning; lossless codecs need none."""
        self._skipped_to: Fraction | None = None

    def add(self, packet: Any) -> None:
        if self.time is not None or packet.pts is None:
            return
        start = packet.pts * packet.time_base
        if self._skipped_to is None:
            self.is_trimmed = packet.has_sidedata(_SKIP_SAMPLES) or packet.stream.codec_context.codec.lossless
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
