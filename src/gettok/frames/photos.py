"""Encodes the photos of a slideshow as frames."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from gettok.frames.jpeg import Encoder, Jpeg
from gettok.frames.photo_colour import photo_to_srgb
from gettok.media.photos import opened_photo, orientation, probe_photos


def decode(photos: Sequence[Path], encoder: Encoder) -> Iterator[Jpeg]:
    """Each photo as a viewer shows it, with its number from 0 as the index. Raises `Unusable` as `probe` does."""
    for number, photo in enumerate(photos):
        probe_photos([photo])
        yield encoder.of_image(number, _as_shown(photo, encoder.longest_edge))


def _as_shown(path: Path, longest_edge: int) -> Image.Image:
    """Upright, in sRGB, with white where the photo is transparent."""
    with opened_photo(path) as opened:
        shown, info = orientation(opened), dict(opened.info)
        photo = _scalable(opened)
        photo.thumbnail((longest_edge, longest_edge), Image.Resampling.LANCZOS)
        coloured = photo_to_srgb(photo, info.get("icc_profile"), is_cmyk_inverted="adobe" in info)
    return _on_white(shown.upright(coloured))


def _scalable(photo: Image.Image) -> Image.Image:
    """In a mode that scales well: neither a palette nor a transparent colour has intermediate shades."""
    if photo.mode.startswith("I;16"):
        return _in_8_bits(photo)
    has_no_shades = photo.mode in {"1", "P", "PA"} or "transparency" in photo.info
    return photo.convert("RGBA") if has_no_shades else photo


def _in_8_bits(photo: Image.Image) -> Image.Image:
    """Grey of 16 bits, which Pillow would clip and not scale, with its transparent shade if it has one."""
    shades = np.asarray(photo)
    grey = Image.fromarray((shades >> 8).astype(np.uint8))
    if (transparent := photo.info.get("transparency")) is not None:
        grey.putalpha(Image.fromarray(np.where(shades == transparent, 0, 255).astype(np.uint8)))
    return grey


def _on_white(photo: Image.Image) -> Image.Image:
    if photo.mode != "RGBA":
        return photo
    return Image.alpha_composite(Image.new("RGBA", photo.size, "white"), photo).convert("RGB")
