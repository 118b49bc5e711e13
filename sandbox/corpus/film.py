"""Renders films: scenes one after the other with text on them, encoded by ffmpeg."""

import random
import subprocess
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from sandbox.corpus.drawing import HEIGHT, WIDTH
from sandbox.corpus.scenes import SCENES

_FONTS = Path("/usr/share/fonts/truetype")
_FONT_FILES = (
    "dejavu/DejaVuSans-Bold.ttf",
    "liberation/LiberationSans-Bold.ttf",
    "dejavu/DejaVuSerif-Bold.ttf",
    "liberation/LiberationSans-Regular.ttf",
    "liberation/LiberationSerif-Bold.ttf",
    "dejavu/DejaVuSansCondensed-Bold.ttf",
)
#: The colours of the text, and of the bar behind it.
_COLOURS = (
    ("white", "black"),
    ("black", "white"),
    ("white", "#b3121d"),
    ("#111111", "#ffd84a"),
    ("white", "#12337a"),
)


@dataclass(frozen=True)
class Shot:
    """A scene with a length and a text on it; an empty text adds nothing."""

    scene: str
    seconds: float
    text: str


@dataclass(frozen=True)
class Encoding:
    """How a film is encoded."""

    rate: int = 25
    codec: str = "libx264"
    quality: int = 35
    rotated: bool = False
    variable_rate: bool = False


def film(shots: list[Shot], sound: Path | None, path: Path, encoding: Encoding, rng: random.Random) -> int:
    """Draw and encode a film; returns the number of frames."""
    command = ["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24"]
    size = f"{HEIGHT}x{WIDTH}" if encoding.rotated else f"{WIDTH}x{HEIGHT}"
    command += ["-s", size, "-r", str(encoding.rate), "-i", "-"]
    target = path.with_suffix(".unrotated.mp4") if encoding.rotated else path
    command += [*_options(encoding, sound), str(target)]
    count = 0
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        for shot in shots:
            paint, label = SCENES[shot.scene](rng), _label(shot.text, rng)
            for number in range(round(shot.seconds * encoding.rate)):
                picture = paint(number / encoding.rate)
                picture.paste(label, (0, 0), label)
                stored_picture = picture.transpose(Image.Transpose.ROTATE_90) if encoding.rotated else picture
                process.stdin.write(stored_picture.tobytes())
                count += 1
    assert process.returncode == 0, command
    if encoding.rotated:
        _set_rotation(target, path)
    return count


def _options(encoding: Encoding, sound: Path | None) -> list[str]:
    options = [] if sound is None else ["-i", str(sound), "-c:a", "aac", "-b:a", "48k", "-shortest"]
    options += [
        "-c:v",
        encoding.codec,
        "-crf",
        str(encoding.quality),
        "-preset",
        "medium",
        "-pix_fmt",
        "yuv420p",
    ]
    options += ["-g", "120", "-movflags", "+faststart", "-map_metadata", "-1", "-fflags", "+bitexact"]
    if encoding.codec == "libx265":
        options += ["-tag:v", "hvc1", "-x265-params", "log-level=none"]
    if encoding.variable_rate:  # drops frames 1, 2 and 3 of each 7; the others keep their times
        options += ["-vf", "select='not(between(mod(n,7),1,3))'", "-fps_mode", "vfr"]
    return options


def _set_rotation(stored: Path, path: Path) -> None:
    """Add the metadata by which players rotate a film that is stored sideways."""
    command = [
        "ffmpeg",
        "-v",
        "error",
        "-y",
        "-i",
        str(stored),
        "-c",
        "copy",
        "-metadata:s:v:0",
        "rotate=270",
    ]
    subprocess.run([*command, "-movflags", "+faststart", "-fflags", "+bitexact", str(path)], check=True)
    stored.unlink()


def _label(text: str, rng: random.Random) -> Image.Image:
    """A transparent picture with the text on bars, wrapped to the width."""
    label = Image.new("RGBA", (WIDTH, HEIGHT))
    if not text:
        return label
    pen = ImageDraw.Draw(label)
    font = ImageFont.truetype(str(_FONTS / rng.choice(_FONT_FILES)), rng.choice((30, 34, 38)))
    ink, bar = rng.choice(_COLOURS)
    y = rng.choice((60, 110, 300, 480))
    for line in _wrapped(text, font):
        width = pen.textlength(line, font=font)
        x = (WIDTH - width) / 2
        pen.rectangle((x - 10, y - 4, x + width + 10, y + font.size + 10), fill=bar)
        pen.text((x, y), line, font=font, fill=ink)
        y += round(font.size) + 16
    return label


def _wrapped(text: str, font: ImageFont.FreeTypeFont) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= WIDTH - 40:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def photo(shot: Shot, path: Path, rng: random.Random) -> None:
    """One picture of a slideshow."""
    picture = SCENES[shot.scene](rng)(0.0)
    label = _label(shot.text, rng)
    picture.paste(label, (0, 0), label)
    picture.save(path, quality=80)
