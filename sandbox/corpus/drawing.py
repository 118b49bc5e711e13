"""The parts of the demo's scenes: skies, hills, people, flags, lights."""

from __future__ import annotations

import math
import random

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

WIDTH, HEIGHT = 360, 640
FINER = 3  # sprites are drawn this much larger and then reduced, because Pillow's shapes have hard edges

Colour = tuple[int, int, int]
Pixels = npt.NDArray[np.uint8]

SKINS: tuple[Colour, ...] = ((224, 172, 125), (198, 134, 88), (156, 100, 62), (120, 74, 44))
CLOTHES: tuple[Colour, ...] = (
    (196, 40, 48),
    (38, 84, 160),
    (240, 190, 60),
    (52, 128, 92),
    (122, 62, 140),
    (232, 232, 228),
    (60, 60, 72),
    (224, 118, 52),
)
RED: Colour = (206, 22, 40)
WHITE: Colour = (248, 248, 246)


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """The colour at `share` of the way from the first to the second."""
    r, g, b = (round(a + (z - a) * share) for a, z in zip(first, second, strict=True))
    return (r, g, b)


def gradient(top: Colour, bottom: Colour, width: int = WIDTH, height: int = HEIGHT) -> Image.Image:
    """A picture that fades from the top colour to the bottom one."""
    share = np.linspace(0, 1, height)[:, None, None]
    column = np.array(top)[None, None, :] * (1 - share) + np.array(bottom)[None, None, :] * share
    return Image.fromarray(np.repeat(column, width, axis=1).round().astype(np.uint8))


def blank(width: int, height: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """An empty transparent sheet in the finer scale, and its pen."""
    sheet = Image.new("RGBA", (width * FINER, height * FINER), (0, 0, 0, 0))
    return sheet, ImageDraw.Draw(sheet)


def reduced(sheet: Image.Image) -> Image.Image:
    """The sheet in the film's own scale, with soft edges."""
    return sheet.resize((sheet.width // FINER, sheet.height // FINER), Image.Resampling.LANCZOS)


def box(x: float, y: float, width: float, height: float) -> tuple[float, float, float, float]:
    """Corners in the finer scale of a rectangle given in the film's own."""
    return (x * FINER, y * FINER, (x + width) * FINER, (y + height) * FINER)


def person(rng: random.Random, size: int, hat: bool = False) -> Image.Image:
    """Head and shoulders, `size` pixels wide, with random skin and clothes."""
    sheet, pen = blank(size, round(size * 1.6))
    pen.ellipse(box(0, size * 0.85, size, size * 1.5), fill=rng.choice(CLOTHES))
    pen.ellipse(box(size * 0.2, size * 0.3, size * 0.6, size * 0.68), fill=rng.choice(SKINS))
    pen.chord(box(size * 0.18, size * 0.26, size * 0.64, size * 0.62), 180, 360, fill=(34, 26, 24))
    if hat:
        pen.ellipse(box(0, size * 0.36, size, size * 0.16), fill=(214, 180, 110))
        pen.chord(box(size * 0.2, size * 0.12, size * 0.6, size * 0.56), 180, 360, fill=(196, 158, 88))
    return reduced(sheet)


def crowd(rng: random.Random, count: int, size: int) -> list[Image.Image]:
    """That many different people."""
    return [person(rng, size, hat=rng.random() < 0.35) for _ in range(count)]


def flag(width: int, height: int) -> Image.Image:
    """Red, white, red, upright."""
    picture = Image.new("RGBA", (width, height), (*WHITE, 255))
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, 0, width // 3, height), fill=(*RED, 255))
    pen.rectangle((width - width // 3, 0, width, height), fill=(*RED, 255))
    return picture


def waved(picture: Image.Image, seconds: float, reach: float) -> Image.Image:
    """The picture as cloth in the wind, held at its left edge; `reach` is the height of the wave in pixels."""
    margin = math.ceil(reach)
    cloth: Pixels = np.pad(np.asarray(picture), ((margin, margin), (0, 0), (0, 0)))
    across = np.arange(cloth.shape[1]) / cloth.shape[1]
    angle = across * 7.5 - seconds * 4.2
    lift = np.rint(reach * np.sin(angle) * (0.25 + 0.75 * across)).astype(int)
    rows = np.clip(np.arange(cloth.shape[0])[:, None] - lift[None, :], 0, cloth.shape[0] - 1)
    moved = cloth[rows, np.arange(cloth.shape[1])[None, :]].astype(np.float32)
    moved[..., :3] *= (0.9 + 0.1 * np.cos(angle))[None, :, None]
    return Image.fromarray(moved.clip(0, 255).astype(np.uint8))


def ridge(rng: random.Random, colour: Colour, base: int, rise: int, width: int = WIDTH) -> Image.Image:
    """A mountain ridge that repeats every `width` pixels, so that it can be rolled sideways without a seam."""
    sheet, pen = blank(width, HEIGHT)
    waves = [(n, rng.uniform(0.3, 1) / n, rng.uniform(0, 2 * math.pi)) for n in (1, 2, 3, 5)]
    line = []
    for x in range(width + 1):
        wave = sum(a * math.sin(2 * math.pi * n * x / width + p) for n, a, p in waves)
        line.append((x * FINER, (base - rise * (1 + wave) / 2) * FINER))
    pen.polygon([*line, (width * FINER, HEIGHT * FINER), (0, HEIGHT * FINER)], fill=colour)
    return reduced(sheet)


def glow(size: int, colour: Colour, strength: float = 1.0) -> Image.Image:
    """A soft round light that fades to nothing at its rim."""
    across = np.linspace(-1, 1, size)
    distance = np.hypot(across[:, None], across[None, :])
    alpha = (np.clip(1 - distance, 0, 1) ** 1.6 * 255 * strength).astype(np.uint8)
    light = np.empty((size, size, 4), np.uint8)
    light[..., :3] = colour
    light[..., 3] = alpha
    return Image.fromarray(light)


def disc(size: int, colour: Colour) -> Image.Image:
    """A plain circle."""
    sheet, pen = blank(size, size)
    pen.ellipse(box(0, 0, size - 0.5, size - 0.5), fill=colour)
    return reduced(sheet)


def put(ground: Image.Image, picture: Image.Image, x: float, y: float) -> None:
    """Paste a transparent picture with its upper left corner at x, y; it may extend beyond the ground."""
    ground.paste(picture, (round(x), round(y)), picture)


def rolled(ground: Image.Image, strip: Image.Image, shift: float, y: float = 0) -> None:
    """Paste a repeating strip, moved left by `shift` pixels."""
    x = -(shift % strip.width)
    while x < ground.width:
        put(ground, strip, x, y)
        x += strip.width
