"""The language of each stretch of speech: people change between two, and Whisper writes all of a chunk in one.

It does not leave the rest out, but translates it: of a chunk half English, half Spanish, Whisper base writes the
Spanish half in fluent English. What gives a mixed chunk away is how sure the model is of its language.
"""

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from gettok.speech.recognizer import LanguageOdds
from gettok.speech.vad import Chunk

#: From this probability on, a chunk is in one language. Of 40 Spanish chunks of 16 to 30 s with 2 to 11 s of English,
#: Whisper base gives 38 at most 0.94 (half of them at most 0.57); the other two, with 3 and 5 s, have 0.95.
SURE_OF_CHUNK = 0.95
#: Longer stretches without a pause are looked at in parts. Shorter ones tell the model less.
STRETCH_S = 6.0
#: A language that has less on the whole chunk is not in it: the whole chunk tells which languages there are, and its
#: stretches tell where. 2 s of English in 29 s of Spanish mostly have 0.25 to 0.45.
_PRESENT = 0.05
#: By so much a change must raise the log-probability, where a stretch of `_WEIGHED_S` counts once and a longer one
#: more. So two seconds of clear English within Spanish are two changes, and a word that sounds French is none: Whisper
#: base takes 33 of 107 stretches of up to 3 s for another language than theirs, and 6 of 63 of up to 5 s. It gives that
#: language more than 0.5 in three and two of them.
_CHANGE_COST = 1.5
_WEIGHED_S = 3.0
#: No language is less likely than this, however sure the detector is.
_LEAST_ODDS = 0.001
#: Which chunks share a batch moves later digits.
_DIGITS = 2


def may_change(odds: LanguageOdds) -> bool:
    """Whether a chunk with these odds may be in several languages."""
    return round(max(odds.values()), _DIGITS) < SURE_OF_CHUNK


def narrowed(stretch: LanguageOdds, chunk: LanguageOdds) -> LanguageOdds:
    """The odds of a stretch among the languages that are in its chunk."""
    least = min(_PRESENT, max(chunk.values()))
    return {code: odds if chunk[code] >= least else 0.0 for code, odds in stretch.items()}


def likeliest_path(odds: Sequence[LanguageOdds], speech_s: Sequence[float]) -> list[str]:
    """The language of each stretch of a recording, given the odds of each by itself (Viterbi's algorithm)."""
    codes = sorted(odds[0])
    table = np.array([[round(stretch[code], _DIGITS + 1) for code in codes] for stretch in odds])
    weights = np.minimum(np.array(speech_s), STRETCH_S) / _WEIGHED_S
    scores = np.log(np.maximum(table, _LEAST_ODDS)) * weights[:, None]
    best, came_from = scores[0], []
    for row in scores[1:]:
        changed = best.max() - _CHANGE_COST
        came_from.append(np.where(best >= changed, np.arange(len(codes)), best.argmax()))
        best = np.maximum(best, changed) + row
    path = [int(best.argmax())]
    for origins in reversed(came_from):
        path.append(int(origins[path[-1]]))
    return [codes[number] for number in reversed(path)]


def parts_by_language(
    chunk: Chunk, stretches: Sequence[Chunk], path: Sequence[str]
) -> list[tuple[Chunk, str]]:
    """The chunk, or its parts where the language of its stretches changes, each with its language."""
    if len(set(path)) == 1:
        return [(chunk, path[0])]
    paired = groupby(zip(stretches, path, strict=True), key=lambda pair: pair[1])
    return [
        (Chunk(tuple(segment for stretch, _ in pairs for segment in stretch.segments)), language)
        for language, pairs in paired
    ]
