"""The file formats that are read: a closed list, in which the first bytes decide. A name or a header proves nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gettok.errors import Unusable

#: Photos of these brands begin with an MP4 box too.
_PHOTO_BRANDS = (b"heic", b"heix", b"mif1", b"msf1", b"avif", b"avis")
_EBML = b"\x1a\x45\xdf\xa3"
#: The header of an EBML file is far shorter; the type of the document is in it.
_HEAD_BYTES = 128


@dataclass(frozen=True)
class Format:
    """A file format, the only demuxer of FFmpeg that may open it, and what a file of it is named."""

    name: str
    demuxer: str
    suffix: str
    matches: Callable[[bytes], bool]
    is_video: bool = True
    """Whether a file of this format may be a video, and not only the sound of a slideshow."""


def _is_mp4(head: bytes) -> bool:
    return head[4:8] == b"ftyp" and head[8:12] not in _PHOTO_BRANDS


def _is_webm(head: bytes) -> bool:
    return head.startswith(_EBML) and b"webm" in head


def _is_matroska(head: bytes) -> bool:
    return head.startswith(_EBML) and b"matroska" in head


def _is_mp3(head: bytes) -> bool:
    """An ID3 tag, or the sync bits of a frame of layer III."""
    return head.startswith(b"ID3") or (len(head) > 1 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2)


MP4 = Format("mp4", "mov", ".mp4", _is_mp4)
WEBM = Format("webm", "matroska", ".webm", _is_webm)
MATROSKA = Format("matroska", "matroska", ".mkv", _is_matroska)
MP3 = Format("mp3", "mp3", ".mp3", _is_mp3, is_video=False)

FORMATS = (MP4, WEBM, MATROSKA, MP3)


def suffix_of(name: str) -> str:
    """The suffix of a file of the format with this name."""
    return next(each.suffix for each in FORMATS if each.name == name)


def format_of(path: Path) -> Format:
    """Raises `Unusable` if the file is of no format in the list: undecodable."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    found = next((each for each in FORMATS if each.matches(head)), None)
    if found is None:
        raise Unusable(
            "undecodable",
            f"no known format: it begins with {head[:12]!r}" if head else "the file is empty",
        )
    return found
