"""The suffix of a slideshow's photo or sound by its first bytes; a name or an HTTP header proves nothing."""

from pathlib import Path

from gettok.errors import Unusable
from gettok.media.formats import MP4, format_of
from gettok.media.photo_formats import READ, beginning, photo_format


def photo_suffix(path: Path) -> str:
    """Such as `.jpg`. Raises `Unusable`: not_a_video, or unsupported for a photo in a format that is not read."""
    found = photo_format(path)
    if found is None:
        raise Unusable("not_a_video", f"not a photo: the file {beginning(path)}")
    if found.decoder is None:
        *names, last = (known.name for known in READ)
        raise Unusable("unsupported", f"{found.name} is not read; {', '.join(names)} and {last} are")
    return found.suffix


def sound_suffix(path: Path) -> str:
    """Such as `.m4a`. Raises `Unusable`: not_a_video."""
    try:
        found = format_of(path)
    except Unusable as trouble:
        raise Unusable("not_a_video", f"not a sound that is read: the file {beginning(path)}") from trouble
    return ".m4a" if found is MP4 else found.suffix
