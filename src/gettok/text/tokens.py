"""Words of a text, and where two texts differ: in capitals, in punctuation, or in spelling.

A word is a run of letters, digits and their combining marks. An apostrophe between letters (`d'accord`), or a dot or
comma between digits (`10.000`), does not end it. Everything else does: spaces, hyphens, `#`, `¿`, emoji.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import jiwer

from gettok.text.caseless import caseless

#: What `normalise` does, for readers of the numbers that depend on it.
NORMALISATION = (
    "words are runs of letters and digits with their marks; they are case-folded and composed (NFC); punctuation, emoji"
    " and invisible characters are left out, and so are apostrophes within a word and dots or commas within a number,"
    " which do not end it; accents stay; a number stays as it was written, in digits or in words"
)

_APOSTROPHES = frozenset("'’`´")
_LETTERS = 4096  # more than a few languages have together
_MARKS = frozenset({"Mn", "Mc"})  # not Me: the frame of a keycap emoji is not part of its digit
_WORD = re.compile(r"[w9](?:[w9m]|(?<=[wm])'(?=w)|(?<=9)\.(?=9))*")

#: How two words can differ, the slightest difference first.
KINDS = ("capitalisation", "punctuation", "spelling")


@dataclass(frozen=True)
class Word:
    """A word as its text has it, the punctuation around it, and its normalised form (`key`)."""

    before: str
    core: str
    after: str
    key: str

    @property
    def text(self) -> str:
        return self.before + self.core + self.after


@dataclass(frozen=True)
class WordDifference:
    """One place of two aligned texts. A side that is `None` lacks the word, which counts as spelling.

    Several flags can be set at once; without any flag the two sides are the same.
    """

    left: Word | None
    right: Word | None
    capitalisation: bool
    punctuation: bool
    spelling: bool

    @property
    def kind(self) -> str:
        """The gravest flag: `spelling` before `punctuation` before `capitalisation`; empty for none."""
        return next((kind for kind in reversed(KINDS) if getattr(self, kind)), "")


def words(text: str) -> list[Word]:
    """The words in their order. Punctuation without spaces around it belongs to the preceding word."""
    return list(_words(text))


@lru_cache(maxsize=16)  # each measure of a pair needs the words of the same two texts
def _words(text: str) -> tuple[Word, ...]:
    text = _composed(text)
    matches = list(_WORD.finditer("".join(map(_kind, text))))
    starts = [match.start() for match in matches] + [len(text)]
    ends = [0] + [match.end() for match in matches]
    gaps = [_split_gap(text[end:start]) for end, start in zip(ends, starts, strict=True)]
    cores = [text[match.start() : match.end()] for match in matches]
    if not cores:
        return ()
    before = ["".join(gaps[0])] + [gap[1] for gap in gaps[1:-1]]
    after = [gap[0] for gap in gaps[1:-1]] + ["".join(gaps[-1])]
    return tuple(Word(b, core, a, _key(core)) for b, core, a in zip(before, cores, after, strict=True))


def normalise(text: str) -> list[str]:
    """The words case-folded, in Unicode's composed form (NFC), and without any punctuation."""
    return [word.key for word in words(text)]


def _composed(text: str) -> str:
    """NFC, without invisible format characters and variation selectors, which make no difference in speech."""
    return unicodedata.normalize("NFC", "".join(c for c in text if not _is_invisible(c)))


@lru_cache(maxsize=_LETTERS)
def _is_invisible(character: str) -> bool:
    return unicodedata.category(character) == "Cf" or "\ufe00" <= character <= "\ufe0f"


@lru_cache(maxsize=_LETTERS)
def _kind(character: str) -> str:
    if character in _APOSTROPHES:
        return "'"
    if character in ".,":
        return "."
    category = unicodedata.category(character)
    return "m" if category in _MARKS else {"L": "w", "N": "9"}.get(category[0], " ")


def _key(core: str) -> str:
    return caseless("".join(c for c in core if _kind(c) in "w9m"))


def _split_gap(gap: str) -> tuple[str, str]:
    """The text between two words, split into the end of the first and the beginning of the second."""
    *closing, opening = re.split(r"\s+", gap)  # after a gap that ends in a space, `opening` is empty
    return ("".join(closing), opening) if closing else (opening, "")


def align(left: str, right: str) -> list[WordDifference]:
    """Both texts word by word, with the fewest changed words (Levenshtein on the normalised forms)."""
    left_words, right_words = words(left), words(right)
    aligned = jiwer.process_words(_joined(left_words), _joined(right_words)).alignments[0]
    places: list[WordDifference] = []
    for chunk in aligned:
        lefts = left_words[chunk.ref_start_idx : chunk.ref_end_idx]
        rights = right_words[chunk.hyp_start_idx : chunk.hyp_end_idx]
        length = max(len(lefts), len(rights))
        places += map(_compare, _padded(lefts, length), _padded(rights, length))
    return places


def differences(left: str, right: str) -> list[WordDifference]:
    """The places of the alignment where the two texts differ."""
    return [place for place in align(left, right) if place.kind]


def _joined(row: Sequence[Word]) -> str:
    return " ".join(word.key for word in row)


def _padded(row: Sequence[Word], length: int) -> list[Word | None]:
    return [*row, *[None] * (length - len(row))]


def _compare(left: Word | None, right: Word | None) -> WordDifference:
    if left is None or right is None:
        return WordDifference(left, right, capitalisation=False, punctuation=False, spelling=True)
    spelling = left.key != right.key
    inside = not spelling and left.core.casefold() != right.core.casefold()
    return WordDifference(
        left,
        right,
        capitalisation=_capitals(left, spelling) != _capitals(right, spelling),
        punctuation=inside or (left.before, left.after) != (right.before, right.after),
        spelling=spelling,
    )


def _capitals(word: Word, spelling: bool) -> tuple[bool, ...]:
    """Which letters are capitals; of words spelled differently, only the first letters can be compared."""
    letters = word.core[:1] if spelling else (c for c in word.core if _kind(c) in "w9m")
    return tuple(letter != letter.casefold() for letter in letters)


def jaccard(left: str, right: str) -> float:
    """Shared words over all words, as sets of normalised words; 1 for two texts without any word."""
    lefts, rights = set(normalise(left)), set(normalise(right))
    return len(lefts & rights) / len(lefts | rights) if lefts | rights else 1.0


@dataclass(frozen=True)
class Errors:
    """A text's errors against a reference, on normalised words: how much the reference has, and how much is wrong.

    Characters are those of the normalised words with one space between each two.
    """

    words: int
    wrong_words: int
    characters: int
    wrong_characters: int


def errors(reference: str, hypothesis: str) -> Errors:
    """The fewest words, and the fewest characters, to replace, leave out or insert."""
    expected, actual = " ".join(normalise(reference)), " ".join(normalise(hypothesis))
    by_word, by_character = jiwer.process_words(expected, actual), jiwer.process_characters(expected, actual)
    return Errors(len(expected.split()), _wrong(by_word), len(expected), _wrong(by_character))


def _wrong(output: jiwer.WordOutput | jiwer.CharacterOutput) -> int:
    return int(output.substitutions + output.deletions + output.insertions)


def wer(reference: str, hypothesis: str) -> float:
    """Word error rate on normalised words. Against a reference without words: 0 for no words, else 1."""
    counts = errors(reference, hypothesis)
    return counts.wrong_words / counts.words if counts.words else float(bool(normalise(hypothesis)))


def cer(reference: str, hypothesis: str) -> float:
    """Character error rate on normalised words. Against a reference without words: 0 for no words, else 1."""
    counts = errors(reference, hypothesis)
    if not counts.characters:
        return float(bool(normalise(hypothesis)))
    return counts.wrong_characters / counts.characters
