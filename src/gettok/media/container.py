"""Opens a file with the one demuxer that its first bytes call for, and checks it before any of it is decoded."""

import errno
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.stream import Disposition

from gettok.errors import Stop, Unusable
from gettok.media.boxes import check_boxes
from gettok.media.ebml import check_elements
from gettok.media.formats import MATROSKA, MP4, OGG, WAV, WEBM, Format, format_of
from gettok.media.ogg import refuse_chained

#: The pixels of an 8K picture. Above this, the pictures that a decoder holds at the same time fill the memory.
MAX_PIXELS = 7680 * 4320
#: Ten hours at 30 pictures a second; a small file can claim to have millions.
MAX_PICTURES = 1_080_000
#: The same on every machine, since it decides how many pictures of a damaged file decode.
_THREADS = 2

_RIFF_HEAD, _RIFF_UNKNOWN = 8, 0x7FFF_0000


def check_structure(path: Path) -> None:
    """Raises `Unusable` unless the file begins like a video, and no box or element reaches beyond its end."""
    try:
        kind = format_of(path)
    except Unusable as error:
        raise Unusable("not_a_video", error.detail) from error
    if not kind.is_video:
        raise Unusable("not_a_video", f"a file of the format {kind.name}")
    check_length(path, kind)


def check_length(path: Path, kind: Format) -> None:
    """Raises `Unusable` if the file ends before what it declares: truncated. MP3, ADTS and Ogg declare nothing.

    Nor may a file hold several ones: undecodable.
    """
    if kind is MP4:
        check_boxes(path)
    elif kind is WAV:
        _check_riff(path)
    elif kind in {WEBM, MATROSKA}:
        check_elements(path)
    elif kind is OGG:
        refuse_chained(path)


def _check_riff(path: Path) -> None:
    size = path.stat().st_size
    with path.open("rb") as file:
        declared = int.from_bytes(file.read(8)[4:], "little")
    # a recorder that cannot go back declares as much as fits; some count the first eight bytes, too
    if size + _RIFF_HEAD < declared < _RIFF_UNKNOWN:
        raise Unusable("truncated", f"{size} bytes of at least {declared + _RIFF_HEAD}")


def mute() -> None:
    """Keep FFmpeg's threads from logging through Python: a deadlock if the GIL's holder waits for them.

    That is PyAV's default, but some libraries (torchvision) turn logging on when they are imported.
    """
    av.logging.set_level(None)


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """The file, read in its own format and in no other: a playlist named .mp4 must not make us read other files.

    Raises `Unusable`: undecodable.
    """
    mute()
    try:
        container = av.open(
            f"file:{path.resolve()}",
            format=format_of(path).demuxer,
            options={"protocol_whitelist": "file", "enable_drefs": "0"},
            metadata_errors="replace",
        )
    except av.FFmpegError as error:
        raise undecodable(error, path) from error
    with container:
        yield container


def undecodable(error: av.FFmpegError, path: Path) -> Exception:
    """What an error of FFmpeg means. Lack of memory, of a file or of a disk is about us, not about the video."""
    if isinstance(error, MemoryError):
        return error
    if error.errno in _OUR_ERRORS and not (error.errno == errno.EIO and _can_be_read(path)):
        return Stop(
            f"a media file could not be read: {error.strerror}",
            "stopped; every answer so far is kept, and no video is marked as unusable for this",
            "check that the disk is there and works, then run the same command again",
        )
    return Unusable("undecodable", str(error.strerror))


def _can_be_read(path: Path) -> bool:
    """FFmpeg 8 reports an error of the disk for some damaged files, too."""
    try:
        with path.open("rb") as file:
            while file.read(1 << 20):
                pass
    except OSError:
        return False
    return True


def picture_stream(file: Any) -> Any:
    """The stream of pictures that a player shows; None if there is none. A cover picture does not count.

    That is the default one, unless it does not decode or is a single picture beside a video. (FFmpeg marks the first
    track of an MP4 as the default one if none is.)
    """
    streams = [stream for stream in file.streams.video if not stream.disposition & Disposition.attached_pic]
    return min(streams, key=_picture_rank, default=None)


def _picture_rank(stream: Any) -> tuple[bool, bool, bool]:
    codec = stream.codec_context
    is_still = codec is not None and codec.name in _STILL_CODECS and stream.frames <= 1
    return codec is None, is_still, not stream.disposition & Disposition.default


def video_stream(file: Any) -> Any:
    """`picture_stream`, ready to decode. Raises `Unusable`: not_a_video, undecodable, too_large."""
    stream = picture_stream(file)
    if stream is None:
        raise Unusable("not_a_video", "no stream of pictures")
    codec = stream.codec_context
    if codec is None:
        raise Unusable("undecodable", "no decoder for its pictures")
    if codec.width * codec.height > MAX_PIXELS:
        raise Unusable("too_large", f"{codec.width} × {codec.height} pixels")
    if stream.frames > MAX_PICTURES:
        raise Unusable("too_large", f"{stream.frames} pictures")
    # pictures may also become larger later in the file
    codec.options = {"max_pixels": str(MAX_PIXELS)}
    codec.thread_type, codec.thread_count = "AUTO", _THREADS
    return stream


def declared_s(file: Any, stream: Any) -> Fraction:
    """How long the stream is as an MP4 declares; other formats have no such number, and FFmpeg guesses one."""
    is_mp4 = MP4.demuxer in file.format.name.split(",")
    return Fraction(stream.duration * stream.time_base) if is_mp4 and stream.duration else Fraction()


def is_shown(packet: Any) -> bool:
    """Whether a player shows the picture of the packet.

    An edit list may hide it, and VP8 has pictures that only serve to decode others (RFC 6386, section 9.1).
    """
    if packet.is_discard:
        return False
    codec = packet.stream.codec_context
    is_vp8 = codec is not None and codec.name == "vp8"
    return not is_vp8 or not packet.size or bool(memoryview(packet)[0] & _VP8_SHOWN)


def decoded_frames(packets: Iterable[Any]) -> Iterator[Any]:
    """The frames that decode; damaged packets are skipped."""
    for packet in packets:
        try:
            yield from packet.decode()
        except MemoryError:
            raise
        except av.FFmpegError:  # decoders report damage by many codes: AAC by EPERM
            continue


_OUR_ERRORS = frozenset((errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOENT, errno.EACCES, errno.ESTALE))
_VP8_SHOWN = 0x10
#: Codecs of single pictures, such as a cover; a video may be of the first, too.
_STILL_CODECS = frozenset(("mjpeg", "png", "bmp", "webp", "gif"))
