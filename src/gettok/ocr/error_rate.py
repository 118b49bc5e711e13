"""How far two readings of a video's on-screen text differ: the lines by OCR, and the text by a model."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from gettok.text.tokens import normalise

#: Places of words in a text.
_Places: TypeAlias = npt.NDArray[np.int64]

#: What `cer` is, for readers of numbers that are based on it.
MEANING = (
    "character error rate between the lines by OCR and the model's text, on normalised words: each line, counted once"
    " however many frames show it, is looked for wherever in the model's text it fits best. Errors are the characters"
    " in which it differs there, all characters of a line of which less than half is found, and all of the model's"
    " words that fit no line. The rate is their share of all characters of the lines and of those words"
)


def distinct(lines: Sequence[str]) -> list[str]:
    """The lines in their order, each once; of lines with the same normalised words, the first."""
    first: dict[str, str] = {}
    for line in lines:
        first.setdefault(_normalise(line) or line, line)
    return list(first.values())


def cer(lines: Sequence[str], text: str) -> float:
    """From 0 (the same words) to 1 (nothing in common); see `MEANING`. It is 0 if neither has any words.

    A plain error rate would count what is not an error of either: a model gives the texts in any order, breaks lines
    differently, and gives a text once that ten frames show.
    """
    searched = _SearchedText(normalise(text))
    unmatched = set(range(len(searched.words)))
    errors = characters = 0
    for line in filter(None, map(_normalise, distinct(lines))):
        distance, places = searched.best_match(line)
        unmatched.difference_update(*places)
        errors += distance
        characters += len(line)
    extra = len(" ".join(searched.words[place] for place in sorted(unmatched)))
    return round((errors + extra) / (characters + extra), 4) if characters + extra else 0.0


@lru_cache(maxsize=1024)  # a line is needed for what OCR reads, and for how far it differs
def _normalise(line: str) -> str:
    return " ".join(normalise(line))


class _SearchedText:
    """The model's words, in which lines are looked for."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = words
        self._text = " ".join(words)
        lengths = np.array([len(word) for word in words], np.int64)
        self._ends = np.cumsum(lengths + 1) - 1
        self._starts = self._ends - lengths

    def best_match(self, line: str) -> tuple[int, list[range]]:
        """The smallest distance between the line and a run of words, and each run with that distance.

        If no run shares half of the line, the line is missing: all its characters are errors.
        """
        if verbatim := list(self._verbatim(line)):
            return 0, verbatim
        most = len(line) // 2
        first, last = self._runs(len(line) - most, len(line) + most)
        if not first.size:
            return len(line), []
        bounds = zip(self._starts[first].tolist(), self._ends[last].tolist(), strict=True)
        runs = [self._text[start:end] for start, end in bounds]
        distances = process.cdist([line], runs, scorer=Levenshtein.distance, score_cutoff=most)[0]
        smallest = int(distances.min())
        if smallest > most:
            return len(line), []
        nearest = np.flatnonzero(distances == smallest)
        ends = zip(first[nearest].tolist(), last[nearest].tolist(), strict=True)
        return smallest, [range(start, end + 1) for start, end in ends]

    def _verbatim(self, line: str) -> Iterator[range]:
        wanted, text, start = f" {line} ", f" {self._text} ", -1
        while (start := text.find(wanted, start + 1)) >= 0:
            first = text.count(" ", 1, start + 1)
            yield range(first, first + line.count(" ") + 1)

    def _runs(self, shortest: int, longest: int) -> tuple[_Places, _Places]:
        """The first and the last word of every run whose number of characters is in this range; no other is as near."""
        low = np.searchsorted(self._ends, self._starts + shortest)
        counts = np.searchsorted(self._ends, self._starts + longest, "right") - low
        within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        return np.repeat(np.arange(counts.size), counts), np.repeat(low, counts) + within
