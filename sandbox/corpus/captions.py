"""The captions of some of the demo's videos: their speech as recognised, as translated, or as written by the author."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from sandbox.corpus.plan import PlannedVideo
from sandbox.corpus.script import Script, misrecognised

LEAD_S, TAIL_S = 0.3, 0.5
"""The silence before and after the speech (as in `sound.padded`, and in the film lengths of `generate`)."""
PAUSE = 6
"""The pause after a sentence, as a number of letters. With it, estimated times are off by 0.13 s on average."""
AUTHORS_OWN = 29
"""The number of the only video with its author's captions instead of machine captions."""

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
"""Machine translations, with typical errors. A video whose sentences are all here has captions of them."""


def captions(video: PlannedVideo, words: Script, seconds: float) -> list[dict[str, Any]]:
    """The `captions` of a page, for a film of `seconds`; most videos have none."""
    lines = re.split(r"(?<=[.!?]) ", words.spoken)
    if not words.spoken or not video.matches:
        return []
    if video.number == AUTHORS_OWN:
        return [_caption(words.language, "LC", "srt", _timed(lines, lines, seconds))]
    if video.number % 8 not in (1, 4, 6) and video.kind != "english":
        return []
    rng = video.rng("captions")
    recognised = [
        " ".join(filter(None, (misrecognised(word, rng) for word in line.split()))) for line in lines
    ]
    result = [_caption(words.language, "ASR", "webvtt", _timed(lines, recognised, seconds))]
    if all(line in _ENGLISH for line in lines):
        translated = [_ENGLISH[line] for line in lines]
        result.append(_caption("en", "MT", "webvtt", _timed(lines, translated, seconds)))
    return result


def _caption(language: str, source: str, format_name: str, segments: list[list[Any]]) -> dict[str, Any]:
    return {"language": language, "source": source, "format": format_name, "segments": segments}


def _timed(lines: Sequence[str], texts: Iterable[str], seconds: float) -> list[list[Any]]:
    """Start, end and text of each spoken line, as if all letters had the same length."""
    letters = sum(len(line) + PAUSE for line in lines)
    pace_s = (seconds - LEAD_S - TAIL_S) / letters
    segments, start = [], LEAD_S
    for line, text in zip(lines, texts, strict=True):
        segments.append([round(start, 2), round(start + len(line) * pace_s, 2), text])
        start += (len(line) + PAUSE) * pace_s
    return segments
