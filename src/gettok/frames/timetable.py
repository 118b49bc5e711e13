"""Reads when a file shows its pictures from its packets, without decoding any."""

from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import av

from gettok.errors import Unusable
from gettok.media.container import check_structure, is_shown, opened, undecodable, video_stream

#: Bytes of the length field before each unit of an HEVC packet; nearly every MP4 has four.
_PREFIX = 4
_FIRST_PARAMETER_SET = 32


@dataclass(frozen=True)
class Timetable:
    """The pictures that a player shows; all times are in the stream's time base."""

    times: Sequence[int]
    """In display order: the picture with index n is shown at `times[n]`."""
    end: int
    """When the last picture disappears."""
    unit: Fraction
    zero: Fraction
    """The zero of the video's clock, in seconds of the file's own time."""
    order: Sequence[int]
    """The times of all packets in file order, including those of hidden pictures."""
    key_positions: Sequence[int]
    """The positions of the key frames in that order."""
    is_plain: bool
    """Whether every picture is shown, and after the key frame that it follows in the file."""
    may_seek: bool
    """Whether a time leads to one packet only: the hidden pictures of several edits have times of others."""
    pixels: int
    """The pixels of one picture, as the file declares."""
    may_skip: bool
    """Whether no other picture is decoded from a picture that is marked as disposable."""

    def seconds(self, index: int) -> float:
        """When the picture is shown on the video's clock, to the millisecond."""
        return round(float(self.times[index] * self.unit - self.zero), 3)

    def keys_before(self, times: Collection[int]) -> dict[int, Iterator[int]]:
        """For each of these times the key frames to decode it from, the nearest first.

        A picture that follows a key frame in the file but is shown before it needs the previous key frame.
        """
        positions = {time: position for position, time in enumerate(self.order) if time in times}
        return {time: self._keys_back(positions[time], time) for time in times}

    def _keys_back(self, position: int, time: int) -> Iterator[int]:
        last = bisect_left(self.key_positions, position + 1)
        keys = (self.order[self.key_positions[number]] for number in range(last - 1, -1, -1))
        return (key for key in keys if key <= time)


def read_timetable(path: Path, zero: Fraction | None = None) -> Timetable:
    """With the first picture as the zero of the clock unless another one is given.

    Raises `Unusable`: not_a_video, truncated, undecodable, too_large.
    """
    check_structure(path)
    with opened(path) as file:
        stream = video_stream(file)
        codec = stream.codec_context
        read = _Read(codec.name)
        try:
            for packet in file.demux(stream):
                if packet.pts is not None:
                    read.add(packet)
        except av.FFmpegError as error:
            raise undecodable(error, path) from error
        return read.timetable(stream.time_base, zero, codec.width * codec.height)


class _Read:
    """Collects a few bytes of each packet: an hour of video has a hundred thousand packets."""

    def __init__(self, codec: str) -> None:
        self._order, self._shown, self._key_positions = array("q"), array("q"), array("q")
        self._last = (0, 0)
        self._is_hevc = codec == "hevc"
        self._may_skip = codec in {"h264", "hevc"}

    def add(self, packet: Any) -> None:
        if packet.is_keyframe:
            self._key_positions.append(len(self._order))
        if is_shown(packet):
            self._shown.append(packet.pts)
            # a duration is the time to the next packet, not to the next picture shown: it holds for the last one only
            self._last = max(self._last, (packet.pts, packet.duration or 0))
        if self._is_hevc and self._may_skip:
            self._may_skip = _is_of_lowest_layer(packet)
        self._order.append(packet.pts)

    def timetable(self, unit: Fraction, zero: Fraction | None, pixels: int) -> Timetable:
        if not self._key_positions:
            raise Unusable("undecodable", "no picture in it")
        first = min(self._order[position] for position in self._key_positions)
        times = array("q", sorted(time for time in self._shown if time >= first))
        if not times:
            raise Unusable("undecodable", "no picture in it")
        keys = set(self._key_positions)
        followed = accumulate(
            (time if position in keys else first for position, time in enumerate(self._order)), max
        )
        leads = any(time < key for time, key in zip(self._order, followed, strict=True))
        return Timetable(
            times,
            end=sum(self._last),
            unit=unit,
            zero=times[0] * unit if zero is None else zero,
            order=self._order,
            key_positions=self._key_positions,
            is_plain=not leads and len(times) == len(self._order),
            may_seek=self._may_seek(),
            pixels=pixels,
            may_skip=self._may_skip,
        )

    def _may_seek(self) -> bool:
        keys = (self._order[position] for position in self._key_positions)
        return len(set(self._order)) == len(self._order) and all(a < b for a, b in pairwise(keys))


def _is_of_lowest_layer(packet: Any) -> bool:
    """Whether an HEVC picture is of temporal layer 0: the mark "disposable" can be relied on only in that layer."""
    view = memoryview(packet)
    offset = 0
    while offset + _PREFIX + 2 <= len(view):
        first, second = view[offset + _PREFIX], view[offset + _PREFIX + 1]
        if first >> 1 & 0x3F < _FIRST_PARAMETER_SET:
            return second & 7 == 1
        offset += _PREFIX + int.from_bytes(view[offset : offset + _PREFIX])
    return False
