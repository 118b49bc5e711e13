"""How a player shows the stored pictures of a file: turned, mirrored, and with pixels that may not be square."""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Self

import numpy as np
from av.sidedata.sidedata import Type
from PIL import Image

from gettok.media.colour import Colour

#: Wider or narrower pixels are damage: those of anamorphic lenses are at most two to one.
_MAX_ASPECT = 10
_SQUARE = Fraction(1)
_MATRIX_CELLS = 9
_TRANSPOSES = {
    (90, False): Image.Transpose.ROTATE_90,
    (180, False): Image.Transpose.ROTATE_180,
    (270, False): Image.Transpose.ROTATE_270,
    (0, True): Image.Transpose.FLIP_LEFT_RIGHT,
    (90, True): Image.Transpose.TRANSPOSE,
    (180, True): Image.Transpose.FLIP_TOP_BOTTOM,
    (270, True): Image.Transpose.TRANSVERSE,
}

#: Rotation and mirroring by the number in EXIF.
_EXIF = {
    2: (0, True),
    3: (180, False),
    4: (180, True),
    5: (90, True),
    6: (270, False),
    7: (270, True),
    8: (90, False),
}


@dataclass(frozen=True)
class Orientation:
    """One of the eight orientations: mirrored left to right if so, then turned by quarter turns counter-clockwise."""

    rotation: int = 0
    is_mirrored: bool = False

    @classmethod
    def of(cls, frame: Any) -> Self:
        """By the whole display matrix: FFmpeg's angle calls a mirrored picture one that is upside down."""
        data = next((data for data in frame.side_data if data.type == Type.DISPLAYMATRIX), None)
        if data is None:
            return cls()
        cells = np.frombuffer(bytes(data), "<i4").tolist()
        return cls.by_matrix(*cells[:2], *cells[3:5]) if len(cells) == _MATRIX_CELLS else cls()

    @classmethod
    def by_matrix(cls, a: int, b: int, c: int, d: int) -> Self:
        """The nearest one, where a point (x right, y down) is shown at (ax + cy, bx + dy)."""
        return cls(round(math.degrees(math.atan2(c, d)) / 90) * 90 % 360, a * d - b * c < 0)

    @classmethod
    def by_exif(cls, number: int) -> Self:
        """By the number in a photo's EXIF, from 1 to 8; any other one turns nothing."""
        return cls(*_EXIF.get(number, (0, False)))

    @property
    def swaps_sides(self) -> bool:
        return self.rotation in (90, 270)

    def upright(self, image: Image.Image) -> Image.Image:
        """The stored picture as it is shown."""
        transpose = _TRANSPOSES.get((self.rotation, self.is_mirrored))
        return image if transpose is None else image.transpose(transpose)


@dataclass(frozen=True)
class Display:
    """What the file says about all its pictures; each picture has its own tags besides, which come first."""

    pixel_aspect: Fraction
    """Width of a stored pixel relative to its height."""
    colour: Colour

    @staticmethod
    def of(stream: Any) -> "Display":
        """Of a stream that has not been decoded yet, as decoding changes what its codec says."""
        aspect = stream.sample_aspect_ratio or _SQUARE  # the container's, else the codec's
        is_sound = 1 / _MAX_ASPECT <= aspect <= _MAX_ASPECT
        return Display(aspect if is_sound else _SQUARE, Colour.of(stream.codec_context))

    def size(self, frame: Any) -> tuple[int, int]:
        """Width and height of a frame with square pixels, before it is turned; the height is the stored one."""
        return max(1, round(frame.width * self.pixel_aspect)), frame.height

    def facts(self, frame: Any) -> dict[str, Any]:
        """How this frame is shown, as columns of the table `media`."""
        orientation, (width, height) = Orientation.of(frame), self.size(frame)
        return {
            "width": height if orientation.swaps_sides else width,
            "height": width if orientation.swaps_sides else height,
            "rotation": orientation.rotation,
            "is_mirrored": orientation.is_mirrored,
            "pixel_aspect_ratio": round(float(self.pixel_aspect), 4),
            **self.colour_of(frame).facts,
        }

    def colour_of(self, frame: Any) -> Colour:
        return Colour.of(frame).or_else(self.colour)
