"""The texts of each video: spoken words, on-screen texts, caption, and TikTok's own transcript."""

import random
from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.corpus.language import english, sentences
from sandbox.corpus.plan import PlannedVideo

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
    """A video's texts: spoken, on the screen scene by scene, and in the caption."""

    spoken: str
    language: str
    screens: tuple[str, ...]
    scenes: tuple[str, ...]
    caption: str
    hashtags: tuple[str, ...]
    mentions: tuple[str, ...]


def script(video: PlannedVideo) -> Script:
    rng = video.rng("script")
    spoken_stance = "neutral" if video.kind in ("stance_on_screen", "stance_in_caption") else video.stance
    shown_stance = "neutral" if video.kind == "stance_in_caption" else video.stance
    lines = (
        english(video.number, 3)
        if video.kind == "english"
        else sentences(video.number, _lines(video), "held_out", spoken_stance)
    )
    silent = video.kind in ("no_audio", "silence", "music", "slideshow")
    shots = 3 if video.number % 5 == 0 else 2
    scenes = tuple(rng.sample(_SCENES[shown_stance], shots))
    screens = tuple(rng.sample(_SCREEN[shown_stance], shots))
    tags = _hashtags(video, rng)
    mentions = ("canal.ejemplo",) if rng.random() < 0.2 else ()
    opening = (
        _STANCE_CAPTIONS[video.stance]
        if video.kind == "stance_in_caption"
        else rng.choice(_CAPTIONS[video.stance])
    )
    caption = " ".join([opening, *(f"#{tag}" for tag in tags), *(f"@{name}" for name in mentions)])
    spoken = "" if silent else " ".join(line.text for line in lines)
    language = "" if silent else "en" if video.kind == "english" else "es"
    return Script(spoken, language, screens, scenes, caption, tags, mentions)


def _lines(video: PlannedVideo) -> int:
    """The number of sentences; every seventh video is long enough for a third sampled frame."""
    if video.number % 7 == 0:
        return 6
    return 2 + video.number % 3


def _hashtags(video: PlannedVideo, rng: random.Random) -> tuple[str, ...]:
    others = tuple(rng.sample(_OTHER_TAGS, rng.randint(1, 3)))
    if video.kind == "off_topic":
        return others
    return tuple(rng.sample(_TAGS, rng.randint(1, 3))) + others


def tiktok_transcript(spoken: str, rng: random.Random) -> str:
    """A transcript like TikTok's own: lower case, no punctuation, and about seven words in a hundred wrong."""
    words = "".join(letter for letter in spoken.lower() if letter.isalnum() or letter.isspace()).split()
    return " ".join(filter(None, (misrecognised(word, rng) for word in words)))


def misrecognised(word: str, rng: random.Random) -> str:
    """A word as a recogniser writes it: usually right, sometimes without its accent or its end, or missing."""
    draw = rng.random()
    if draw < 0.02:
        return ""
    if draw < 0.05:
        return word.translate(str.maketrans("áéíóúñ", "aeioun"))
    if draw < 0.09 and len(word) > 4:
        return word[:-1]
    return word
