"""The file formats that are read: a closed list, in which the first bytes decide. A name or a header proves nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gettok.errors import Unusable
from gettok.media.photo_formats import format_of_head

_EBML = b"\x1a\x45\xdf\xa3"
#: The header of an EBML file is far shorter; the type of the document is in it.
_HEAD_BYTES = 128
_ID3 = b"ID3"
#: What QuickTime files begin with that have no box `ftyp`. All but the pictures and the sound are below 16 MB.
_OLD_BOXES = frozenset((b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"))


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
    """The first box says so: `ftyp`, which photos begin with, too, or one of old QuickTime with its length."""
    if head[4:8] in _OLD_BOXES:
        return head[:1] == b"\0" or head[4:8] == b"mdat"
    return head[4:8] == b"ftyp" and format_of_head(head) is None


def _is_webm(head: bytes) -> bool:
    return head.startswith(_EBML) and b"webm" in head


def _is_matroska(head: bytes) -> bool:
    return head.startswith(_EBML) and b"matroska" in head


def _is_mp3(head: bytes) -> bool:
    """An ID3 tag, or the sync bits of a frame of layer III."""
    return head.startswith(_ID3) or (len(head) > 1 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2)


def _is_adts(head: bytes) -> bool:
    """The sync bits of a frame of AAC, which say that it is of layer 0."""
    return len(head) > 1 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0


def _is_ogg(head: bytes) -> bool:
    """Vorbis or Opus, which the demuxer tells apart."""
    return head.startswith(b"OggS")


def _is_wav(head: bytes) -> bool:
    return head[:4] in {b"RIFF", b"RF64"} and head[8:12] == b"WAVE"


MP4 = Format("mp4", "mov", ".mp4", _is_mp4)
WEBM = Format("webm", "matroska", ".webm", _is_webm)
MATROSKA = Format("matroska", "matroska", ".mkv", _is_matroska)
MP3 = Format("mp3", "mp3", ".mp3", _is_mp3, is_video=False)
ADTS = Format("adts", "aac", ".aac", _is_adts, is_video=False)
OGG = Format("ogg", "ogg", ".ogg", _is_ogg, is_video=False)
WAV = Format("wav", "wav", ".wav", _is_wav, is_video=False)

FORMATS = (MP4, WEBM, MATROSKA, MP3, ADTS, OGG, WAV)


def suffix_of(name: str) -> str:
    """The suffix of a file of the format with this name."""
    return next(each.suffix for each in FORMATS if each.name == name)


def format_of(path: Path) -> Format:
    """Raises `Unusable` if the file is of no format in the list: undecodable."""
    head = _head(path)
    found = next((each for each in FORMATS if each.matches(head)), None)
    if found is None:
        raise Unusable(
            "undecodable",
            f"no known format: it begins with {head[:12]!r}" if head else "the file is empty",
        )
    return found


def _head(path: Path) -> bytes:
    """The first bytes, without an ID3 tag if frames of AAC follow it: as a rule it is one of MP3."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
        if head.startswith(_ID3):
            file.seek(_tag_length(head))
            following = file.read(_HEAD_BYTES)
            return following if _is_adts(following) else head
        return head


def _tag_length(head: bytes) -> int:
    """Bytes of an ID3v2 tag; only seven bits of each byte of its size count."""
    size = sum((byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=False))
    has_footer = len(head) > 5 and head[5] & 0x10
    return 10 + size + (10 if has_footer else 0)
