"""A slideshow of one's own: which files of its folder are its photos and sounds, and why some cannot be read."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gettok.download.file_types import photo_suffix, sound_suffix
from gettok.download.slideshow import MAX_PHOTOS
from gettok.errors import Unusable
from gettok.http.json_guards import replace_surrogates
from gettok.media.formats import format_of

#: A file that cannot be read is a photo that is missing if its name says so.
_PHOTO_NAMES = frozenset(
    (
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".png",
        ".apng",
        ".webp",
        ".avif",
        ".avifs",
        ".heic",
        ".heif",
        ".hif",
        ".jxl",
        ".jp2",
        ".j2k",
        ".jxr",
        ".gif",
        ".tif",
        ".tiff",
        ".bmp",
        ".dib",
        ".svg",
        ".ico",
        ".ppm",
        ".pgm",
        ".pbm",
        ".pnm",
        ".tga",
        ".psd",
        ".pdf",
        ".eps",
        ".dng",
        ".cr2",
        ".cr3",
        ".nef",
        ".arw",
        ".orf",
        ".raf",
        ".rw2",
    )
)
#: What programs leave beside photos and sounds. Any other file may be a sound, and is named if it cannot be read.
_SIDECAR_NAMES = frozenset(
    (
        ".txt",
        ".json",
        ".xml",
        ".xmp",
        ".aae",
        ".vtt",
        ".srt",
        ".ini",
        ".db",
        ".csv",
        ".html",
        ".htm",
        ".md",
        ".url",
        ".lnk",
        ".nfo",
    )
)


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
    """The photos and sounds in the order of the numbers in their names; sidecars and hidden files are ignored."""
    inside = sorted(folder.iterdir(), key=_by_number) if folder.is_dir() else []
    files = [path for path in inside if _may_be_file(path) and not path.name.startswith(".")]
    return [slide for path in files if (slide := read_slide(path))]


def readable_photos(slides: Sequence[Slide]) -> list[Slide]:
    """The photos. Raises `Unusable`: unsupported, not_a_video or no_file, with each unreadable photo; too_large."""
    photos = [slide for slide in slides if slide.is_photo]
    if bad := [(photo, photo.trouble) for photo in photos if photo.trouble]:
        details = "; ".join(f"{photo.name}: {trouble.detail}" for photo, trouble in bad)
        raise Unusable(bad[0][1].reason, details)
    if len(photos) > MAX_PHOTOS:
        raise Unusable("too_large", f"more than {MAX_PHOTOS} photos")
    return photos


def read_slide(path: Path) -> Slide | None:
    """None for a file whose bytes are no photo and no sound, and whose name is that of a sidecar."""
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
        suffix = sound_suffix(path)
        # a film under a photo's name has a picture, which would be lost if only its sound were taken
        if _is_named_photo(path) and format_of(path).is_video:
            return Slide(path, is_photo=True, trouble=no_photo)
        return Slide(path, is_photo=False, suffix=suffix)
    except Unusable as trouble:
        no_sound = trouble
    if no_photo.reason == "unsupported":
        return Slide(path, is_photo=True, trouble=no_photo)
    return _by_name(path, no_photo, no_sound)


def _by_name(path: Path, no_photo: Unusable, no_sound: Unusable) -> Slide | None:
    if _is_named_photo(path):
        return Slide(path, is_photo=True, trouble=no_photo)
    is_sidecar = path.suffix.lower() in _SIDECAR_NAMES
    return None if is_sidecar else Slide(path, is_photo=False, trouble=no_sound)


def _is_named_photo(path: Path) -> bool:
    return path.suffix.lower() in _PHOTO_NAMES


def _may_be_file(path: Path) -> bool:
    """A link that leads nowhere is a file that is missing."""
    return path.is_file() or (path.is_symlink() and not path.exists())


def _by_number(path: Path) -> tuple[list[int], str]:
    return [int(digits[:18]) for digits in re.findall(r"[0-9]+", path.name)], path.name
