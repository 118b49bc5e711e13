"""Converts decoded frames to sRGB, however their colours are coded.

FFmpeg's scaler applies the matrix and the range. Transfers and wide gamuts are converted here. The scaler of FFmpeg 8
converts them, too, but takes seconds to set up for each size, mixes up the matrices (a green of BT.2020 comes out 14
levels too dark), and is up to 11 levels off in the dark channels of PQ: findings/pictures-hdr-matrix.sh.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
from av.video.reformatter import ColorPrimaries, ColorRange, ColorTrc, Interpolation, VideoReformatter
from PIL import Image

from gettok.media.colour import Colour

Pixels = npt.NDArray[np.uint8]
Signal = npt.NDArray[np.uint16]
Light = npt.NDArray[np.float32]
"""Linear light, in which white is 1."""
Size = tuple[int, int]

#: Without the last two, FFmpeg may round differently on another processor.
_EXACT = Interpolation.LANCZOS | Interpolation.ACCURATE_RND | Interpolation.BITEXACT
#: Planar: rgb24 takes twice as long, and makes white 253; with the flag that mends that, three times as long.
_PLANAR, _PLANAR_16 = "gbrp", "gbrp16le"
#: Diffuse white in cd/m² (ITU-R BT.2408), and the display that HLG is graded on (ITU-R BT.2100).
_WHITE, _HLG_PEAK = 203.0, 1000.0
_DEPTH = 2**16
#: The full level of FFmpeg's RGB in 16 bits: that of 8 bits, moved up by eight (findings/pictures-rgb48-white.sh).
_FULL = 255 << 8
_BAND = 64
#: Linear light in these primaries to that in BT.709: ITU-R BT.2087, and SMPTE EG 432-1 with the white of D65.
_P3 = ((1.2249, -0.2249, 0.0), (-0.0420, 1.0420, 0.0), (-0.0197, -0.0786, 1.0983))
_TO_BT709: Mapping[int, tuple[tuple[float, ...], ...]] = MappingProxyType(
    {
        ColorPrimaries.BT2020: (
            (1.6605, -0.5877, -0.0728),
            (-0.1246, 1.1330, -0.0084),
            (-0.0182, -0.1006, 1.1188),
        ),
        ColorPrimaries.SMPTE431: _P3,
        ColorPrimaries.SMPTE432: _P3,
    }
)
_BT2020_LUMA = (0.2627, 0.6780, 0.0593)


def to_srgb(frame: Any, colour: Colour, size: Size, scaler: VideoReformatter) -> Image.Image:
    """The frame in sRGB, scaled to this width and height.

    White is 255. In HLG and PQ that is diffuse white, 203 cd/m²; what is brighter becomes white, too.
    A scaler belongs to one thread. It is passed in because its setup for a size takes as long as scaling a picture.
    """
    if colour.is_srgb:
        return _merged(_rgb(frame, colour, size, scaler, _PLANAR))
    signal = _rgb(frame, colour, size, scaler, _PLANAR_16).to_ndarray()
    return Image.fromarray(np.concatenate([_converted(band, colour) for band in _bands(signal)]))


def _rgb(frame: Any, colour: Colour, size: Size, scaler: VideoReformatter, pixel_format: str) -> Any:
    """The frame in RGB by its matrix and its range alone."""
    is_rgb = frame.format.is_rgb
    return scaler.reformat(
        frame,
        *size,
        pixel_format,
        src_colorspace=None if is_rgb else colour.scaler_matrix(frame.width, frame.height),
        src_color_range=ColorRange.JPEG if is_rgb or colour.is_full_range else ColorRange.MPEG,
        interpolation=_EXACT,
        threads=1,
    )


def _merged(frame: Any) -> Image.Image:
    """The planes as one picture; without an array between, which would be one more copy."""
    green, blue, red = (
        Image.frombuffer("L", (frame.width, frame.height), plane, "raw", "L", plane.line_size, 1)
        for plane in frame.planes
    )
    return Image.merge("RGB", (red, green, blue))


def _bands(signal: Signal) -> Iterator[Signal]:
    """A few rows at a time: the light of a whole 8K picture would take a gigabyte."""
    return (signal[top : top + _BAND] for top in range(0, len(signal), _BAND))


def _converted(signal: Signal, colour: Colour) -> Pixels:
    light = _light(colour.rgb_transfer)[signal]
    if colour.rgb_transfer == ColorTrc.ARIB_STD_B67:
        light *= _hlg_gain()[_index(_weighted(light, _BT2020_LUMA))][..., None]
    if colour.rgb_primaries in _TO_BT709:
        light = np.stack([_weighted(light, row) for row in _TO_BT709[colour.rgb_primaries]], axis=-1)
    return _srgb_levels()[_index(light)]


def _weighted(light: Light, weights: tuple[float, ...]) -> Light:
    """Not a matrix product, whose rounding depends on the processor."""
    red, green, blue = (np.float32(weight) for weight in weights)
    weighted: Light = light[..., 0] * red + light[..., 1] * green + light[..., 2] * blue
    return weighted


def _index(light: Light) -> Signal:
    return (np.clip(light, 0, 1) * np.float32(_DEPTH - 1) + np.float32(0.5)).astype(np.uint16)


@cache
def _light(transfer: ColorTrc) -> Light:
    """The light of each 16-bit signal; for HLG that of the scene, in which 1 is the peak."""
    signal = np.minimum(np.arange(_DEPTH) / _FULL, 1)
    match transfer:
        case ColorTrc.SMPTE2084:
            light = _pq_eotf(signal) / _WHITE
        case ColorTrc.ARIB_STD_B67:
            light = _hlg_inverse_oetf(signal)
        case _:
            light = np.where(signal <= 0.04045, signal / 12.92, ((signal + 0.055) / 1.055) ** 2.4)
    return light.astype(np.float32)


def _pq_eotf(signal: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """SMPTE ST 2084, in cd/m²."""
    power = signal ** (1 / 78.84375)
    light = np.maximum(power - 0.8359375, 0) / (18.8515625 - 18.6875 * power)
    return np.asarray(10_000 * light ** (1 / 0.1593017578125))


def _hlg_inverse_oetf(signal: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """ITU-R BT.2100."""
    low, high = signal**2 / 3, (np.exp((signal - 0.55991073) / 0.17883277) + 0.28466892) / 12
    return np.where(signal <= 0.5, low, high)


@cache
def _hlg_gain() -> Light:
    """The display's light for that of the scene, by the scene's luminance: the OOTF of ITU-R BT.2100, gamma 1.2."""
    gain = np.linspace(0, 1, _DEPTH) ** 0.2 * _HLG_PEAK / _WHITE
    return gain.astype(np.float32)


@cache
def _srgb_levels() -> Pixels:
    light = np.linspace(0, 1, _DEPTH)
    levels = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.round(255 * levels).astype(np.uint8)
