"""The formats of photos by their first bytes: those that are read, and those that are only known by name."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

#: A box `ftyp` that names more brands than fit is not a photo.
HEAD_BYTES: Final = 128

_AVIF_BRANDS = frozenset((b"avif", b"avis"))
#: HEIF, with pictures in HEVC or in another codec; the last of each line are for sequences of pictures.
_HEIF_BRANDS = frozenset(
    (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"mif2", b"msf1")
)


@dataclass(frozen=True)
class PhotoFormat:
    """A format, the suffix of a file of it, and Pillow's name for it; None if it is not read."""

    name: str
    suffix: str
    decoder: str | None = None


JPEG = PhotoFormat("JPEG", ".jpg", "JPEG")
PNG = PhotoFormat("PNG", ".png", "PNG")
WEBP = PhotoFormat("WebP", ".webp", "WEBP")
AVIF = PhotoFormat("AVIF", ".avif", "AVIF")
HEIC = PhotoFormat("HEIC", ".heic")

#: The formats that TikTok serves. Pillow reads forty more; a foreign file must not be able to choose among them.
READ = (JPEG, PNG, WEBP, AVIF)
#: The suffixes of the photos of a slideshow.
PHOTO_SUFFIXES = frozenset(photo.suffix for photo in READ) | {".jpeg"}

_SIGNATURES = (
    (b"\xff\xd8\xff", JPEG),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"\xff\x0a", PhotoFormat("JPEG XL", ".jxl")),
    (b"\0\0\0\x0cJXL \r\n\x87\n", PhotoFormat("JPEG XL", ".jxl")),
    (b"\0\0\0\x0cjP  \r\n\x87\n", PhotoFormat("JPEG 2000", ".jp2")),
    (b"GIF87a", PhotoFormat("GIF", ".gif")),
    (b"GIF89a", PhotoFormat("GIF", ".gif")),
    (b"II*\0", PhotoFormat("TIFF", ".tif")),
    (b"MM\0*", PhotoFormat("TIFF", ".tif")),
)


def photo_format(path: Path) -> PhotoFormat | None:
    """The format of a photo, read or not; None for a file that is not known to be a photo."""
    with path.open("rb") as file:
        return format_of_head(file.read(HEAD_BYTES))


def beginning(path: Path) -> str:
    """How an unknown file begins, to be printed."""
    with path.open("rb") as file:
        head = file.read(12)
    return f"begins with {head!r}" if head else "is empty"


def format_of_head(head: bytes) -> PhotoFormat | None:
    """The format of a photo that begins like this."""
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return WEBP
    if head[4:8] == b"ftyp":
        return _by_brands(head)
    return next((known for signature, known in _SIGNATURES if head.startswith(signature)), None)


def _by_brands(head: bytes) -> PhotoFormat | None:
    """AVIF and HEIC begin with the same box as MP4, and often only one of its compatible brands tells them apart."""
    box = head[: int.from_bytes(head[:4])]
    brands = {box[8:12]} | {box[place : place + 4] for place in range(16, len(box), 4)}
    if brands & _AVIF_BRANDS:
        return AVIF
    return HEIC if brands & _HEIF_BRANDS else None
