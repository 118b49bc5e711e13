"""Decodes the packets of one sound track, and notes how much of it decodes. Runs in a child process."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av

from gettok.errors import Unusable
from gettok.media.clock import SoundStart
from gettok.media.container import declared_s

#: A second may be missing: players skip damaged packets too.
_MAX_LOST_S = 1
#: A packet that is followed by a pause may be declared to last until the next; none has more sound than this.
_MAX_PACKET_S = Fraction(1, 5)
#: Sound that comes so much later has wrong times, and does not make its video longer.
_MAX_PAUSE_S = 3600


class SoundPackets:
    """The packets of a sound stream that is open for decoding. Time that no packet covers is a pause, and not lost."""

    def __init__(self, container: Any, stream: Any) -> None:
        self._container, self._stream = container, stream
        self._start = SoundStart()
        self._max_packet = round(_MAX_PACKET_S / stream.time_base)
        self._max_pause = round(_MAX_PAUSE_S / stream.time_base)
        # in the stream's time base: fractions are slow
        self._first: int | None = None
        self._last = self._lost = 0
        self._last_frame: tuple[int, Fraction] | None = None

    def decoded(self) -> Iterator[Any]:
        """The frames that decode, and None for each packet that is lost, which is counted."""
        for packet in self._container.demux(self._stream):
            self._note(packet)
            try:
                frames = packet.decode()
            except MemoryError:
                raise
            except av.FFmpegError:  # decoders report damage by many codes: AAC by EPERM
                frames = []
            if not frames and packet.size and not packet.is_discard:
                self._lost += min(packet.duration or 0, self._max_packet)
                yield None
            for frame in frames:
                self._note_frame(frame)
                yield frame

    @property
    def start(self) -> Fraction | None:
        """When the first sample is heard, in seconds of the file's own time; None if there is none."""
        return self._start.time

    @property
    def is_trimmed(self) -> bool:
        """Whether the file says how many samples at the beginning are not heard."""
        return self._start.is_trimmed

    @property
    def end(self) -> Fraction:
        """When the sound ends: a last packet may have samples that are not played, or be declared to last too long."""
        if self._last_frame is None:
            return self.start or Fraction()
        unit: Fraction = self._stream.time_base
        pts, length = self._last_frame
        return max(self.start or Fraction(), min(self._last * unit, pts * unit + length))

    def check_complete(self) -> None:
        """Raises `Unusable` if more than a second of packets is damaged, or missing at the end: undecodable."""
        unit = self._stream.time_base
        there = (self._last - (self._first or 0)) * unit
        declared = max(declared_s(self._container, self._stream), there)
        missing = declared - there + self._lost * unit
        if missing > _MAX_LOST_S:
            heard = float(declared - missing)
            raise Unusable("undecodable", f"{heard:.1f} of {float(declared):.1f} s of sound decode")

    def _note_frame(self, frame: Any) -> None:
        if frame.pts is None:
            return
        last, _ = self._last_frame or (frame.pts, None)
        if last <= frame.pts <= last + self._max_pause:
            self._last_frame = frame.pts, Fraction(frame.samples, frame.sample_rate)

    def _note(self, packet: Any) -> None:
        if packet.pts is None:
            return
        self._start.add(packet)
        if not packet.is_discard:
            self._first = packet.pts if self._first is None else self._first
            self._last = max(self._last, packet.pts + (packet.duration or 0))
