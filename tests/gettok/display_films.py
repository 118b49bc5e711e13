"""Makes films whose pictures have known sRGB colours as a player shows them, however they are stored.

The colours are coded here by the formulas of the standards and not by FFmpeg, which decodes them in the product.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import media_files
import numpy as np
from PIL import Image

Array = np.ndarray[Any, Any]

COLOURS = (
    (255, 255, 255),
    (128, 128, 128),
    (0, 0, 0),
    (200, 30, 30),
    (30, 160, 60),
    (30, 60, 200),
    (224, 172, 140),
    (230, 220, 40),
)
#: Red's and blue's share of the luma, ITU-R BT.601, BT.709 and BT.2020.
BT601, BT709, BT2020 = (0.299, 0.114), (0.2126, 0.0722), (0.2627, 0.0593)
#: Linear light of BT.709 to that of BT.2020 (ITU-R BT.2087), and to that of Display P3 (SMPTE EG 432-1).
TO_BT2020 = ((0.6274, 0.3293, 0.0433), (0.0691, 0.9195, 0.0114), (0.0164, 0.0880, 0.8956))
TO_P3 = ((0.8225, 0.1774, 0.0), (0.0332, 0.9669, 0.0), (0.0171, 0.0724, 0.9108))
PQ, HLG = 16, 18


@dataclass(frozen=True)
class Film:
    """How a film is stored and tagged; tags are the numbers of ITU-T H.273, and 2 is "not tagged"."""

    codec: str = "libx264"
    size: tuple[int, int] = (384, 256)
    """Width and height as stored."""
    pixel_format: str = "yuv420p"
    matrix: tuple[float, float] = BT601
    is_full: bool = False
    tags: tuple[int, int, int, int] = (2, 2, 2, 0)
    """Primaries, transfer, matrix, and range (1 limited, 2 full)."""
    gamut: Sequence[Sequence[float]] | None = None
    transfer: int = 2
    white: float = 203.0
    """Of HLG and PQ in cd/m²; ITU-R BT.2408 has 203."""
    stored: Image.Transpose | None = None
    """What turns the picture as shown into the stored one; `display` undoes it."""
    display: tuple[int, ...] = ()
    pixel_aspect: Fraction = Fraction(1)
    times: Sequence[int] = range(7)
    options: Mapping[str, str] = field(default_factory=dict)


def shown(number: int, width: int, height: int) -> Array:
    """Bars of the colours, with the number in black and white cells above."""
    bars = np.repeat(np.array(COLOURS, np.uint8), -(-width // len(COLOURS)), axis=0)[:width]
    picture = np.tile(bars, (height, 1, 1))
    cell = width * media_files.CELL // 192
    for digit in range(media_files.DIGITS):
        picture[:cell, digit * cell : (digit + 1) * cell] = 255 * (number >> digit & 1)
    return picture


def colours_in(picture: Array) -> list[tuple[int, ...]]:
    """The median of each bar, apart from its edges."""
    height, width = picture.shape[:2]
    step = width / len(COLOURS)
    middles = (
        picture[height // 2 : -height // 8, int((n + 0.3) * step) : int((n + 0.7) * step)] for n in range(8)
    )
    return [tuple(int(level) for level in np.median(middle, axis=(0, 1))) for middle in middles]


@media_files.usual_priority()
def make(path: Path, film: Film) -> Path:
    with av.open(str(path), "w", format="mp4") as file:
        quiet = {"x265-params": "log-level=none"} if film.codec == "libx265" else {}
        options = {"crf": "6", **quiet, **film.options}
        if film.codec in ("libx264", "libx265"):
            options = {"preset": "ultrafast", "g": "8", **options}
        stream: Any = file.add_stream(film.codec, rate=media_files.RATE, options=options)
        stream.width, stream.height, stream.pix_fmt = *film.size, film.pixel_format
        codec = stream.codec_context
        codec.time_base = Fraction(1, media_files.RATE)
        codec.color_primaries, codec.color_trc, codec.colorspace, codec.color_range = film.tags
        if film.pixel_aspect != 1:
            codec.sample_aspect_ratio = film.pixel_aspect
        if film.display:
            stream.set_display_matrix(film.display)
        for number, time in enumerate(film.times):
            frame = _frame(number, film)
            frame.pts, frame.time_base = time, codec.time_base
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
    return path


def _frame(number: int, film: Film) -> Any:
    picture = Image.fromarray(shown(number, *_upright_size(film)))
    stored = picture if film.stored is None else picture.transpose(film.stored)
    values = _coded(np.asarray(stored, float) / 255, film)
    frame = av.VideoFrame(*film.size, film.pixel_format)
    frame.color_primaries, frame.color_trc, frame.colorspace, frame.color_range = film.tags
    for plane, value in zip(frame.planes, _planes(values, film), strict=True):
        dtype = np.dtype("<u2" if frame.format.components[0].bits > 8 else "u1")
        row = np.zeros((plane.height, plane.line_size // dtype.itemsize), dtype)
        row[:, : value.shape[1]] = value
        plane.update(row.tobytes())
    return frame


def _upright_size(film: Film) -> tuple[int, int]:
    turns = {Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_270}
    turns |= {Image.Transpose.TRANSPOSE, Image.Transpose.TRANSVERSE}
    width, height = film.size
    return (height, width) if film.stored in turns else (width, height)


def _coded(srgb: Array, film: Film) -> Array:
    """The film's own R'G'B' from 0 to 1."""
    if film.gamut is None and film.transfer not in (PQ, HLG):
        return srgb
    light = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    if film.gamut is not None:
        light = np.clip(light @ np.array(film.gamut).T, 0, 1)
    if film.transfer == PQ:
        return _pq(light * film.white)
    if film.transfer == HLG:
        return _hlg(light * film.white)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def _pq(nits: Array) -> Array:
    """The inverse EOTF of SMPTE ST 2084."""
    power = (nits / 10_000) ** 0.1593017578125
    return np.asarray(((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375)


def _hlg(nits: Array) -> Array:
    """The inverse EOTF of ITU-R BT.2100 for a display of 1000 cd/m²."""
    light = nits / 1000
    luminance = light @ np.array([0.2627, 0.6780, 0.0593])
    scene = light * np.maximum(luminance, 1e-9)[..., None] ** (1 / 1.2 - 1)
    high = 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), high)


def _planes(rgb: Array, film: Film) -> list[Array]:
    red, green, blue = np.moveaxis(rgb, 2, 0)
    kr, kb = film.matrix
    luma = kr * red + (1 - kr - kb) * green + kb * blue
    bits = 10 if "10" in film.pixel_format else 8
    values = [luma, (blue - luma) / (2 * (1 - kb)), (red - luma) / (2 * (1 - kr))]
    spans = [(255, 0), (255, 128), (255, 128)] if film.is_full else [(219, 16), (224, 128), (224, 128)]
    planes = [
        np.clip(np.round((value * span + zero) * 2 ** (bits - 8)), 0, 2**bits - 1)
        for value, (span, zero) in zip(values, spans, strict=True)
    ]
    if "gray" in film.pixel_format:
        return planes[:1]
    if "420" in film.pixel_format:
        planes[1:] = [plane[::2, ::2] for plane in planes[1:]]
    return planes


def with_colour_box(data: bytes, tags: tuple[int, int, int]) -> bytes:
    """With a box `colr` in the sample entry; the index is the last box of the file, so that nothing else moves."""
    colour = b"colrnclx" + b"".join(tag.to_bytes(2) for tag in tags) + b"\x00"
    box = (len(colour) + 4).to_bytes(4) + colour
    kinds = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"hev1")
    starts = [data.index(kind) - 4 for kind in kinds]
    lengths = {start: int.from_bytes(data[start : start + 4]) for start in starts}
    end = starts[-1] + lengths[starts[-1]]
    for start, length in lengths.items():
        data = data[:start] + (length + len(box)).to_bytes(4) + data[start + 4 :]
    return data[:end] + box + data[end:]
