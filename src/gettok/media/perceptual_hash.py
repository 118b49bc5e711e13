"""How alike two images look."""

from PIL import Image


def perceptual_hash(image: Image.Image) -> int:
    """64 bits of what an image shows; the more of them two images share, the more alike they look."""
    import imagehash  # noqa: PLC0415 -- imports scipy, for settings that are usually off

    return int(str(imagehash.phash(image)), 16)
