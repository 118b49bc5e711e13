"""How far two readings of a video's on-screen text differ: the lines by OCR, and the text by a model."""

from collections.abc import Iterator, Sequence

from rapidfuzz.distance import Levenshtein

from gettok.text.tokens import normalise

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
    words = normalise(text)
    unmatched = set(range(len(words)))
    errors = characters = 0
    for line in filter(None, map(_normalise, distinct(lines))):
        distance, places = _best_match(line, words)
        unmatched.difference_update(*places)
        errors += distance
        characters += len(line)
    extra = len(" ".join(words[place] for place in sorted(unmatched)))
    return round((errors + extra) / (characters + extra), 4) if characters + extra else 0.0


def _normalise(line: str) -> str:
    return " ".join(normalise(line))


def _best_match(line: str, words: Sequence[str]) -> tuple[int, list[range]]:
    """The smallest distance between the line and a run of words, and each run with that distance.

    If no run shares half of the line, the line is missing: all its characters are errors.
    """
    smallest, places = len(line) // 2, list[range]()
    for place, run in _runs(words, len(line) + smallest):
        distance = Levenshtein.distance(line, run, score_cutoff=smallest)
        if distance < smallest:
            smallest, places = distance, []
        if distance == smallest:
            places.append(place)
    return (smallest, places) if places else (len(line), [])


def _runs(words: Sequence[str], longest: int) -> Iterator[tuple[range, str]]:
    """Every run of whole words of at most this many characters."""
    for start in range(len(words)):
        run = words[start]
        for end in range(start + 1, len(words) + 1):
            if len(run) > longest:
                break
            yield range(start, end), run
            run = " ".join(words[start : end + 1])
