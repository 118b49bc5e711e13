"""What each video says, shows and is described as: words, on-screen texts, captions, and TikTok's own transcript."""

import random
from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.corpus.cast import Part
from sandbox.corpus.language import english, sentences

_SCREEN: Mapping[str, tuple[str, ...]] = {
    "support": (
        "¡Fuerza presidente Castillo!",
        "Libertad para Pedro Castillo",
        "El pueblo está con Castillo",
        "Restitución ya",
        "Apoyo total al presidente legítimo",
        "Castillo no está solo",
        "Puno apoya a Castillo",
    ),
    "no support": (
        "Castillo golpista",
        "Nunca más un dictador",
        "Prisión para Castillo",
        "Castillo corrupto",
        "Sí a la vacancia",
        "Golpista a la cárcel",
        "No más mentiras de Castillo",
    ),
    "neutral": (
        "Noticias del día",
        "Lima, 7 de diciembre",
        "¿Qué pasó en el Congreso?",
        "Últimas noticias",
        "Así está la carretera",
        "Informe desde Ayacucho",
        "Sesión en el Congreso",
        "Clima en Cusco",
    ),
}
_SCENES: Mapping[str, tuple[str, ...]] = {
    "support": ("plaza", "march", "banner", "confetti", "vigil"),
    "no support": ("talker", "studio", "votes", "banner", "march"),
    "neutral": ("studio", "hills", "road", "votes", "talker", "lights"),
}
_TAGS = (
    "PedroCastillo",
    "pedrocastillo",
    "Castillo",
    "Boluarte",
    "pedrocastilloperu",
    "pedrocastilloperú",
    "golpedeestado",
    "GolpeDeEstado",
    "golpedeestadoperu",
    "crisispoliticaenperu",
    "crisispoliticaenperú",
)
_OTHER_TAGS = ("peru", "Perú", "fyp", "parati", "noticias", "congreso", "puno", "viral", "lima2022")
_CAPTIONS: Mapping[str, tuple[str, ...]] = {
    "support": (
        "Siempre con el profe 🇵🇪✊🏽",
        "Desde el sur, con todo 💪🏽",
        "Que lo liberen ya 🙏",
        "El pueblo habla 👩🏽‍🌾",
    ),
    "no support": (
        "Ya era hora 😤",
        "Que responda ante la justicia ⚖️",
        "Nunca más 🚫",
        "La verdad duele 🤷🏻‍♀️",
    ),
    "neutral": ("Lo que pasó hoy 📰", "Resumen del día 🇵🇪", "¿Ustedes qué opinan? 👀", "Desde la plaza 📍"),
}
_STANCE_CAPTIONS = {
    "support": "Fuerza presidente Castillo, el pueblo te apoya ✊🏽",
    "no support": "Castillo golpista y corrupto, a la cárcel 😤",
    "neutral": "Lo que pasó hoy 📰",
}


@dataclass(frozen=True)
class Script:
    """One video's words: said, on the screen scene by scene, and in the caption."""

    spoken: str
    language: str
    screens: tuple[str, ...]
    scenes: tuple[str, ...]
    caption: str
    hashtags: tuple[str, ...]
    mentions: tuple[str, ...]


def script(part: Part) -> Script:
    chance = part.chance("script")
    said = "neutral" if part.kind in ("stance_on_screen", "stance_in_caption") else part.stance
    shown = "neutral" if part.kind == "stance_in_caption" else part.stance
    lines = (
        english(part.number, 3)
        if part.kind == "english"
        else sentences(part.number, _lines(part), "held_out", said)
    )
    silent = part.kind in ("no_audio", "silence", "music", "slideshow")
    shots = 3 if part.number % 5 == 0 else 2
    scenes = tuple(chance.sample(_SCENES[shown], shots))
    screens = tuple(chance.sample(_SCREEN[shown], shots))
    tags = _hashtags(part, chance)
    mentions = ("canal.ejemplo",) if chance.random() < 0.2 else ()
    opening = (
        _STANCE_CAPTIONS[part.stance]
        if part.kind == "stance_in_caption"
        else chance.choice(_CAPTIONS[part.stance])
    )
    caption = " ".join([opening, *(f"#{tag}" for tag in tags), *(f"@{name}" for name in mentions)])
    spoken = "" if silent else " ".join(line.text for line in lines)
    language = "" if silent else "en" if part.kind == "english" else "es"
    return Script(spoken, language, screens, scenes, caption, tags, mentions)


def _lines(part: Part) -> int:
    """Sentences; every seventh video is long enough for a third sampled frame."""
    if part.number % 7 == 0:
        return 6
    return 2 + part.number % 3


def _hashtags(part: Part, chance: random.Random) -> tuple[str, ...]:
    others = tuple(chance.sample(_OTHER_TAGS, chance.randint(1, 3)))
    if part.kind == "off_topic":
        return others
    return tuple(chance.sample(_TAGS, chance.randint(1, 3))) + others


def heard_by_tiktok(spoken: str, chance: random.Random) -> str:
    """TikTok's own transcript as it tends to be: lower case, unpunctuated, and some seven words in a hundred wrong."""
    words = "".join(letter for letter in spoken.lower() if letter.isalnum() or letter.isspace()).split()
    return " ".join(filter(None, (misheard(word, chance) for word in words)))


def misheard(word: str, chance: random.Random) -> str:
    """A word as a recogniser may write it: mostly right, at times without its accent or its end, or not at all."""
    fate = chance.random()
    if fate < 0.02:
        return ""
    if fate < 0.05:
        return word.translate(str.maketrans("áéíóúñ", "aeioun"))
    if fate < 0.09 and len(word) > 4:
        return word[:-1]
    return word
