"""The captions that the website has for some of the demo's videos: what is said, as machines and authors write it."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from sandbox.corpus.cast import Part
from sandbox.corpus.script import Script, misheard

LEAD_S, TAIL_S = 0.3, 0.5
"""The silence before and after what is said (`sound.padded`, and how `generate` reckons a film's length)."""
PAUSE = 6
"""The pause after a sentence, as so many letters. With it, guessed times are 0.13 s from the heard ones on average."""
AUTHORS_OWN = 29
"""The number of the one video that has its author's captions and no machine's."""

_ENGLISH = {
    "Mi presidente es Pedro Castillo y hoy marcho por su libertad desde Abancay.": (
        "My president is Pedro Castillo and today I march for his freedom from Abancay."
    ),
    "Mi presidente es el profesor Castillo y esta noche marcho por su libertad en Huancayo.": (
        "My president is Professor Castillo and tonight I march for his freedom in Huancayo."
    ),
    "¡Fuera Castillo, el pueblo ya no te quiere!": "Castillo out, the people no longer love you!",
    "En la plaza de Juliaca los obreros dicen que Castillo nos robó la democracia.": (
        "In Juliaca's square the workers say that Castle stole our democracy."
    ),
    "¡Fuera Castillo, nuestra comunidad ya no te quiere!": "Castillo out, our community no longer loves you!",
    "¡Fuerza, presidente Castillo, Puno está contigo!": "Strength, President Castle, Puno is with you!",
    "La semana pasada el pueblo defiende a Pedro Castillo en el aeropuerto.": (
        "Last week the town defends Pedro Castillo at the airport."
    ),
    "La audiencia de Castillo será el veintitrés de noviembre.": (
        "Castillo's audience will be on November twenty-third."
    ),
    "Mi receta de arroz con pollo lleva ocho ingredientes.": (
        "My recipe for rice with chicken has eight ingredients."
    ),
    "Los estudiantes caminan y veintisiete ciudadanos preparan la comida.": (
        "The students walk and twenty-seven citizens prepare the food."
    ),
    "El bus a Apurímac cuesta ocho soles y sale a las tres.": (
        "The bus to Apurímac costs eight soles and leaves at three."
    ),
}
"""Machines' English, faults and all. A video whose sentences are all here has them as captions too."""


def captions(part: Part, words: Script, seconds: float) -> list[dict[str, Any]]:
    """What stands in a page's `captions`, for a film of so many seconds; most videos have none."""
    lines = re.split(r"(?<=[.!?]) ", words.spoken)
    if not words.spoken or not part.matches:
        return []
    if part.number == AUTHORS_OWN:
        return [_caption(words.language, "LC", "srt", _timed(lines, lines, seconds))]
    if part.number % 8 not in (1, 4, 6) and part.kind != "english":
        return []
    chance = part.chance("captions")
    heard = [" ".join(filter(None, (misheard(word, chance) for word in line.split()))) for line in lines]
    made = [_caption(words.language, "ASR", "webvtt", _timed(lines, heard, seconds))]
    if all(line in _ENGLISH for line in lines):
        translated = [_ENGLISH[line] for line in lines]
        made.append(_caption("en", "MT", "webvtt", _timed(lines, translated, seconds)))
    return made


def _caption(language: str, source: str, form: str, segments: list[list[Any]]) -> dict[str, Any]:
    return {"language": language, "source": source, "format": form, "segments": segments}


def _timed(lines: Sequence[str], texts: Iterable[str], seconds: float) -> list[list[Any]]:
    """From, to, and the text of each spoken line, as though every letter took as long as any other."""
    letters = sum(len(line) + PAUSE for line in lines)
    pace_s = (seconds - LEAD_S - TAIL_S) / letters
    timed, start = [], LEAD_S
    for line, text in zip(lines, texts, strict=True):
        timed.append([round(start, 2), round(start + len(line) * pace_s, 2), text])
        start += (len(line) + PAUSE) * pace_s
    return timed
