"""The type of a photo or sound by its first bytes; a name or an HTTP header proves nothing."""

from pathlib import Path

from gettok.errors import Unusable

#: Photos of these brands begin with an MP4 box too, and nothing here reads them.
_PHOTO_BRANDS = (b"heic", b"heix", b"mif1", b"msf1", b"avif")


def photo_suffix(path: Path) -> str | None:
    """`.jpg`, `.png` or `.webp`; None for anything else."""
    head = _head(path)
    if head.startswith(b"\xff\xd8\xff"):
        return ".jpg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return ".png"
    return ".webp" if head.startswith(b"RIFF") and head[8:12] == b"WEBP" else None


def sound_suffix(path: Path) -> str | None:
    """`.m4a` or `.mp3`; None for anything else."""
    head = _head(path)
    if head[4:8] == b"ftyp" and head[8:12] not in _PHOTO_BRANDS:
        return ".m4a"
    is_mpeg_audio = len(head) > 1 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2  # sync bits, layer III
    return ".mp3" if head.startswith(b"ID3") or is_mpeg_audio else None


def add_suffix(path: Path, suffix: str | None, what: str) -> Path:
    """Rename the file so that it has this suffix. Raises `Unusable` if its type is not known."""
    if suffix is None:
        raise Unusable("not_a_video", f"not {what}: the file begins with {_head(path)[:12]!r}")
    return path.rename(path.with_suffix(suffix))


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(12)
