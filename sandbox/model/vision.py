"""What can be seen in pictures: text, colours, light, motion. Measured, never looked up."""

import hashlib
import io
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import pairwise
from typing import Any

MOST_PIXELS = 40_000_000
FORMATS = ("JPEG", "PNG")
SMALL = (32, 56)
"""Width and height at which colours and motion are measured."""
NEW_SCENE = 0.4
"""Share of pixels that must change their colour's name to make a new scene."""

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
class Look:
    """One picture, seen."""

    width: int
    height: int
    lines: tuple[Line, ...]
    colours: tuple[str, ...]
    """The names that cover most of it, the largest first."""
    light: float
    """Mean brightness from 0 to 1."""
    names: tuple[str, ...] = field(repr=False)
    """The colour's name of each pixel of the small picture."""
    greys: tuple[float, ...] = field(repr=False)

    @property
    def text(self) -> str:
        return "\n".join(line.text for line in self.lines)


class Eyes:
    """Sees each picture once, one at a time."""

    def __init__(self) -> None:
        self._seen: dict[str, Look] = {}
        self._lock = threading.Lock()

    def look(self, picture: bytes) -> Look:
        """Raises ValueError for what is not a JPEG or PNG of a reasonable size."""
        digest = hashlib.sha256(picture).hexdigest()
        with self._lock:
            if digest not in self._seen:
                self._seen[digest] = self._measure(picture)
            return self._seen[digest]

    def _measure(self, picture: bytes) -> Look:
        import numpy as np  # noqa: PLC0415 - the server must start at once

        image = opened(picture)
        small = image.resize(SMALL)
        names = tuple(_colour(*pixel) for pixel in np.asarray(small.convert("HSV")).reshape(-1, 3).tolist())
        greys = np.asarray(small.convert("L"), dtype=float).ravel() / 255
        return Look(
            width=image.width,
            height=image.height,
            lines=tuple(self._read(np.asarray(image)[:, :, ::-1])),
            colours=_largest(names),
            light=float(greys.mean().round(3)),
            names=names,
            greys=tuple(greys.round(3).tolist()),
        )

    @cached_property
    def _reader(self) -> Any:
        from rapidocr import RapidOCR  # noqa: PLC0415 - seconds to import

        # one thread: sums in a fixed order give the same letters each time
        return RapidOCR(
            params={
                "Global.log_level": "error",
                "EngineConfig.onnxruntime.intra_op_num_threads": 1,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
                # as given up to this size: enlarging small pictures doubles the time and reads no better
                "Det.limit_type": "max",
                "Det.limit_side_len": 1280,
            }
        )

    def _read(self, pixels: Any) -> Iterator[Line]:
        found = self._reader(pixels)
        if found.txts is None:
            return
        height = pixels.shape[0]
        for text, box in zip(found.txts, found.boxes, strict=True):
            centre = sum(float(corner[1]) for corner in box) / len(box) / height
            yield Line(text, PLACES[min(2, int(centre * 3))])


@cache
def eyes() -> Eyes:
    """The only pair in this process: loading the reader of text takes a second."""
    return Eyes()


def opened(picture: bytes) -> Any:
    """The picture in RGB; ValueError when it is none, or a bomb."""
    return _with(picture, lambda image: image.convert("RGB"))


def size_of(picture: bytes) -> tuple[int, int]:
    """Width and height, without opening the rest; ValueError as for `opened`."""
    size: tuple[int, int] = _with(picture, lambda image: image.size)
    return size


def _with(picture: bytes, use: Callable[[Any], Any]) -> Any:
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415 - the server must start at once

    try:
        image = Image.open(io.BytesIO(picture), formats=FORMATS)
        if image.width * image.height > MOST_PIXELS:
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


def described(looks: Sequence[Look]) -> str:
    """English sentences about what was measured; the same pictures give the same words."""
    if not looks:
        return "No picture was given."
    return " ".join(_sentences(looks))


def texts(looks: Sequence[Look]) -> list[str]:
    """On-screen text by frame, each text only where it first appears."""
    return list(dict.fromkeys(look.text for look in looks if look.text))


def _sentences(looks: Sequence[Look]) -> Iterator[str]:
    first = looks[0]
    count = "one frame" if len(looks) == 1 else f"{len(looks)} frames"
    shape = (
        "portrait" if first.height > first.width else "landscape" if first.width > first.height else "square"
    )
    yield f"The video is shown in {count} of {shape} format, {first.width} by {first.height} pixels."
    yield f"{'The' if len(looks) == 1 else 'The first'} frame is {_impression(first)}."
    cuts = [number for number, (old, new) in enumerate(pairwise(looks), 2) if _is_new_scene(old, new)]
    for number in cuts:
        yield f"The scene changes at frame {number}, which is {_impression(looks[number - 1])}."
    calm = [pair for number, pair in enumerate(pairwise(looks), 2) if number not in cuts]
    if calm:
        most = max(_difference(*pair) for pair in calm)
        yield f"{_motion(most)} between {'the other' if cuts else 'the'} frames."
    yield _where_text_is(looks)


def _impression(look: Look) -> str:
    light = (
        "dark"
        if look.light < 0.25
        else "dim"
        if look.light < 0.45
        else "bright"
        if look.light > 0.65
        else "evenly lit"
    )
    return f"mostly {' and '.join(look.colours)} and {light}"


def _where_text_is(looks: Sequence[Look]) -> str:
    places = {line.place for look in looks for line in look.lines}
    if not places:
        return "No text can be seen."
    return f"Text can be seen {' and '.join(place for place in PLACES if place in places)} of the picture."


def _motion(difference: float) -> str:
    if difference < 0.02:
        return "Hardly anything moves"
    return "There is some motion" if difference < 0.08 else "There is much motion"


def _difference(old: Look, new: Look) -> float:
    return sum(abs(a - b) for a, b in zip(old.greys, new.greys, strict=True)) / len(old.greys)


def _is_new_scene(old: Look, new: Look) -> bool:
    changed = sum(a != b for a, b in zip(old.names, new.names, strict=True))
    return changed / len(old.names) > NEW_SCENE


def _largest(names: Sequence[str]) -> tuple[str, ...]:
    counted = sorted(Counter(names).items(), key=lambda pair: (-pair[1], pair[0]))
    large = [name for name, count in counted[:2] if count >= 0.12 * len(names)]
    return tuple(large or [counted[0][0]])


def _colour(hue: int, saturation: int, value: int) -> str:
    """A plain name for a colour whose parts go from 0 to 255."""
    if value < 45:
        return "black"
    if saturation < 40:
        return "white" if value > 215 else "grey"
    degrees = hue * 360 / 255
    name = next((name for end, name in HUES if degrees < end), "pink" if degrees < 342 else "red")
    if name == "orange" and value < 150:
        return "brown"
    return f"dark {name}" if value < 140 else name
