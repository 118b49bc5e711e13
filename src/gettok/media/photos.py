"""Decodes the photos of a slideshow. Runs in a child process."""

import struct
import warnings
import zlib
from collections.abc import Sequence
from pathlib import Path

from PIL import ExifTags, Image, UnidentifiedImageError

from gettok.errors import Unusable
from gettok.media.container import MAX_PIXELS

#: The formats that TikTok serves. Pillow reads forty more; a foreign file must not be able to choose among them.
_FORMATS = ("JPEG", "PNG", "WEBP")
#: EXIF orientations that turn a photo by 90 or 270 degrees.
_QUARTER_TURNS = frozenset((5, 6, 7, 8))
#: What Pillow is known to raise for a damaged file.
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


def probe_photos(photos: Sequence[Path]) -> tuple[int, int]:
    """Decode every photo; returns width and height of the first as shown. Raises `Unusable` for the first bad one."""
    sizes = [_size(photo) for photo in photos]
    return sizes[0]


def _size(photo: Path) -> tuple[int, int]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own limit is lower
            return _decoded_size(photo)
    except UnidentifiedImageError as error:
        raise Unusable("not_a_video", f"{photo.name} is not a photo") from error
    except Image.DecompressionBombError as error:
        raise Unusable("too_large", f"{photo.name} has more than {MAX_PIXELS} pixels") from error
    except _DAMAGE as error:
        reason = "truncated" if "truncated" in str(error).lower() else "undecodable"
        raise Unusable(reason, f"{photo.name} is damaged") from error


def _decoded_size(photo: Path) -> tuple[int, int]:
    with Image.open(photo, formats=_FORMATS) as image:
        if image.width * image.height > MAX_PIXELS:
            raise Image.DecompressionBombError
        image.verify()
    with Image.open(photo, formats=_FORMATS) as image:  # a verified image cannot be loaded
        image.load()
        is_turned = image.getexif().get(ExifTags.Base.Orientation) in _QUARTER_TURNS
        return (image.height, image.width) if is_turned else image.size
