"""Converts a photo to sRGB, by the colour profile that is embedded in it."""

import io

from PIL import Image, ImageChops, ImageCms

#: What Pillow raises for a profile that is damaged, or is one of another kind of colours than the photo's.
_BAD_PROFILE = (ImageCms.PyCMSError, OSError, ValueError, TypeError)


def photo_to_srgb(photo: Image.Image, profile: bytes | None, *, is_cmyk_inverted: bool) -> Image.Image:
    """A photo in grey, RGB or CMYK with 8 bits, in RGB; or in RGBA if it may be transparent.

    Without an ICC profile, or with a damaged one, its colours count as sRGB. `is_cmyk_inverted` is whether the file
    stores CMYK as Adobe does; Pillow assumes it of every JPEG.
    """
    alpha = photo.getchannel("A") if photo.mode in {"LA", "RGBA"} else None
    colours = photo.convert(photo.mode[:-1]) if alpha else photo
    if colours.mode == "CMYK" and not is_cmyk_inverted:
        colours = ImageChops.invert(colours)
    rgb = _by_profile(colours, profile) if profile else colours.convert("RGB")
    if alpha is not None:
        rgb.putalpha(alpha)
    return rgb


def _by_profile(colours: Image.Image, profile: bytes) -> Image.Image:
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(
            colours, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except _BAD_PROFILE:
        return colours.convert("RGB")
    assert converted is not None, "it is converted in place only if one asks for that"
    return converted
