"""Looks at the photos of a slideshow. Runs in a child process."""

import struct
import warnings
import zlib
from collections.abc import Sequence
from pathlib import Path

from PIL import ExifTags, Image, UnidentifiedImageError

from gettok.errors import Unusable
from gettok.media.container import MOST_PIXELS

#: What TikTok serves. Pillow reads forty more forms, which nobody should be able to choose from outside.
_FORMATS = ("JPEG", "PNG", "WEBP")
#: Orientations of EXIF that turn a photo by a quarter.
_LYING = frozenset((5, 6, 7, 8))
#: What Pillow's readers are known to raise on a damaged file.
_DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    struct.error,
    zlib.error,
)


def look(photos: Sequence[Path]) -> tuple[int, int]:
    """Decode every photo; width and height of the first as shown. Raises `Unusable` for the first that is none."""
    sizes = [_size(photo) for photo in photos]
    return sizes[0]


def _size(photo: Path) -> tuple[int, int]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own limit is lower
            return _decoded_size(photo)
    except UnidentifiedImageError as error:
        raise Unusable("not_a_video", f"{photo.name} is no photo") from error
    except Image.DecompressionBombError as error:
        raise Unusable("too_large", f"{photo.name} has more than {MOST_PIXELS} pixels") from error
    except _DAMAGE as error:
        reason = "truncated" if "truncated" in str(error).lower() else "undecodable"
        raise Unusable(reason, f"{photo.name} is damaged") from error


def _decoded_size(photo: Path) -> tuple[int, int]:
    with Image.open(photo, formats=_FORMATS) as image:
        if image.width * image.height > MOST_PIXELS:
            raise Image.DecompressionBombError
        image.verify()
    with Image.open(photo, formats=_FORMATS) as image:  # a verified image cannot be loaded
        image.load()
        lies = image.getexif().get(ExifTags.Base.Orientation) in _LYING
        return (image.height, image.width) if lies else image.size
