"""Decodes a video file to its end and reads its facts. Runs in a child process."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from gettok.errors import Unusable
from gettok.media.audio_track import audio_track_of
from gettok.media.boxes import has_edit_list
from gettok.media.container import (
    MAX_PICTURES,
    check_structure,
    declared_s,
    decoded_frames,
    is_shown,
    opened,
    undecodable,
    video_stream,
)
from gettok.media.display import Display
from gettok.media.file import MediaFacts
from gettok.media.formats import format_of

#: A file that loses more than this share of its pictures to damaged packets is not worth analysing.
MAX_LOST = Fraction(1, 10)
#: The sound is often a little longer than the pictures, and so is the declared duration.
LATE_S = 1
#: Muxers often round times to the millisecond.
_ROUNDING_S = Fraction(1, 1000)


@dataclass(frozen=True)
class _Pictures:
    """What decoding to the end has shown; times are in seconds of the file's clock."""

    count: int
    expected: int
    start: Fraction
    end: Fraction
    is_constant_rate: bool
    first: Any
    """The first picture, which has the tags that tell how they are shown."""


@dataclass(frozen=True)
class VideoFacts:
    """The facts of a file as if it had no sound, and when its pictures are shown in seconds of the file's own time."""

    media: MediaFacts
    start: Fraction
    end: Fraction
    has_edits: bool
    """Whether the file has an edit list."""


def probe_video(path: Path) -> VideoFacts:
    """Decode all pictures.

    Raises `Unusable`: not_a_video, truncated, undecodable, too_large.
    """
    check_structure(path)
    with opened(path) as file:
        stream = video_stream(file)
        display = Display.of(stream)
        try:
            pictures = _decode(file, stream)
        except av.FFmpegError as error:
            _check_index(path, file)
            raise undecodable(error, path) from error
        _check_complete(path, file, stream, pictures)
        length = pictures.end - pictures.start
        media = MediaFacts(
            kind="video",
            duration_s=round(float(length), 3),
            frame_count=pictures.count,
            frame_rate=round(float(pictures.count / length), 3) if length else None,
            is_constant_rate=pictures.is_constant_rate,
            bit_rate=round(8 * path.stat().st_size / length) if length else None,
            **display.facts(pictures.first),
            video_codec=stream.codec_context.codec.canonical_name,
            video_tracks=len(file.streams.video),
            video_track=file.streams.video.index(stream),
            container=format_of(path).name,
            loudness_lufs=None,
            **audio_track_of(file).facts,
        )
        return VideoFacts(media, pictures.start, pictures.end, has_edit_list(path))


def _decode(file: Any, stream: Any) -> _Pictures:
    """Decode every packet; one that fails counts as a picture that was expected and did not decode."""
    times, expected = [], 0
    first = last = None
    for packet in file.demux(stream):
        expected += packet.size > 0 and is_shown(packet)
        for frame in decoded_frames([packet]):
            if frame.pts is None:
                continue
            first = first or frame
            last = frame if last is None or frame.time >= last.time else last
            times.append(frame.pts)
        if len(times) > MAX_PICTURES:
            raise Unusable("too_large", f"more than {MAX_PICTURES} pictures")
    if first is None or last is None:
        raise Unusable("undecodable", f"none of {expected} pictures decodes")
    return _summarized(stream, first, last, times, expected)


def _summarized(stream: Any, first: Any, last: Any, times: Sequence[int], expected: int) -> _Pictures:
    step = last.duration * stream.time_base if last.duration else 1 / (stream.average_rate or Fraction(30))
    start, end = first.pts * stream.time_base, last.pts * stream.time_base + step
    return _Pictures(len(times), expected, start, end, _is_even(times, stream.time_base), first)


def _is_even(times: Sequence[int], unit: Fraction) -> bool:
    """Whether the times are evenly spaced apart from rounding, to the unit or to the millisecond."""
    ordered = sorted(times)
    gaps = max(1, len(ordered) - 1)
    start, span = ordered[0], ordered[-1] - ordered[0]
    most = max(Fraction(1), _ROUNDING_S / unit) * gaps
    return all(abs((time - start) * gaps - number * span) <= most for number, time in enumerate(ordered))


def _check_complete(path: Path, file: Any, stream: Any, pictures: _Pictures) -> None:
    _check_index(path, file)
    if pictures.expected - pictures.count > MAX_LOST * pictures.expected:
        raise Unusable("undecodable", f"{pictures.count} of {pictures.expected} pictures decode")
    declared = declared_s(file, stream)
    if pictures.end - pictures.start < declared - LATE_S:
        shown = float(pictures.end - pictures.start)
        raise Unusable("truncated", f"{shown:.3f} s of pictures, {float(declared):.3f} s declared")


def _check_index(path: Path, file: Any) -> None:
    """Raises `Unusable` if the index points beyond the end of the file: truncated."""
    size = path.stat().st_size
    needed = max(
        (entry.pos + entry.size for stream in file.streams for entry in stream.index_entries), default=0
    )
    if needed > size:
        raise Unusable("truncated", f"{size} bytes of at least {needed}")
