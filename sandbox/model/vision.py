"""Measures what pictures show: text, colours, faces, brightness and motion. Nothing is looked up in the corpus."""

import hashlib
import io
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import pairwise
from typing import Any

from sandbox.model.faces import count_faces

MAX_PIXELS = 40_000_000
FORMATS = ("JPEG", "PNG")
SMALL = (32, 56)
"""Width and height at which colours and motion are measured."""
NEW_SCENE = 0.4
"""The share of pixels whose colour must change its name for a new scene."""

HUES = (
    (14, "red"),
    (40, "orange"),
    (68, "yellow"),
    (165, "green"),
    (200, "turquoise"),
    (258, "blue"),
    (292, "purple"),
)
PLACES = ("at the top", "in the middle", "at the bottom")


@dataclass(frozen=True, slots=True)
class Line:
    text: str
    place: str
    """One of `PLACES`."""


@dataclass(frozen=True, slots=True)
class SeenPicture:
    """The measurements of one picture."""

    width: int
    height: int
    lines: tuple[Line, ...]
    colours: tuple[str, ...]
    """The names of the most common colours, the most common first."""
    faces: int
    brightness: float
    """Mean brightness from 0 to 1."""
    names: tuple[str, ...] = field(repr=False)
    """The colour name of each pixel of the reduced picture."""
    greys: tuple[float, ...] = field(repr=False)

    @property
    def text(self) -> str:
        return "\n".join(line.text for line in self.lines)


class Vision:
    """Measures each distinct picture once, one at a time."""

    def __init__(self) -> None:
        self._seen: dict[str, SeenPicture] = {}
        self._lock = threading.Lock()

    def see(self, picture: bytes) -> SeenPicture:
        """Raises ValueError for a file that is not a JPEG or PNG of a reasonable size."""
        digest = hashlib.sha256(picture).hexdigest()
        with self._lock:
            if digest not in self._seen:
                self._seen[digest] = self._measure(picture)
            return self._seen[digest]

    def _measure(self, picture: bytes) -> SeenPicture:
        import numpy as np  # noqa: PLC0415 - the server must start quickly

        image = open_picture(picture)
        small = image.resize(SMALL)
        names = tuple(_colour(*pixel) for pixel in np.asarray(small.convert("HSV")).reshape(-1, 3).tolist())
        greys = np.asarray(small.convert("L"), dtype=float).ravel() / 255
        return SeenPicture(
            width=image.width,
            height=image.height,
            lines=tuple(self._read(np.asarray(image)[:, :, ::-1])),
            colours=_most_common(names),
            faces=count_faces(image),
            brightness=float(greys.mean().round(3)),
            names=names,
            greys=tuple(greys.round(3).tolist()),
        )

    @cached_property
    def _reader(self) -> Any:
        from rapidocr import RapidOCR  # noqa: PLC0415 - seconds to import

        # with one thread, sums have a fixed order, so the same picture always gives the same text
        return RapidOCR(
            params={
                "Global.log_level": "error",
                "EngineConfig.onnxruntime.intra_op_num_threads": 1,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
                # pictures up to this size are not scaled: enlarging small ones doubles the time and reads no better
                "Det.limit_type": "max",
                "Det.limit_side_len": 1280,
            }
        )

    def _read(self, pixels: Any) -> Iterator[Line]:
        result = self._reader(pixels)
        if result.txts is None:
            return
        height = pixels.shape[0]
        for text, box in zip(result.txts, result.boxes, strict=True):
            centre = sum(float(corner[1]) for corner in box) / len(box) / height
            yield Line(text, PLACES[min(2, int(centre * 3))])


@cache
def vision() -> Vision:
    """The only instance in this process, because loading the OCR model takes a second."""
    return Vision()


def open_picture(picture: bytes) -> Any:
    """The picture in RGB; ValueError if the file is not a picture, or is a decompression bomb."""
    return _with(picture, lambda image: image.convert("RGB"))


def size_of(picture: bytes) -> tuple[int, int]:
    """Width and height, without decoding the pixels; ValueError as for `open_picture`."""
    size: tuple[int, int] = _with(picture, lambda image: image.size)
    return size


def _with(picture: bytes, use: Callable[[Any], Any]) -> Any:
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415 - the server must start quickly

    try:
        image = Image.open(io.BytesIO(picture), formats=FORMATS)
        if image.width * image.height > MAX_PIXELS:
            raise ValueError(f"{image.width} by {image.height} pixels are too many")
        return use(image)
    except (
        UnidentifiedImageError,
        OSError,
        SyntaxError,
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
    ) as error:
        raise ValueError(f"not a readable JPEG or PNG: {error}") from error


def describe(pictures: Sequence[SeenPicture]) -> str:
    """English sentences about the measurements; the same pictures give the same words."""
    if not pictures:
        return "No picture was given."
    return " ".join(_sentences(pictures))


def texts(pictures: Sequence[SeenPicture]) -> list[str]:
    """On-screen text by frame; repeated texts are left out."""
    return list(dict.fromkeys(picture.text for picture in pictures if picture.text))


def _sentences(pictures: Sequence[SeenPicture]) -> Iterator[str]:
    first = pictures[0]
    count = "one frame" if len(pictures) == 1 else f"{len(pictures)} frames"
    shape = (
        "portrait" if first.height > first.width else "landscape" if first.width > first.height else "square"
    )
    yield f"The video is shown in {count} of {shape} format, {first.width} by {first.height} pixels."
    yield f"{'The' if len(pictures) == 1 else 'The first'} frame is {_impression(first)}."
    cuts = [
        number for number, (before, after) in enumerate(pairwise(pictures), 2) if _is_new_scene(before, after)
    ]
    for number in cuts:
        yield f"The scene changes at frame {number}, which is {_impression(pictures[number - 1])}."
    within_scenes = [pair for number, pair in enumerate(pairwise(pictures), 2) if number not in cuts]
    if within_scenes:
        most = max(_difference(*pair) for pair in within_scenes)
        yield f"{_motion(most)} between {'the other' if cuts else 'the'} frames."
    yield _where_text_is(pictures)


def _impression(picture: SeenPicture) -> str:
    light = (
        "dark"
        if picture.brightness < 0.25
        else "dim"
        if picture.brightness < 0.45
        else "bright"
        if picture.brightness > 0.65
        else "evenly lit"
    )
    return f"mostly {' and '.join(picture.colours)} and {light}"


def _where_text_is(pictures: Sequence[SeenPicture]) -> str:
    places = {line.place for picture in pictures for line in picture.lines}
    if not places:
        return "No text can be seen."
    return f"Text can be seen {' and '.join(place for place in PLACES if place in places)} of the picture."


def _motion(difference: float) -> str:
    if difference < 0.02:
        return "Hardly anything moves"
    return "There is some motion" if difference < 0.08 else "There is much motion"


def _difference(before: SeenPicture, after: SeenPicture) -> float:
    return sum(abs(a - b) for a, b in zip(before.greys, after.greys, strict=True)) / len(before.greys)


def _is_new_scene(before: SeenPicture, after: SeenPicture) -> bool:
    changed = sum(a != b for a, b in zip(before.names, after.names, strict=True))
    return changed / len(before.names) > NEW_SCENE


def _most_common(names: Sequence[str]) -> tuple[str, ...]:
    counted = sorted(Counter(names).items(), key=lambda pair: (-pair[1], pair[0]))
    frequent = [name for name, count in counted[:2] if count >= 0.12 * len(names)]
    return tuple(frequent or [counted[0][0]])


def _colour(hue: int, saturation: int, value: int) -> str:
    """A plain name for a colour in HSV, each part from 0 to 255."""
    if value < 45:
        return "black"
    if saturation < 40:
        return "white" if value > 215 else "grey"
    degrees = hue * 360 / 255
    name = next((name for end, name in HUES if degrees < end), "pink" if degrees < 342 else "red")
    if name == "orange" and value < 150:
        return "brown"
    return f"dark {name}" if value < 140 else name
