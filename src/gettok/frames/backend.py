"""What every backend does, and the check of what it decodes.

A backend is a module of `gettok.frames.backends` with a function `decode`, and a line in `FRAME_BACKENDS`. All of them
must give the same pictures, but no library is right about every file: decord shows pictures that an edit list hides and
miscounts open GOPs, OpenCV repeats the last picture of a file that ends early and seeks wrongly at a variable rate,
torchcodec ignores rotation, OpenCV and decord do not read AV1 (findings/opencv-av1.sh) and hide it when the size
changes, and each has its own idea of colours (see `is_plain`). So a picture whose time is not in the timetable raises
`Untrusted`, and so does a kind of file on which the library is known to fail; PyAV then decodes the file instead.

One difference stays. Video has one sample of colour for four pixels; PyAV interpolates them here, and OpenCV and decord
repeat them, with no setting to change that. Beside sharp edges of colour their pictures differ.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from av.video.reformatter import Colorspace
from PIL import Image

from gettok.errors import BadSettings
from gettok.frames.jpeg import Encoder, Jpeg
from gettok.frames.timetable import Timetable
from gettok.media.colour import Matrix
from gettok.media.container import decoded_frames, opened, video_stream
from gettok.media.display import Display, Orientation
from gettok.settings.registries import FRAME_BACKENDS

#: A backend's `decode`: the pictures with these indices, in this order. Raises `Untrusted`, and `Unusable`.
Decode = Callable[[Path, Timetable, Sequence[int], Encoder], Iterator[Jpeg]]
#: Pictures that are decoded before they are scaled down, so that memory does not grow with their number.
_BATCH = 8


class Untrusted(Exception):
    """The library's pictures of this file cannot be relied on."""


class DecodedPicture(NamedTuple):
    """An upright RGB picture, and when it is shown as the library says: in seconds of the file's clock."""

    time_s: float
    pixels: np.ndarray[Any, Any]


def load_backend(name: str) -> Decode:
    """Raises `BadSettings` if the library cannot be loaded."""
    backend = FRAME_BACKENDS[name]
    try:
        decode: Decode = backend.load_from("gettok.frames.backends").decode
    except (ImportError, OSError, RuntimeError) as error:
        raise BadSettings(
            f"frames.backend is {name}, which cannot be loaded: {str(error).strip().splitlines()[0]}",
            "stopped before any video was decoded",
            f"install {name}{backend.needs}, or choose the backend pyav, which includes its own FFmpeg",
        ) from error
    return decode


def encode(
    path: Path,
    pictures: Iterable[DecodedPicture],
    timetable: Timetable,
    indices: Sequence[int],
    encoder: Encoder,
) -> Iterator[Jpeg]:
    """The pictures as JPEG. Raises `Untrusted` if the file is not plain, and at the first unexpected time or size."""
    if not timetable.may_seek:
        raise Untrusted("several edits")
    size = _plain_size(path)
    for index, picture in zip(indices, pictures, strict=True):
        check_time(timetable, index, picture.time_s)
        image = Image.fromarray(picture.pixels)
        if image.size != size:
            raise Untrusted(f"picture {index} has {image.size} pixels")
        yield encoder.of_large_image(index, image)


def _plain_size(path: Path) -> tuple[int, int]:
    """Width and height of the pictures. Raises `Untrusted` unless all key frames are plain and of one size.

    Where the size changes midway, decord and OpenCV scale every picture to the first one's, without a word.
    """
    sizes = set()
    with opened(path) as file:
        stream = video_stream(file)
        display = Display.of(stream)
        keys = (packet for packet in file.demux(stream) if packet.is_keyframe or not packet.size)
        for frame in decoded_frames(keys):
            sizes.add((frame.width, frame.height))
            if len(sizes) > 1 or not is_plain(frame, display):
                raise Untrusted(
                    "a size that changes, or colours or a form that the libraries do not agree on"
                )
    if not sizes:
        raise Untrusted("no key frame decodes alone")
    return sizes.pop()


def is_plain(frame: Any, display: Display) -> bool:
    """Whether every library shows it alike.

    That is: upright, square pixels, SDR in 8 bits, and BT.709 or BT.601 as they take it: by the picture's own tag, and
    BT.601 without one. torchcodec 0.7 knows full range only by the pixel format; OpenCV tone-maps HDR in its own way.
    """
    colour = display.colour_of(frame)
    as_taken = Colorspace.ITU709 if frame.colorspace == Matrix.BT709 else Colorspace.ITU601
    return (
        Orientation.of(frame) == Orientation()
        and display.pixel_aspect == 1
        and colour.is_srgb
        and (frame.format.name == "yuvj420p" or (frame.format.name == "yuv420p" and not colour.is_full_range))
        and colour.scaler_matrix(frame.width, frame.height) == as_taken
    )


def check_time(timetable: Timetable, index: int, time_s: float) -> None:
    """Raises `Untrusted` unless the time is closer to this picture's than to any other's."""
    near = timetable.times[max(0, index - 1) : index + 2]
    gap_s = min((float((b - a) * timetable.unit) for a, b in pairwise(near)), default=1.0)
    if abs(time_s - float(timetable.times[index] * timetable.unit)) >= gap_s / 2:
        raise Untrusted(f"picture {index} has the time of another")


def batches(indices: Sequence[int]) -> Iterator[list[int]]:
    return (list(indices[start : start + _BATCH]) for start in range(0, len(indices), _BATCH))
