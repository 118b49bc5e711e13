"""The scenes of the demo's films; each is a function from a random generator to a painter of any moment."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping

from PIL import Image, ImageDraw

from sandbox.corpus.drawing import (
    CLOTHES,
    HEIGHT,
    RED,
    SKINS,
    WHITE,
    WIDTH,
    Colour,
    blank,
    box,
    crowd,
    disc,
    flag,
    glow,
    gradient,
    mix,
    person,
    put,
    reduced,
    ridge,
    rolled,
    waved,
)

Painter = Callable[[float], Image.Image]
"""From seconds since the scene began to the picture, RGB, 360 × 640."""

SKIES: tuple[tuple[Colour, Colour], ...] = (
    ((70, 140, 214), (190, 222, 240)),
    ((238, 140, 70), (250, 214, 150)),
    ((96, 108, 128), (176, 184, 194)),
    ((110, 82, 150), (240, 170, 150)),
)


def plaza(rng: random.Random) -> Painter:
    """A square below mountains: a crowd that bobs, and flags above it."""
    still = gradient(*rng.choice(SKIES))
    put(still, glow(220, (255, 244, 200)), rng.randint(-40, 200), rng.randint(-40, 60))
    put(still, ridge(rng, (108, 116, 130), 360, 150), 0, 0)
    put(still, ridge(rng, (86, 96, 84), 420, 90), 0, 0)
    ImageDraw.Draw(still).rectangle((0, 430, WIDTH, HEIGHT), fill=(150, 140, 128))
    people = crowd(rng, 14, 46)
    places = [
        (rng.randint(-20, 340), 430 + row * 34, rng.uniform(0, 6), row) for row in range(6) for _ in range(9)
    ]
    poles = [(rng.randint(10, 260), rng.randint(270, 340), rng.uniform(0, 3)) for _ in range(3)]
    cloth = flag(84, 54)

    def paint(seconds: float) -> Image.Image:
        picture = still.copy()
        for x, y, phase in poles:
            ImageDraw.Draw(picture).line((x, y, x, y + 170), fill=(90, 70, 50), width=3)
            put(picture, waved(cloth, seconds + phase, 7), x, y - 7)
        for n, (x, y, phase, _) in enumerate(places):
            put(picture, people[n % len(people)], x, y + 5 * math.sin(seconds * 5 + phase))
        return picture

    return paint


def banner(rng: random.Random) -> Painter:
    """One flag that fills the picture, in the wind."""
    cloth = flag(WIDTH + 20, HEIGHT + 60)
    wind = rng.uniform(0, 3)
    shade = gradient((110, 110, 120), (40, 40, 50))

    def paint(seconds: float) -> Image.Image:
        picture = shade.copy()
        put(picture, waved(cloth, seconds * 0.6 + wind, 26), -10, -56)
        return picture

    return paint


def march(rng: random.Random) -> Painter:
    """A street whose houses pass to one side while people with placards walk to the other."""
    sky = gradient(*rng.choice(SKIES))
    houses = street(rng)
    walkers = [
        (person(rng, 58, rng.random() < 0.3), rng.uniform(0, 480), row) for row in (0, 1, 2) for _ in range(6)
    ]
    boards = [placard(rng) for _ in range(4)]

    def paint(seconds: float) -> Image.Image:
        picture = sky.copy()
        rolled(picture, houses, seconds * 24)
        ImageDraw.Draw(picture).rectangle((0, 470, WIDTH, HEIGHT), fill=(92, 92, 98))
        for n, (walker, start, row) in enumerate(walkers):
            x = (start + seconds * (34 + 10 * row)) % 480 - 80
            y = 440 + 44 * row + 4 * math.sin(seconds * 7 + n)
            if n % 3 == 0:
                put(picture, boards[n % len(boards)], x + 8, y - 78)
            put(picture, walker, x, y)
        return picture

    return paint


def street(rng: random.Random) -> Image.Image:
    """A row of houses that repeats."""
    sheet, pen = blank(480, HEIGHT)
    for n in range(6):
        top = rng.randint(190, 300)
        wall = mix(rng.choice(CLOTHES), (210, 196, 176), 0.6)
        pen.rectangle(box(n * 80, top, 80, 480 - top), fill=wall)
        pen.rectangle(box(n * 80, top, 80, 12), fill=mix(wall, (60, 50, 44), 0.5))
        for floor in range(top + 34, 430, 62):
            for side in (14, 46):
                pen.rectangle(box(n * 80 + side, floor, 20, 30), fill=(70, 84, 104))
    return reduced(sheet)


def placard(rng: random.Random) -> Image.Image:
    """A board on a stick, with a coloured stripe instead of words, so that the only legible text is the screen text."""
    sheet, pen = blank(64, 96)
    pen.rectangle(box(30, 40, 4, 56), fill=(120, 88, 56))
    pen.rectangle(box(2, 4, 60, 40), fill=WHITE)
    pen.rectangle(box(2, 18, 60, 12), fill=rng.choice((RED, (38, 84, 160), (52, 128, 92))))
    return reduced(sheet)


def studio(rng: random.Random) -> Painter:
    """A news desk: a presenter who nods, a screen behind, light that sweeps over the wall."""
    dark, light = rng.choice(
        (((12, 30, 78), (40, 96, 170)), ((60, 14, 30), (168, 44, 60)), ((16, 60, 62), (50, 150, 140)))
    )
    wall = gradient(dark, light)
    window = gradient(*rng.choice(SKIES), width=200, height=130)
    hills = ridge(rng, (70, 96, 80), 110, 60).crop((0, 0, 200, 130))
    ImageDraw.Draw(wall).rectangle((72, 222, 288, 368), fill=mix(dark, WHITE, 0.75))
    host = person(rng, 170)
    sweep = glow(300, WHITE, 0.22)

    def paint(seconds: float) -> Image.Image:
        picture = wall.copy()
        put(picture, sweep, (seconds * 60) % 560 - 240, 60)
        picture.paste(window, (80, 230))
        put(picture, hills, 80, 230)
        put(picture, host, 95 + 3 * math.sin(seconds * 1.3), 280 + 4 * math.sin(seconds * 3.1))
        ImageDraw.Draw(picture).rectangle((0, 520, WIDTH, HEIGHT), fill=mix(dark, (20, 20, 24), 0.4))
        ImageDraw.Draw(picture).rectangle((0, 520, WIDTH, 528), fill=mix(light, WHITE, 0.5))
        return picture

    return paint


def talker(rng: random.Random) -> Painter:
    """A person who speaks to the camera at arm's length: the mouth opens and closes."""
    wall = gradient(mix(rng.choice(CLOTHES), WHITE, 0.55), mix(rng.choice(CLOTHES), (40, 40, 44), 0.45))
    skin, shirt = rng.choice(SKINS), rng.choice(CLOTHES)
    body = face(skin, shirt, rng.choice(((34, 26, 24), (84, 54, 30), (150, 146, 142))))
    mouths = [mouth(size) for size in (3, 9, 15)]

    def paint(seconds: float) -> Image.Image:
        picture = wall.copy()
        x, y = 6 * math.sin(seconds * 0.9), 5 * math.sin(seconds * 1.7)
        put(picture, body, 30 + x, 210 + y)
        opening = mouths[int(abs(math.sin(seconds * 7.3) + math.sin(seconds * 11.9)) * 1.49)]
        put(picture, opening, 30 + x + 126, 210 + y + 168)
        return picture

    return paint


def face(skin: Colour, shirt: Colour, hair: Colour) -> Image.Image:
    """A head with eyes but no mouth, and shoulders; 300 × 460."""
    sheet, pen = blank(300, 460)
    pen.rounded_rectangle(box(0, 258, 300, 300), 90 * 3, fill=shirt)
    pen.rectangle(box(122, 210, 56, 70), fill=mix(skin, (60, 30, 20), 0.25))
    pen.ellipse(box(66, 10, 168, 176), fill=hair)
    pen.ellipse(box(76, 32, 148, 198), fill=skin)
    pen.chord(box(70, 12, 160, 120), 180, 360, fill=hair)
    for x in (112, 164):
        pen.ellipse(box(x, 110, 24, 16), fill=WHITE)
        pen.ellipse(box(x + 7, 112, 11, 12), fill=(40, 28, 22))
        pen.line(box(x - 2, 98, 28, 0), fill=hair, width=12)
    return reduced(sheet)


def mouth(opening: int) -> Image.Image:
    """Lips that are `opening` pixels apart."""
    sheet, pen = blank(48, 30)
    pen.ellipse(box(4, 12 - opening / 2, 40, 4 + opening), fill=(120, 40, 44))
    return reduced(sheet)


def vigil(rng: random.Random) -> Painter:
    """Night: dark figures, candles that flicker, a few lights of the town behind."""
    still = gradient((6, 8, 26), (38, 30, 60))
    pen = ImageDraw.Draw(still)
    for _ in range(70):
        x, y = rng.randint(0, WIDTH), rng.randint(230, 400)
        pen.rectangle((x, y, x + 2, y + 2), fill=mix((60, 60, 80), (240, 210, 130), rng.random()))
    put(still, ridge(rng, (18, 18, 34), 320, 90), 0, 0)
    for row in range(4):
        for x in range(-20, WIDTH, 44):
            shadow = disc(40, (12 + row * 5, 12 + row * 4, 24 + row * 5))
            put(still, shadow, x + rng.randint(-8, 8), 420 + row * 54)
            put(still, shadow.resize((72, 90)), x - 16, 452 + row * 54)
    flames = [glow(size, (255, 190, 90)) for size in (46, 54, 62)]
    candles = [(rng.randint(0, 320), rng.randint(440, 600), rng.uniform(0, 9)) for _ in range(22)]

    def paint(seconds: float) -> Image.Image:
        picture = still.copy()
        for x, y, phase in candles:
            flame = flames[
                int((math.sin(seconds * 6 + phase) + math.sin(seconds * 3.7 + phase * 2)) * 0.74 + 1.5)
            ]
            put(picture, flame, x - flame.width / 2 + 20, y - flame.height / 2)
        return picture

    return paint


def hills(rng: random.Random) -> Painter:
    """Three ridges that pass at different speeds below a sun."""
    sky = gradient(*rng.choice(SKIES))
    put(sky, disc(80, (255, 236, 160)), rng.randint(30, 250), rng.randint(170, 230))
    near = rng.choice(((70, 120, 60), (140, 110, 60), (60, 100, 110)))
    ridges = [
        ridge(rng, mix(near, WHITE, share), base, rise)
        for share, base, rise in ((0.5, 400, 150), (0.25, 480, 110), (0, 580, 90))
    ]

    def paint(seconds: float) -> Image.Image:
        picture = sky.copy()
        for layer, speed in zip(ridges, (8, 22, 52), strict=True):
            rolled(picture, layer, seconds * speed)
        return picture

    return paint


def votes(rng: random.Random) -> Painter:
    """Columns of a count that grow and sway."""
    paper = gradient((244, 242, 236), (214, 220, 230))
    for y in range(250, 600, 58):
        ImageDraw.Draw(paper).line((30, y, 330, y), fill=(190, 196, 206), width=2)
    heights = [rng.randint(110, 300) for _ in range(4)]
    colours = rng.sample(CLOTHES[:5], 4)

    def paint(seconds: float) -> Image.Image:
        picture = paper.copy()
        pen = ImageDraw.Draw(picture)
        for n, (height, colour) in enumerate(zip(heights, colours, strict=True)):
            grown = height * min(1.0, 0.25 + seconds / 2.5) + 6 * math.sin(seconds * 2 + n)
            pen.rectangle((46 + n * 70, 598 - grown, 98 + n * 70, 598), fill=colour)
        pen.line((24, 600, 336, 600), fill=(60, 64, 74), width=4)
        return picture

    return paint


def road(rng: random.Random) -> Painter:
    """A blocked road: stones and smoke; the white line runs towards the viewer."""
    still = gradient((120, 134, 150), (206, 196, 180))
    put(still, ridge(rng, (128, 108, 84), 380, 120), 0, 0)
    pen = ImageDraw.Draw(still)
    pen.rectangle((0, 400, WIDTH, HEIGHT), fill=(176, 150, 108))
    pen.polygon([(150, 400), (210, 400), (420, HEIGHT), (-60, HEIGHT)], fill=(74, 74, 80))
    stones = [
        (disc(rng.randint(26, 54), mix((90, 84, 80), (150, 140, 130), rng.random())), rng.randint(-10, 320))
        for _ in range(14)
    ]
    smoke = [
        (glow(rng.randint(80, 150), (60, 60, 64), 0.7), rng.randint(60, 260), rng.uniform(0, 4))
        for _ in range(8)
    ]

    def paint(seconds: float) -> Image.Image:
        picture = still.copy()
        pen = ImageDraw.Draw(picture)
        for n in range(5):
            depth = ((n + seconds * 1.2) % 5 / 5) ** 2
            y, half = 400 + 240 * depth, 2 + 7 * depth
            pen.rectangle((180 - half, y, 180 + half, y + 6 + 34 * depth), fill=(230, 226, 210))
        for cloud, x, phase in smoke:
            age = (seconds * 0.5 + phase) % 4 / 4
            put(picture, cloud, x + 30 * math.sin(age * 5 + phase) - 60, 470 - 300 * age)
        for n, (stone, x) in enumerate(stones):
            put(picture, stone, x, 478 + (n % 3) * 16)
        return picture

    return paint


def lights(rng: random.Random) -> Painter:
    """A dance floor: soft coloured lights that wander over a dark ground, and figures that jump."""
    ground = gradient((24, 10, 44), (70, 20, 80))
    spots = [
        (glow(rng.randint(160, 260), mix(c, WHITE, 0.2), 0.8), rng.uniform(0, 6), rng.uniform(0.6, 1.5))
        for c in CLOTHES[:5]
    ]
    dancers = crowd(rng, 5, 84)

    def paint(seconds: float) -> Image.Image:
        picture = ground.copy()
        for light, phase, speed in spots:
            x = 180 + 150 * math.sin(seconds * speed + phase)
            put(
                picture,
                light,
                x - light.width / 2,
                300 + 160 * math.cos(seconds * speed * 0.7 + phase) - light.height / 2,
            )
        for n, dancer in enumerate(dancers):
            put(picture, dancer, n * 68 - 4, 470 - 26 * abs(math.sin(seconds * 4 + n * 0.8)))
        return picture

    return paint


def confetti(rng: random.Random) -> Painter:
    """Red and white paper that falls over people."""
    ground = gradient((250, 214, 120), (226, 120, 90))
    people = crowd(rng, 8, 74)
    bits = [
        (rng.randint(0, WIDTH), rng.uniform(0, HEIGHT), rng.choice((RED, WHITE)), rng.uniform(70, 150))
        for _ in range(40)
    ]

    def paint(seconds: float) -> Image.Image:
        picture = ground.copy()
        for n, dancer in enumerate(people):
            put(picture, dancer, n % 4 * 92 - 6, 430 + n // 4 * 80 + 5 * math.sin(seconds * 4 + n))
        pen = ImageDraw.Draw(picture)
        for x, start, colour, speed in bits:
            y = (start + seconds * speed) % HEIGHT
            pen.rectangle((x, y, x + 7, y + 4 + 4 * abs(math.sin(seconds * 3 + x))), fill=colour)
        return picture

    return paint


SCENES: Mapping[str, Callable[[random.Random], Painter]] = {
    "plaza": plaza,
    "banner": banner,
    "march": march,
    "studio": studio,
    "talker": talker,
    "vigil": vigil,
    "hills": hills,
    "votes": votes,
    "road": road,
    "lights": lights,
    "confetti": confetti,
}
