"""Opens a file as MP4 and as nothing else, and judges it before any of it is decoded."""

import errno
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av

from gettok.errors import Stop, Unusable

#: Pixels of one picture at 8K. Beyond it the pictures that a decoder holds at once fill the memory.
MOST_PIXELS = 7680 * 4320
#: Ten hours at 30 pictures a second; a small file can claim millions.
MOST_PICTURES = 1_080_000
#: The same on every machine: what a damaged file loses depends on it.
_THREADS = 2

_BOXES = frozenset((b"ftyp", b"moov", b"mdat", b"moof", b"free", b"skip", b"wide", b"uuid", b"sidx", b"meta"))


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


def mute() -> None:
    """Have FFmpeg's threads say nothing in Python: they would wait for its lock while its holder waits for them.

    By default they say nothing; some libraries (torchvision) let them speak as soon as they are imported.
    """
    av.logging.set_level(None)


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """The file, read as MP4 and as nothing else: a playlist that calls itself .mp4 must not read other files."""
    mute()
    try:
        container = av.open(
            f"file:{path.resolve()}",
            format="mov",
            options={"protocol_whitelist": "file", "enable_drefs": "0"},
            metadata_errors="replace",
        )
    except av.FFmpegError as error:
        raise undecodable(error) from error
    with container:
        yield container


def undecodable(error: av.FFmpegError) -> Exception:
    """What an error of FFmpeg means; want of memory, or of a file or a disk, is about us, not about the video."""
    if isinstance(error, MemoryError):
        return error
    if error.errno in _OURS:
        return Stop(
            f"a media file could not be read: {error.strerror}",
            "stopped; what was answered is kept, and no video is blamed",
            "see that the disk is there and works, then run the same command again",
        )
    return Unusable("undecodable", str(error.strerror))


def pictures_of(file: Any) -> Any:
    """The stream of moving pictures, ready to decode; a cover picture is none."""
    streams = [stream for stream in file.streams.video if not stream.disposition & _COVER]
    if not streams:
        raise Unusable("not_a_video", "no stream of pictures")
    stream = streams[0]
    codec = stream.codec_context
    if codec is None:
        raise Unusable("undecodable", "no decoder for its pictures")
    if codec.width * codec.height > MOST_PIXELS:
        raise Unusable("too_large", f"{codec.width} × {codec.height} pixels")
    if stream.frames > MOST_PICTURES:
        raise Unusable("too_large", f"{stream.frames} pictures")
    # a picture may also grow half-way through the file
    codec.options = {"max_pixels": str(MOST_PIXELS)}
    codec.thread_type, codec.thread_count = "AUTO", _THREADS
    return stream


def frames_of(packets: Iterable[Any]) -> Iterator[Any]:
    """What decodes; a damaged packet is passed over."""
    for packet in packets:
        try:
            yield from packet.decode()
        except MemoryError:
            raise
        except av.FFmpegError:  # decoders have many names for it: AAC's is EPERM
            continue


_OURS = frozenset((errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOENT, errno.EACCES, errno.ESTALE))
_COVER = av.stream.Disposition.attached_pic
