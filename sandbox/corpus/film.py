"""What is to be seen, as a file: scenes one after the other with text upon them, encoded by ffmpeg."""

import random
import subprocess
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from sandbox.corpus.drawing import HEIGHT, WIDTH
from sandbox.corpus.scenes import SCENES

_FONTS = Path("/usr/share/fonts/truetype")
_FACES = (
    "dejavu/DejaVuSans-Bold.ttf",
    "liberation/LiberationSans-Bold.ttf",
    "dejavu/DejaVuSerif-Bold.ttf",
    "liberation/LiberationSans-Regular.ttf",
    "liberation/LiberationSerif-Bold.ttf",
    "dejavu/DejaVuSansCondensed-Bold.ttf",
)
#: Letters and what they stand upon.
_LOOKS = (
    ("white", "black"),
    ("black", "white"),
    ("white", "#b3121d"),
    ("#111111", "#ffd84a"),
    ("white", "#12337a"),
)


@dataclass(frozen=True)
class Shot:
    """A scene of so many seconds with a text upon it; an empty text leaves the scene alone."""

    scene: str
    seconds: float
    text: str


@dataclass(frozen=True)
class Encoding:
    """How a film is written down."""

    rate: int = 25
    codec: str = "libx264"
    quality: int = 35
    rotated: bool = False
    variable_rate: bool = False


def film(shots: list[Shot], sound: Path | None, path: Path, encoding: Encoding, chance: random.Random) -> int:
    """Draw and encode; gives back the number of frames."""
    command = ["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24"]
    size = f"{HEIGHT}x{WIDTH}" if encoding.rotated else f"{WIDTH}x{HEIGHT}"
    command += ["-s", size, "-r", str(encoding.rate), "-i", "-"]
    target = path.with_suffix(".unrotated.mp4") if encoding.rotated else path
    command += [*_options(encoding, sound), str(target)]
    count = 0
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        for shot in shots:
            paint, label = SCENES[shot.scene](chance), _label(shot.text, chance)
            for number in range(round(shot.seconds * encoding.rate)):
                picture = paint(number / encoding.rate)
                picture.paste(label, (0, 0), label)
                turned = picture.transpose(Image.Transpose.ROTATE_90) if encoding.rotated else picture
                process.stdin.write(turned.tobytes())
                count += 1
    assert process.returncode == 0, command
    if encoding.rotated:
        _turn(target, path)
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
    if (
        encoding.variable_rate
    ):  # every frame whose number is 1, 2 or 3 of 7 goes, and the others keep their times
        options += ["-vf", "select='not(between(mod(n,7),1,3))'", "-fps_mode", "vfr"]
    return options


def _turn(stored: Path, path: Path) -> None:
    """Give a film lying on its side the note that players turn it by."""
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


def _label(text: str, chance: random.Random) -> Image.Image:
    """A see-through picture with the text on bars, wrapped to the width."""
    label = Image.new("RGBA", (WIDTH, HEIGHT))
    if not text:
        return label
    pen = ImageDraw.Draw(label)
    font = ImageFont.truetype(str(_FONTS / chance.choice(_FACES)), chance.choice((30, 34, 38)))
    ink, bar = chance.choice(_LOOKS)
    y = chance.choice((60, 110, 300, 480))
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


def photo(shot: Shot, path: Path, chance: random.Random) -> None:
    """One picture of a slideshow."""
    picture = SCENES[shot.scene](chance)(0.0)
    label = _label(shot.text, chance)
    picture.paste(label, (0, 0), label)
    picture.save(path, quality=80)
