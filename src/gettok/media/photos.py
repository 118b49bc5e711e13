"""Decodes the photos of a slideshow. Runs in a child process."""

import struct
import warnings
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from PIL import ExifTags, Image, UnidentifiedImageError

from gettok.errors import Unusable
from gettok.media.container import MAX_PIXELS
from gettok.media.display import Orientation
from gettok.media.photo_formats import AVIF, READ, photo_format

_DECODERS = tuple(photo.decoder for photo in READ if photo.decoder)
#: Formats with animations. The further pictures of a JPEG are views for other screens, such as a phone's gain map.
_ANIMATED = frozenset(("PNG", "WEBP", "AVIF"))
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


@contextmanager
def opened_photo(path: Path) -> Iterator[Image.Image]:
    """The photo, not decoded yet; an animated one at the picture that stays the longest, the first of several.

    Raises what Pillow raises for a damaged file.
    """
    with Image.open(path, formats=_DECODERS) as photo:
        if photo.format in _ANIMATED and getattr(photo, "is_animated", False):
            _seek_longest(photo)
        yield photo


def orientation(photo: Image.Image) -> Orientation:
    """How a viewer turns and mirrors it; not at all if the EXIF is damaged."""
    try:
        return Orientation.by_exif(int(photo.getexif().get(ExifTags.Base.Orientation, 1)))
    except _DAMAGE:
        return Orientation()


def _seek_longest(photo: Image.Image) -> None:
    """A player does not show the default image of an APNG, which Pillow counts as the first picture."""
    shown = range(1 if photo.info.get("default_image") else 0, getattr(photo, "n_frames", 1))
    durations = []
    for number in shown:
        photo.seek(number)
        photo.load()  # only then is the duration known
        durations.append(photo.info.get("duration", 0))
    photo.seek(shown[durations.index(max(durations))])


def _size(photo: Path) -> tuple[int, int]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own limit is lower
            return _decoded_size(photo)
    except UnidentifiedImageError as error:
        if photo_format(photo) is AVIF:  # Pillow does not know its own format where the index is damaged
            raise Unusable("undecodable", f"{photo.name} is damaged") from error
        raise Unusable("not_a_video", f"{photo.name} is not a photo") from error
    except Image.DecompressionBombError as error:
        raise Unusable("too_large", f"{photo.name} has more than {MAX_PIXELS} pixels") from error
    except _DAMAGE as error:
        reason = "truncated" if "truncated" in str(error).lower() else "undecodable"
        raise Unusable(reason, f"{photo.name} is damaged") from error


def _decoded_size(photo: Path) -> tuple[int, int]:
    with Image.open(photo, formats=_DECODERS) as image:
        if image.width * image.height > MAX_PIXELS:
            raise Image.DecompressionBombError
        image.verify()
    with opened_photo(photo) as image:  # a verified image cannot be loaded
        image.load()
        return (image.height, image.width) if orientation(image).swaps_sides else image.size
