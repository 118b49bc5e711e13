"""Films that are shown otherwise than they are stored, or that libraries show differently."""

from collections.abc import Mapping
from fractions import Fraction

from display_films import BT601, BT709, BT2020, HLG, PQ, TO_BT2020, TO_P3, Film
from PIL import Image

HD, TALL, ON_SIDE = (1280, 720), (720, 1280), (256, 384)
ONE, END = 1 << 16, 1 << 30
#: Full range, by the pixel format where the codec has one for it.
_FULL = {"matrix": BT709, "is_full": True, "tags": (1, 1, 1, 2)}
_WIDE = {"codec": "libx265", "pixel_format": "yuv420p10le", "matrix": BT2020, "gamut": TO_BT2020}

COLOURS: Mapping[str, Film] = {
    "BT.709": Film(size=HD, matrix=BT709, tags=(1, 1, 1, 1)),
    "BT.709, SD": Film(matrix=BT709, tags=(1, 1, 1, 1)),
    "BT.601, 525 lines": Film(tags=(6, 6, 6, 1)),
    "BT.601, 625 lines": Film(tags=(5, 6, 5, 1)),
    "BT.601, HD": Film(size=HD, tags=(6, 6, 6, 1)),
    "not tagged, HD": Film(size=HD, matrix=BT709),
    "not tagged, HD, upright": Film(size=TALL, matrix=BT709),
    "not tagged, SD": Film(matrix=BT601),
    "only primaries tagged": Film(matrix=BT709, tags=(1, 2, 2, 0)),
    "H.264, full range": Film(pixel_format="yuvj420p", **_FULL),
    "HEVC, full range": Film(codec="libx265", pixel_format="yuvj420p", **_FULL),
    "HEVC": Film(codec="libx265", matrix=BT709, tags=(1, 1, 1, 1)),
    "VP9": Film(codec="libvpx-vp9", matrix=BT709, tags=(1, 1, 1, 1)),
    "VP9, full range": Film(codec="libvpx-vp9", **_FULL),
    "AV1": Film(codec="libsvtav1", matrix=BT709, tags=(1, 1, 1, 1)),
    "AV1, full range": Film(codec="libsvtav1", **_FULL),
    "10 bits": Film(pixel_format="yuv420p10le", matrix=BT709, tags=(1, 1, 1, 1)),
    "4:4:4": Film(pixel_format="yuv444p", matrix=BT709, tags=(1, 1, 1, 1)),
    "BT.2020, SDR": Film(**_WIDE, tags=(9, 14, 9, 1)),
    "Display P3": Film(matrix=BT709, gamut=TO_P3, tags=(12, 1, 1, 1)),
    "HLG": Film(**_WIDE, transfer=HLG, tags=(9, HLG, 9, 1)),
    "PQ": Film(**_WIDE, transfer=PQ, tags=(9, PQ, 9, 1)),
    "PQ, only transfer tagged": Film(**_WIDE, transfer=PQ, tags=(2, PQ, 2, 1)),
}

GEOMETRY: Mapping[str, Film] = {
    "wide pixels": Film(pixel_aspect=Fraction(4, 3)),
    "narrow pixels": Film(pixel_aspect=Fraction(8, 9)),
    "mirrored": Film(stored=Image.Transpose.FLIP_LEFT_RIGHT, display=(-ONE, 0, 0, 0, ONE, 0, 0, 0, END)),
    "flipped": Film(stored=Image.Transpose.FLIP_TOP_BOTTOM, display=(ONE, 0, 0, 0, -ONE, 0, 0, 0, END)),
    "upside down": Film(stored=Image.Transpose.ROTATE_180, display=(-ONE, 0, 0, 0, -ONE, 0, 0, 0, END)),
    "turned": Film(
        size=ON_SIDE, stored=Image.Transpose.ROTATE_90, display=(0, ONE, 0, -ONE, 0, 0, 0, 0, END)
    ),
    "turned back, wide pixels": Film(
        size=ON_SIDE,
        stored=Image.Transpose.ROTATE_270,
        display=(0, -ONE, 0, ONE, 0, 0, 0, 0, END),
        pixel_aspect=Fraction(4, 3),
    ),
    "transposed": Film(
        size=ON_SIDE, stored=Image.Transpose.TRANSPOSE, display=(0, ONE, 0, ONE, 0, 0, 0, 0, END)
    ),
    "transversed": Film(
        size=ON_SIDE, stored=Image.Transpose.TRANSVERSE, display=(0, -ONE, 0, -ONE, 0, 0, 0, 0, END)
    ),
}
"""A matrix (a, b, 0, c, d, 0, …) shows the point (x, y) at (ax + cy, bx + dy): ISO/IEC 14496-12."""

TIMES: Mapping[str, Film] = {
    "variable rate": Film(times=[n + n * n // 4 for n in range(13)]),
    "variable rate, HEVC, turned": Film(
        codec="libx265",
        size=ON_SIDE,
        stored=Image.Transpose.ROTATE_90,
        display=(0, ONE, 0, -ONE, 0, 0, 0, 0, END),
        times=[2 * n + n * n // 5 for n in range(13)],
    ),
}
