"""Films for the measurement: as hard to encode as a busy street, and with a number in every frame."""

import io
from pathlib import Path
from typing import Any, NamedTuple

import av
import numpy as np
from PIL import Image

CELLS = 18
"""Binary digits of a frame's number; an hour has more than a hundred thousand frames."""

Picture = np.ndarray[Any, Any]


class Form(NamedTuple):
    """A film's length and shape; `size` is in pixels."""

    seconds: int
    key_every_s: int
    size: tuple[int, int]
    rate: int = 30
    tags: tuple[int, int, int] | None = None
    """Primaries, transfer and matrix by ITU-T H.273 of a film in ten bits; None for one in eight without tags."""


def film(path: Path, codec: str, form: Form) -> None:
    quiet = {"x265-params": "log-level=none"} if codec == "libx265" else {}
    options = {"g": str(form.key_every_s * form.rate), "preset": "ultrafast", **quiet}
    with av.open(str(path), "w", format="mp4") as file:
        stream: Any = file.add_stream(codec, rate=form.rate, options=options)
        stream.width, stream.height, stream.pix_fmt = *form.size, "yuv420p10le" if form.tags else "yuv420p"
        if form.tags:
            tagged = stream.codec_context
            tagged.color_primaries, tagged.color_trc, tagged.colorspace = form.tags
        backdrop = _backdrop(*form.size)
        for number in range(form.seconds * form.rate):
            frame = av.VideoFrame.from_ndarray(_drawn(backdrop, number), format="rgb24")
            file.mux(stream.encode(frame))
        file.mux(stream.encode())


def _backdrop(width: int, height: int) -> Picture:
    across, down = np.arange(width)[None, :, None], np.arange(height)[:, None, None]
    stripes = (across * np.array([1, 2, 3]) + down * np.array([3, 1, 2])) // 4 % 256
    return np.asarray(stripes, dtype=np.uint8)


def _drawn(backdrop: Picture, number: int) -> Picture:
    """The stripes, moved on, and the number as a column of black and white cells."""
    picture = np.roll(backdrop, (number, 3 * number), axis=(0, 1))
    side = len(picture) // (CELLS + 1)
    for digit in range(CELLS):
        picture[digit * side : (digit + 1) * side, :side] = 255 * (number >> digit & 1)
    return picture


def number_in(jpeg: bytes) -> int:
    """The number in a frame, whatever size the frame has been scaled to."""
    picture = np.asarray(Image.open(io.BytesIO(jpeg)).convert("L"))
    side = len(picture) / (CELLS + 1)
    places = (int((digit + 0.5) * side) for digit in range(CELLS))
    return sum(int(picture[place, int(side / 2)] > 128) << digit for digit, place in enumerate(places))
