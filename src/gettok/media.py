"""Facts of a media file, which count only after every picture of it has been decoded.

A file proves nothing by its name, its size or its header: half an mp4 with its index in front opens without complaint.
So `probe` checks the shape of the file, reads it as MP4 and as nothing else, and decodes it to the end.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from gettok.errors import Unusable

#: Pixels of one picture at 8K. Beyond it the pictures that a decoder holds at once fill the memory.
MOST_PIXELS = 7680 * 4320
#: Ten hours at 30 pictures a second; a small file can claim millions.
MOST_PICTURES = 1_080_000
#: A file that loses more than this share of its pictures to damaged packets is not worth looking at.
MOST_LOST = Fraction(1, 10)
#: Sound is often a little longer than the pictures, and so is the declared end.
LATE_S = 1

_BOXES = frozenset((b"ftyp", b"moov", b"mdat", b"moof", b"free", b"skip", b"wide", b"uuid", b"sidx", b"meta"))


@dataclass(frozen=True)
class MediaFile:
    """A file of one video, and the digest that the answers about it depend on."""

    path: str
    sha256: str


@dataclass(frozen=True)
class MediaFacts:
    """What a whole and decodable file is; the fields are the columns of the table `media`."""

    duration_s: float
    frame_count: int
    frame_rate: float
    width: int
    height: int
    rotation: int
    video_codec: str
    has_audio: bool
    audio_codec: str | None
    audio_channels: int | None
    sample_rate: int | None


@dataclass(frozen=True)
class _Pictures:
    """What decoding to the end has shown; times in seconds from the file's own zero."""

    count: int
    wanted: int
    start: Fraction
    end: Fraction
    width: int
    height: int
    rotation: int


def probe(path: Path) -> MediaFacts:
    """Facts of the file, all pictures decoded. Raises `Unusable`: not_a_video, truncated, undecodable, too_large."""
    check_shape(path)
    with opened(path) as file:
        stream = pictures_of(file)
        try:
            seen = _decode(file, stream)
        except av.FFmpegError as error:
            _check_index(path, file)
            raise Unusable("undecodable", str(error.strerror)) from error
        _check_whole(path, file, stream, seen)
        length = seen.end - seen.start
        return MediaFacts(
            duration_s=round(float(length), 3),
            frame_count=seen.count,
            frame_rate=round(float(seen.count / length), 3) if length else 0.0,
            width=seen.width,
            height=seen.height,
            rotation=seen.rotation,
            video_codec=stream.codec_context.codec.canonical_name,
            **_sound(file),
        )


def check_shape(path: Path) -> None:
    """Raises `Unusable` unless the bytes begin as an MP4 does and no part of it reaches beyond the end of the file."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(12)
        if head[4:8] != b"ftyp":
            raise Unusable("not_a_video", f"{size} bytes that begin with {head[:12]!r}")
        place = 0
        while place < size and (length := _box_length(file, place, size)):
            place += length
    if place > size:
        raise Unusable("truncated", f"{size} bytes of at least {place}")


def _box_length(file: Any, place: int, size: int) -> int:
    """Bytes of the box at `place`, header included; 0 where no further box can be made out."""
    file.seek(place)
    header = file.read(16)
    length, kind = int.from_bytes(header[:4]), header[4:8]
    if kind not in _BOXES:
        return 0
    if length == 1:
        length = int.from_bytes(header[8:16])
    return length or size - place


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """The file, read as MP4 and as nothing else: a playlist that calls itself .mp4 must not read other files."""
    try:
        container = av.open(
            f"file:{path.resolve()}",
            format="mov",
            options={"protocol_whitelist": "file", "enable_drefs": "0"},
        )
    except av.FFmpegError as error:
        raise Unusable("undecodable", str(error.strerror)) from error
    with container:
        yield container


def pictures_of(file: Any) -> Any:
    """The stream of moving pictures, ready to decode; a cover picture is none."""
    streams = [stream for stream in file.streams.video if not stream.disposition & _COVER]
    if not streams:
        raise Unusable("not_a_video", "no stream of pictures")
    stream = streams[0]
    if stream.codec_context is None:
        raise Unusable("undecodable", "no decoder for its pictures")
    if stream.codec_context.width * stream.codec_context.height > MOST_PIXELS:
        raise Unusable("too_large", f"{stream.codec_context.width} × {stream.codec_context.height} pixels")
    # a picture may also grow half-way through the file
    stream.codec_context.options = {"max_pixels": str(MOST_PIXELS)}
    stream.thread_type = "AUTO"
    return stream


def _decode(file: Any, stream: Any) -> _Pictures:
    """Decode every packet; one that fails is counted as a picture wanted and not seen."""
    count, wanted = 0, 0
    first = last = None
    for packet in file.demux(stream):
        wanted += packet.size > 0 and not packet.is_discard
        for frame in _frames_of(packet):
            first = first or frame
            last = frame if last is None or frame.time >= last.time else last
            count += 1
        if count > MOST_PICTURES:
            raise Unusable("too_large", f"more than {MOST_PICTURES} pictures")
    if first is None or last is None:
        raise Unusable("undecodable", f"none of {wanted} pictures decodes")
    return _summed(stream, first, last, (count, wanted))


def _frames_of(packet: Any) -> list[Any]:
    try:
        return [frame for frame in packet.decode() if frame.pts is not None]
    except av.FFmpegError:
        return []


def _summed(stream: Any, first: Any, last: Any, counts: tuple[int, int]) -> _Pictures:
    step = last.duration * stream.time_base if last.duration else 1 / (stream.average_rate or Fraction(30))
    rotation = round(first.rotation / 90) * 90 % 360
    sides = (first.width, first.height)
    width, height = sides if rotation in (0, 180) else sides[::-1]
    start, end = first.pts * stream.time_base, last.pts * stream.time_base + step
    return _Pictures(*counts, start=start, end=end, width=width, height=height, rotation=rotation)


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


def _sound(file: Any) -> dict[str, Any]:
    """No sound is a fact, and no failure."""
    if not file.streams.audio:
        return {"has_audio": False, "audio_codec": None, "audio_channels": None, "sample_rate": None}
    sound = file.streams.audio[0].codec_context
    return {
        "has_audio": True,
        "audio_codec": sound.codec.canonical_name,
        "audio_channels": sound.layout.nb_channels,
        "sample_rate": sound.sample_rate,
    }


_COVER = av.stream.Disposition.attached_pic
