"""When a file shows its pictures, read from its packets without decoding one."""

from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from pathlib import Path
from typing import Any

import av

from gettok.errors import Unusable
from gettok.media.container import check_shape, opened, pictures_of, undecodable

#: Bytes before each unit of an HEVC packet that say how long the unit is; nearly every mp4 has four.
_PREFIX = 4
_FIRST_PARAMETER_SET = 32


@dataclass(frozen=True)
class Timetable:
    """The pictures that a player shows; all times are in the stream's own unit."""

    times: Sequence[int]
    """In order of display: the picture of index n is shown at `times[n]`."""
    end: int
    """When the last picture goes."""
    unit: Fraction
    order: Sequence[int]
    """Times of all packets in the order of the file, those of hidden pictures among them."""
    key_places: Sequence[int]
    """Where in that order the key frames are."""
    is_plain: bool
    """Whether every picture is shown, and shown after the key frame that it follows in the file."""
    pixels: int
    """Of one picture, as the file declares them."""
    may_skip: bool
    """Whether a picture that calls itself disposable is one that no other picture is decoded from."""

    def seconds(self, index: int) -> float:
        """Seconds after the first picture, to the millisecond."""
        return round(float((self.times[index] - self.times[0]) * self.unit), 3)

    def keys_before(self, times: Collection[int]) -> dict[int, Iterator[int]]:
        """For each of these times the key frames to decode it from, the nearest first.

        A picture that follows a key frame in the file but is shown before it needs the key frame before that.
        """
        places = {time: place for place, time in enumerate(self.order) if time in times}
        return {time: self._keys_back(places[time], time) for time in times}

    def _keys_back(self, place: int, time: int) -> Iterator[int]:
        last = bisect_left(self.key_places, place + 1)
        keys = (self.order[self.key_places[at]] for at in range(last - 1, -1, -1))
        return (key for key in keys if key <= time)


def read_timetable(path: Path) -> Timetable:
    """Raises `Unusable`: not_a_video, truncated, undecodable, too_large."""
    check_shape(path)
    with opened(path) as file:
        stream = pictures_of(file)
        codec = stream.codec_context
        read = _Read(codec.name)
        try:
            for packet in file.demux(stream):
                if packet.pts is not None:
                    read.add(packet)
        except av.FFmpegError as error:
            raise undecodable(error) from error
        return read.timetable(stream.time_base, codec.width * codec.height)


class _Read:
    """What is kept of each packet: few bytes, since an hour of video has a hundred thousand."""

    def __init__(self, codec: str) -> None:
        self._order, self._shown, self._key_places = array("q"), array("q"), array("q")
        self._last = (0, 0)
        self._is_hevc = codec == "hevc"
        self._may_skip = codec in {"h264", "hevc"}

    def add(self, packet: Any) -> None:
        if packet.is_keyframe:
            self._key_places.append(len(self._order))
        if not packet.is_discard:
            self._shown.append(packet.pts)
            # a duration is the time to the next packet, not to the next picture shown: it is true of the last alone
            self._last = max(self._last, (packet.pts, packet.duration or 0))
        if self._is_hevc and self._may_skip:
            self._may_skip = _is_of_lowest_layer(packet)
        self._order.append(packet.pts)

    def timetable(self, unit: Fraction, pixels: int) -> Timetable:
        if not self._key_places:
            raise Unusable("undecodable", "no picture in it")
        first = min(self._order[place] for place in self._key_places)
        times = array("q", sorted(time for time in self._shown if time >= first))
        if not times:
            raise Unusable("undecodable", "no picture in it")
        keys = set(self._key_places)
        followed = accumulate(
            (time if place in keys else first for place, time in enumerate(self._order)), max
        )
        leads = any(time < key for time, key in zip(self._order, followed, strict=True))
        return Timetable(
            times,
            end=sum(self._last),
            unit=unit,
            order=self._order,
            key_places=self._key_places,
            is_plain=not leads and len(times) == len(self._order),
            pixels=pixels,
            may_skip=self._may_skip,
        )


def _is_of_lowest_layer(packet: Any) -> bool:
    """Whether an HEVC picture is of temporal layer 0: only among such does "disposable" mean what it says."""
    view = memoryview(packet)
    place = 0
    while place + _PREFIX + 2 <= len(view):
        first, second = view[place + _PREFIX], view[place + _PREFIX + 1]
        if first >> 1 & 0x3F < _FIRST_PARAMETER_SET:
            return second & 7 == 1
        place += _PREFIX + int.from_bytes(view[place : place + _PREFIX])
    return False
