"""A slideshow of one's own: which files of its folder are its photos and sounds, and why some cannot be read."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gettok.download.file_types import photo_suffix, sound_suffix
from gettok.download.slideshow import MAX_PHOTOS
from gettok.errors import Unusable
from gettok.http.json_guards import replace_surrogates

#: A file that cannot be read is missing from the slideshow only if its name says that it is a photo or a sound.
_PHOTO_NAMES: tuple[str, ...] = (
    ".jpg",
    ".jpeg",
    ".jpe",
    ".jfif",
    ".png",
    ".apng",
    ".webp",
    ".avif",
    ".avifs",
)
_PHOTO_NAMES += (".heic", ".heif", ".hif", ".jxl", ".jp2", ".gif", ".tif", ".tiff", ".bmp", ".svg", ".dng")
_SOUND_NAMES: tuple[str, ...] = (
    ".mp3",
    ".m4a",
    ".m4b",
    ".aac",
    ".ogg",
    ".oga",
    ".opus",
    ".wav",
    ".flac",
    ".wma",
)
_SOUND_NAMES += (".amr", ".aif", ".aiff", ".caf", ".mka", ".mkv", ".webm", ".mp4", ".m4v", ".mov", ".3gp")


@dataclass(frozen=True)
class Slide:
    """A photo or a sound in the folder: the suffix of its format, or why it cannot be read."""

    path: Path
    is_photo: bool
    suffix: str = ""
    trouble: Unusable | None = None

    @property
    def is_there(self) -> bool:
        """Whether the file can be opened."""
        return self.trouble is None or self.trouble.reason != "no_file"

    @property
    def name(self) -> str:
        """Its name in the folder; a name may have any bytes in it, and a table may not."""
        return str(replace_surrogates(self.path.name))


def read_folder(folder: Path) -> list[Slide]:
    """The photos and sounds in the order of the numbers in their names; other files and hidden ones are ignored."""
    inside = sorted(folder.iterdir(), key=_by_number) if folder.is_dir() else []
    files = [path for path in inside if _may_be_file(path) and not path.name.startswith(".")]
    return [slide for path in files if (slide := _slide(path))]


def readable_photos(slides: Sequence[Slide]) -> list[Slide]:
    """The photos. Raises `Unusable`: unsupported, not_a_video or no_file, with each unreadable photo; too_large."""
    photos = [slide for slide in slides if slide.is_photo]
    if bad := [(photo, photo.trouble) for photo in photos if photo.trouble]:
        details = "; ".join(f"{photo.name}: {trouble.detail}" for photo, trouble in bad)
        raise Unusable(bad[0][1].reason, details)
    if len(photos) > MAX_PHOTOS:
        raise Unusable("too_large", f"more than {MAX_PHOTOS} photos")
    return photos


def _slide(path: Path) -> Slide | None:
    """None for a file that is neither a photo nor a sound, as far as its bytes and its name show."""
    try:
        return _by_bytes(path)
    except OSError as error:
        trouble = Unusable("no_file", f"it cannot be opened: {error.strerror}")
        return _by_name(path, trouble, trouble)


def _by_bytes(path: Path) -> Slide | None:
    try:
        return Slide(path, is_photo=True, suffix=photo_suffix(path))
    except Unusable as trouble:
        no_photo = trouble
    try:
        return Slide(path, is_photo=False, suffix=sound_suffix(path))
    except Unusable as trouble:
        no_sound = trouble
    if no_photo.reason == "unsupported":
        return Slide(path, is_photo=True, trouble=no_photo)
    return _by_name(path, no_photo, no_sound)


def _by_name(path: Path, no_photo: Unusable, no_sound: Unusable) -> Slide | None:
    if path.suffix.lower() in _PHOTO_NAMES:
        return Slide(path, is_photo=True, trouble=no_photo)
    return Slide(path, is_photo=False, trouble=no_sound) if path.suffix.lower() in _SOUND_NAMES else None


def _may_be_file(path: Path) -> bool:
    """A link that leads nowhere is a file that is missing."""
    return path.is_file() or (path.is_symlink() and not path.exists())


def _by_number(path: Path) -> tuple[list[int], str]:
    return [int(digits[:18]) for digits in re.findall(r"[0-9]+", path.name)], path.name
