"""Draws words on a frame, as the author of a video would."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from gettok.errors import BadSettings
from gettok.media.images import Picture, Pictures

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

#: The version of the drawing, for the key of an answer about a painted frame. Change it whenever the drawing changes.
PAINTER = "band-1"
_SMALLEST = 14


@dataclass(frozen=True)
class Painted:
    """A video's frames with words drawn on each."""

    pictures: Pictures
    words: str

    def load(self) -> list[Picture]:
        return [
            Picture(picture.frame_index, picture.time_s, with_words(picture.jpeg, self.words))
            for picture in self.pictures.load()
        ]


def with_words(jpeg: bytes, words: str) -> bytes:
    """The image as JPEG, extended by a band with the words, so that they cover nothing that it shows."""
    from PIL import Image, ImageDraw, ImageFont  # noqa: PLC0415 - most runs paint nothing

    frame = Image.open(io.BytesIO(jpeg)).convert("RGB")
    font = ImageFont.truetype(_font_file(), max(_SMALLEST, frame.width // 18))
    lines = list(_lines(words, font, frame.width * 0.92))
    height = font.size * 1.5
    painted = Image.new("RGB", (frame.width, frame.height + round(height * (len(lines) + 1))), "black")
    painted.paste(frame)
    draw = ImageDraw.Draw(painted)
    for number, line in enumerate(lines):
        place = (frame.width / 2, frame.height + height * (number + 1))
        draw.text(place, line, "white", font, anchor="mm")
    buffer = io.BytesIO()
    painted.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def refuse_unpaintable(words: str) -> None:
    """Raise `BadSettings` for letters that the font lacks: they would be drawn as empty boxes, which say nothing."""
    letters = set("".join(words.split()))
    if missing := sorted(letter for letter in letters if ord(letter) not in _drawable()):
        raise BadSettings(
            f"the words {words!r} cannot be drawn on a frame: DejaVu Sans has no {' '.join(missing)}",
            "stopped before any variant was asked about",
            "write prompt_injection.instructions and control_texts, and the labels, in other letters, or choose "
            "prompt_injection=off",
        )


@cache
def _font_file() -> str:
    """The font that matplotlib has with it, so that it is the same on every machine."""
    import matplotlib as mpl  # noqa: PLC0415 - takes half a second to import, and most runs paint nothing

    return str(Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf")


@cache
def _drawable() -> frozenset[int]:
    from matplotlib.ft2font import FT2Font  # noqa: PLC0415 - as in `_font_file`

    return frozenset(FT2Font(_font_file()).get_charmap())


def _lines(words: str, font: "FreeTypeFont", width: float) -> Iterator[str]:
    """The words in lines of at most this width; a word that is wider on its own is cut."""
    line = ""
    for word in words.split():
        if line and font.getlength(f"{line} {word}") <= width:
            line = f"{line} {word}"
            continue
        if line:
            yield line
        line = word
        while len(line) > 1 and font.getlength(line) > width:
            fits = max(1, next(n for n in range(1, len(line) + 1) if font.getlength(line[:n]) > width) - 1)
            yield line[:fits]
            line = line[fits:]
    if line:
        yield line
