"""How far two readings of one video's screen are apart: the lines that a reader saw, and the text that a model gave."""

from collections.abc import Iterator, Sequence

from rapidfuzz.distance import Levenshtein

from gettok.text.tokens import normalise

#: What `cer` is, for whoever reads numbers that rest on it.
MEANING = (
    "character error rate between the reader's lines and the model's text, on normalised words: each line, counted once"
    " however many frames show it, is looked for wherever in the model's text it fits best; wrong are the characters in"
    " which it differs there, all characters of a line of which less than half is found, and all words of the model's"
    " that no line fits; the rate is their share of all characters of the lines and of those words"
)


def distinct(lines: Sequence[str]) -> list[str]:
    """The lines in their order, each once: of those with the same normalised words the first stands for all."""
    first: dict[str, str] = {}
    for line in lines:
        first.setdefault(_normal(line) or line, line)
    return list(first.values())


def cer(lines: Sequence[str], text: str) -> float:
    """From 0, the same words, to 1, nothing in common; `MEANING` says how. Two readings without any word agree.

    A plain rate would count what is none of the two readers' errors: a model gives the texts in any order, breaks them
    at other places than the picture does, and tells once what ten frames show.
    """
    words = normalise(text)
    unfitted = set(range(len(words)))
    wrong = characters = 0
    for line in filter(None, map(_normal, distinct(lines))):
        distance, places = _fit(line, words)
        unfitted.difference_update(*places)
        wrong += distance
        characters += len(line)
    extra = len(" ".join(words[place] for place in sorted(unfitted)))
    return round((wrong + extra) / (characters + extra), 4) if characters + extra else 0.0


def _normal(line: str) -> str:
    return " ".join(normalise(line))


def _fit(line: str, words: Sequence[str]) -> tuple[int, list[range]]:
    """The fewest characters in which the line differs from a run of the words, and each run that differs in no more.

    Without a run that shares half of it the line is not there: all its characters are wrong.
    """
    fewest, places = len(line) // 2, list[range]()
    for place, run in _runs(words, len(line) + fewest):
        distance = Levenshtein.distance(line, run, score_cutoff=fewest)
        if distance < fewest:
            fewest, places = distance, []
        if distance == fewest:
            places.append(place)
    return (fewest, places) if places else (len(line), [])


def _runs(words: Sequence[str], longest: int) -> Iterator[tuple[range, str]]:
    """Every run of whole words of at most so many characters."""
    for start in range(len(words)):
        run = words[start]
        for end in range(start + 1, len(words) + 1):
            if len(run) > longest:
                break
            yield range(start, end), run
            run = " ".join(words[start : end + 1])
