"""Counts faces in a picture: patches in the colours of skin with the shape of a face below its hair."""

from typing import Any

HUES, SATURATIONS, VALUES = (17, 33), (0.38, 0.70), (0.40, 0.91)
"""Of skin: degrees, and shares of 1."""
SHAPES, FILLED = (0.9, 2.0), 0.55
"""A face's width by its height, and the share of that rectangle that it fills."""
SMALLEST, LARGEST = 150, 0.12
"""Pixels, and the share of the picture."""


def count_faces(image: Any) -> int:
    """Faces apart from each other; of two that touch, or one before a wall of its colour, none may be found."""
    import numpy as np  # noqa: PLC0415 - the server must start quickly
    from scipy import ndimage  # noqa: PLC0415

    hue, saturation, value = (np.asarray(image.convert("HSV"), dtype=float) / 255).transpose(2, 0, 1)
    skin = _within(hue * 360, HUES) & _within(saturation, SATURATIONS) & _within(value, VALUES)
    patches, _ = ndimage.label(ndimage.binary_opening(skin, iterations=2))
    areas = np.bincount(patches.ravel())[1:]
    boxes = ndimage.find_objects(patches)
    return sum(_is_face(box, int(area), skin.size) for box, area in zip(boxes, areas, strict=True))


def _within(values: Any, limits: tuple[float, float]) -> Any:
    return (values >= limits[0]) & (values <= limits[1])


def _is_face(box: tuple[slice, slice], area: int, whole: int) -> bool:
    height, width = (side.stop - side.start for side in box)
    is_filled = area >= FILLED * width * height
    return SMALLEST <= area <= LARGEST * whole and SHAPES[0] <= width / height <= SHAPES[1] and is_filled
