"""Watches a video file to its end. Runs in a child process."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from gettok.errors import Unusable
from gettok.media.container import MOST_PICTURES, check_shape, frames_of, opened, pictures_of, undecodable
from gettok.media.facts import MediaFacts
from gettok.media.track import track_of

#: A file that loses more than this share of its pictures to damaged packets is not worth looking at.
MOST_LOST = Fraction(1, 10)
#: Sound is often a little longer than the pictures, and so is the declared end.
LATE_S = 1
#: Times are often rounded to the millisecond on their way into a file.
_ROUNDING_S = Fraction(1, 1000)


@dataclass(frozen=True)
class _Pictures:
    """What decoding to the end has shown; times in seconds from the file's own zero."""

    count: int
    wanted: int
    start: Fraction
    end: Fraction
    is_constant_rate: bool
    width: int
    height: int
    rotation: int


def watch(path: Path) -> MediaFacts:
    """Facts of the file but for its loudness, all pictures decoded.

    Raises `Unusable`: not_a_video, truncated, undecodable, too_large.
    """
    check_shape(path)
    with opened(path) as file:
        stream = pictures_of(file)
        try:
            seen = _decode(file, stream)
        except av.FFmpegError as error:
            _check_index(path, file)
            raise undecodable(error) from error
        _check_whole(path, file, stream, seen)
        length = seen.end - seen.start
        return MediaFacts(
            kind="video",
            duration_s=round(float(length), 3),
            frame_count=seen.count,
            frame_rate=round(float(seen.count / length), 3) if length else None,
            is_constant_rate=seen.is_constant_rate,
            bit_rate=round(8 * path.stat().st_size / length) if length else None,
            width=seen.width,
            height=seen.height,
            rotation=seen.rotation,
            video_codec=stream.codec_context.codec.canonical_name,
            loudness_lufs=None,
            **track_of(file).facts,
        )


def _decode(file: Any, stream: Any) -> _Pictures:
    """Decode every packet; one that fails is counted as a picture wanted and not seen."""
    times, wanted = [], 0
    first = last = None
    for packet in file.demux(stream):
        wanted += packet.size > 0 and not packet.is_discard
        for frame in frames_of([packet]):
            if frame.pts is None:
                continue
            first = first or frame
            last = frame if last is None or frame.time >= last.time else last
            times.append(frame.pts)
        if len(times) > MOST_PICTURES:
            raise Unusable("too_large", f"more than {MOST_PICTURES} pictures")
    if first is None or last is None:
        raise Unusable("undecodable", f"none of {wanted} pictures decodes")
    return _summed(stream, first, last, times, wanted)


def _summed(stream: Any, first: Any, last: Any, times: Sequence[int], wanted: int) -> _Pictures:
    step = last.duration * stream.time_base if last.duration else 1 / (stream.average_rate or Fraction(30))
    rotation = round(first.rotation / 90) * 90 % 360
    sides = (first.width, first.height)
    width, height = sides if rotation in (0, 180) else sides[::-1]
    start, end = first.pts * stream.time_base, last.pts * stream.time_base + step
    return _Pictures(
        len(times), wanted, start, end, _is_even(times, stream.time_base), width, height, rotation
    )


def _is_even(times: Sequence[int], unit: Fraction) -> bool:
    """Whether the times are evenly spaced but for rounding, to the unit or to the millisecond."""
    ordered = sorted(times)
    gaps = max(1, len(ordered) - 1)
    start, span = ordered[0], ordered[-1] - ordered[0]
    most = max(Fraction(1), _ROUNDING_S / unit) * gaps
    return all(abs((time - start) * gaps - place * span) <= most for place, time in enumerate(ordered))


def _check_whole(path: Path, file: Any, stream: Any, seen: _Pictures) -> None:
    _check_index(path, file)
    if seen.wanted - seen.count > MOST_LOST * seen.wanted:
        raise Unusable("undecodable", f"{seen.count} of {seen.wanted} pictures decode")
    declared = (stream.duration or 0) * stream.time_base
    if seen.end - seen.start < declared - LATE_S:
        shown = float(seen.end - seen.start)
        raise Unusable("truncated", f"{shown:.3f} s of pictures, {float(declared):.3f} s declared")


def _check_index(path: Path, file: Any) -> None:
    """The index must not point beyond the end of the file, for pictures or for sound."""
    size = path.stat().st_size
    needed = max(
        (entry.pos + entry.size for stream in file.streams for entry in stream.index_entries), default=0
    )
    if needed > size:
        raise Unusable("truncated", f"{size} bytes of at least {needed}")
