"""Encodes the photos of a slideshow as frames."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from gettok.frames.jpeg import Encoder, Jpeg
from gettok.media.photos import probe_photos


def decode(photos: Sequence[Path], encoder: Encoder) -> Iterator[Jpeg]:
    """Each photo as a viewer shows it, with its number from 0 as the index. Raises `Unusable` as `probe` does."""
    for number, photo in enumerate(photos):
        probe_photos([photo])
        yield encoder.of_image(number, _upright(photo, encoder.longest_edge))


def _upright(path: Path, longest_edge: int) -> Image.Image:
    with Image.open(path) as opened:
        photo = _scalable(opened)
        photo.getexif()  # read now: exif_transpose writes the tags back, and fails on damaged ones
        photo.thumbnail((longest_edge, longest_edge), Image.Resampling.LANCZOS)
        for name in ("exif", "Raw profile type exif"):
            photo.info.pop(name, None)
        return _on_white(ImageOps.exif_transpose(photo))


def _scalable(photo: Image.Image) -> Image.Image:
    """In a mode that scales well: a palette has no intermediate shades, and Pillow does not reduce 16-bit grey to 8."""
    if photo.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(photo) >> 8).astype(np.uint8))
    return photo.convert("RGBA") if photo.mode in {"1", "P"} else photo


def _on_white(photo: Image.Image) -> Image.Image:
    """In RGB, with white where the photo is transparent."""
    if not photo.has_transparency_data:
        return photo.convert("RGB")
    layer = photo.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")
