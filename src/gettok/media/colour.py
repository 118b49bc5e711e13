"""Reads how a file codes its colours: primaries, transfer, matrix and range, by the numbers of ITU-T H.273.

Many files are not tagged, or only in part. What is missing is decided as players do it.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

#: Chromium's limit for untagged video; mpv's for wide pictures with black bars cut off.
_HD_HEIGHT, _HD_WIDTH = 720, 1280
_UNSPECIFIED = 2
_HDR = frozenset((ColorTrc.SMPTE2084, ColorTrc.ARIB_STD_B67))
_WIDE = frozenset((ColorPrimaries.BT2020, ColorPrimaries.SMPTE431, ColorPrimaries.SMPTE432))
_KNOWN_PRIMARIES = frozenset(ColorPrimaries) - {ColorPrimaries.UNSPECIFIED}
_SD_PRIMARIES = frozenset((ColorPrimaries.BT470BG, ColorPrimaries.SMPTE170M, ColorPrimaries.SMPTE240M))


class Matrix(IntEnum):
    """The matrices from YCbCr to RGB that FFmpeg's scaler has, under FFmpeg's names."""

    BT709 = 1
    FCC = 4
    BT470BG = 5
    SMPTE170M = 6
    SMPTE240M = 7
    BT2020NC = 9
    BT2020C = 10


_SCALER_MATRIX = {
    Matrix.BT709: Colorspace.ITU709,
    Matrix.FCC: Colorspace.FCC,
    Matrix.BT470BG: Colorspace.ITU601,
    Matrix.SMPTE170M: Colorspace.ITU601,
    Matrix.SMPTE240M: Colorspace.SMPTE240M,
    Matrix.BT2020NC: Colorspace.BT2020,
    Matrix.BT2020C: Colorspace.BT2020,
}


@dataclass(frozen=True)
class Colour:
    """The four tags. A picture's own come first, then those of its file: some decoders drop what only the file says."""

    primaries: int
    transfer: int
    matrix: int
    range: int

    @staticmethod
    def of(tagged: Any) -> "Colour":
        """Of a decoded frame; or of a codec that has not decoded yet, which is what the file declares."""
        return Colour(tagged.color_primaries, tagged.color_trc, tagged.colorspace, tagged.color_range)

    def or_else(self, other: "Colour") -> "Colour":
        """With what is not tagged taken from `other`."""
        return Colour(
            _first(self.primaries, other.primaries),
            _first(self.transfer, other.transfer),
            _first(self.matrix, other.matrix),
            self.range or other.range,
        )

    @property
    def is_hdr(self) -> bool:
        """Whether it is HLG or PQ, which must be tone-mapped."""
        return self.transfer in _HDR

    @property
    def is_srgb(self) -> bool:
        """Whether RGB by the matrix alone is sRGB.

        So are all SDR transfers and the primaries of SD, as in most players: these tags are often set by default, and
        the primaries differ from those of sRGB by a few levels.
        """
        return not self.is_hdr and self.primaries not in _WIDE

    @property
    def is_full_range(self) -> bool:
        return self.range == ColorRange.JPEG

    @property
    def rgb_transfer(self) -> ColorTrc:
        """The transfer of its RGB; SDR is shown on displays of sRGB, so its greys stay as they are."""
        return ColorTrc(self.transfer) if self.is_hdr else ColorTrc.IEC61966_2_1

    @property
    def rgb_primaries(self) -> ColorPrimaries:
        """The primaries of its RGB; those of BT.2020 for HDR that is not tagged."""
        is_tagged = self.primaries in _KNOWN_PRIMARIES
        return ColorPrimaries(self.primaries) if is_tagged else ColorPrimaries.BT2020

    @property
    def facts(self) -> dict[str, str | None]:
        """The tags by FFmpeg's names; None for what is not tagged or has no name."""
        return {
            "color_primaries": _name(ColorPrimaries, self.primaries),
            "color_transfer": _name(ColorTrc, self.transfer),
            "color_space": _name(Matrix, self.matrix),
            "color_range": {ColorRange.MPEG: "limited", ColorRange.JPEG: "full"}.get(ColorRange(self.range)),
        }

    def scaler_matrix(self, width: int, height: int) -> Colorspace:
        """The matrix for FFmpeg's scaler; for a file without a known one by its other tags, then by its size."""
        return _SCALER_MATRIX[self._known_matrix() or _matrix_of_size(width, height)]

    def _known_matrix(self) -> Matrix | None:
        if self.matrix in _SCALER_MATRIX:
            return Matrix(self.matrix)
        if self.is_hdr or self.primaries == ColorPrimaries.BT2020:
            return Matrix.BT2020NC
        if self.primaries in _SD_PRIMARIES:
            return Matrix.SMPTE170M
        return Matrix.BT709 if self.primaries == ColorPrimaries.BT709 else None


def _matrix_of_size(width: int, height: int) -> Matrix:
    """BT.709 for HD and BT.601 for SD, by the stored size."""
    return Matrix.BT709 if height >= _HD_HEIGHT or width >= _HD_WIDTH else Matrix.SMPTE170M


def _first(tag: int, other: int) -> int:
    """Codes 0 and 3 are reserved, apart from matrix 0, which is RGB and no matrix."""
    return other if tag in (0, _UNSPECIFIED, 3) else tag


def _name(names: type[IntEnum], tag: int) -> str | None:
    if tag == _UNSPECIFIED or tag not in names.__members__.values():
        return None
    return names(tag).name.lower().replace("_", "-")
