"""Words of a text, and where two texts differ: in capitals, in punctuation, or in spelling.

A word is a run of letters, digits and their combining marks. An apostrophe between letters (`d'accord`), or a dot or
comma between digits (`10.000`), does not end it. Everything else does: spaces, hyphens, `#`, `¿`, emoji.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import compress
from typing import NamedTuple

from rapidfuzz.distance import Levenshtein, Opcode

from gettok.text.caseless import caseless

#: What `normalise` does, for readers of the numbers that depend on it.
NORMALISATION = (
    "words are runs of letters and digits with their marks; they are case-folded and composed (NFC); punctuation, emoji"
    " and invisible characters are left out, and so are apostrophes within a word and dots or commas within a number,"
    " which do not end it; accents stay; a number stays as it was written, in digits or in words"
)

_APOSTROPHES = frozenset("'’`´")
_MARKS = frozenset({"Mn", "Mc"})  # not Me: the frame of a keycap emoji is not part of its digit
_WORD = re.compile(r"[w9][w9m]*(?:(?:(?<=[wm])'(?=w)|(?<=9)\.(?=9))[w9m]*)*")
_GAPS = 4096  # more than a study has kinds of


def _kind(character: str) -> str:
    """`w` for a letter, `9` for a digit, `m` for a mark, `'` and `.` for what may be in a word, `i` for invisible."""
    if character in _APOSTROPHES:
        return "'"
    if character in ".,":
        return "."
    category = unicodedata.category(character)
    if category == "Cf" or "\ufe00" <= character <= "\ufe0f":
        return "i"
    return "m" if category in _MARKS else {"L": "w", "N": "9"}.get(category[0], " ")


class _KindsByCode(dict[int, str]):
    """The kind of each character, for `str.translate`, found when it is first seen."""

    def __missing__(self, code: int) -> str:
        self[code] = _kind(chr(code))
        return self[code]


_KINDS = _KindsByCode()
#: Those of the characters of Latin-1, for `bytes.translate`, which is many times as fast.
_LATIN_KINDS = "".join(_kind(chr(code)) for code in range(256)).encode("ascii")

#: How two words can differ, the slightest difference first.
KINDS = ("capitalisation", "punctuation", "spelling")


class Word(NamedTuple):
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


def normalise(text: str) -> list[str]:
    """The words case-folded, in Unicode's composed form (NFC), and without any punctuation."""
    return list(_keys(text))


@lru_cache(maxsize=16)  # the three sources of a video's text are compared with each other
def _words(text: str) -> tuple[Word, ...]:
    composed, found = _found(text)
    if not found:
        return ()
    starts = [match.start() for match in found] + [len(composed)]
    ends = [0] + [match.end() for match in found]
    gaps = [_split_gap(composed[end:start]) for end, start in zip(ends, starts, strict=True)]
    cores = [composed[match.start() : match.end()] for match in found]
    before = ["".join(gaps[0])] + [gap[1] for gap in gaps[1:-1]]
    after = [gap[0] for gap in gaps[1:-1]] + ["".join(gaps[-1])]
    return tuple(map(Word, before, cores, after, _folded(cores, found)))


@lru_cache(maxsize=64)  # each measure of a transcript needs the words of the same texts
def _keys(text: str) -> tuple[str, ...]:
    composed, found = _found(text)
    return _folded([composed[match.start() : match.end()] for match in found], found)


def _folded(cores: Sequence[str], found: Sequence[re.Match[str]]) -> tuple[str, ...]:
    plain = [_without_signs(core, match[0]) for core, match in zip(cores, found, strict=True)]
    # no letter folds to a space, and none is composed across one
    return tuple(caseless(" ".join(plain)).split(" ")) if plain else ()


def _without_signs(core: str, kinds: str) -> str:
    return core if kinds.isalnum() else "".join(compress(core, (kind in "w9m" for kind in kinds)))


def _found(text: str) -> tuple[str, list[re.Match[str]]]:
    """The composed text, and its words as matches in the kinds of its characters."""
    composed, kinds = _composed(text)
    return composed, list(_WORD.finditer(kinds))


def _composed(text: str) -> tuple[str, str]:
    """NFC, without invisible format characters and variation selectors, which make no difference in speech.

    With the kind of each character.
    """
    kinds = _kinds(text)
    if "i" not in kinds and unicodedata.is_normalized("NFC", text):
        return text, kinds
    visible = compress(text, (kind != "i" for kind in kinds))
    composed = unicodedata.normalize("NFC", "".join(visible))
    return composed, _kinds(composed)


def _kinds(text: str) -> str:
    try:
        return text.encode("latin-1").translate(_LATIN_KINDS).decode("ascii")
    except UnicodeEncodeError:
        return text.translate(_KINDS)


@lru_cache(maxsize=_GAPS)
def _split_gap(gap: str) -> tuple[str, str]:
    """The text between two words, split into the end of the first and the beginning of the second."""
    *closing, opening = re.split(r"\s+", gap)  # after a gap that ends in a space, `opening` is empty
    return ("".join(closing), opening) if closing else (opening, "")


def align(left: str, right: str) -> list[WordDifference]:
    """Both texts word by word, with the fewest changed words (Levenshtein on the normalised forms)."""
    left_words, right_words = _words(left), _words(right)
    places: list[WordDifference] = []
    for chunk in _chunks(left_words, right_words):
        lefts = left_words[chunk.src_start : chunk.src_end]
        rights = right_words[chunk.dest_start : chunk.dest_end]
        length = max(len(lefts), len(rights))
        places += map(_compare, _padded(lefts, length), _padded(rights, length))
    return places


def _chunks(left: Sequence[Word], right: Sequence[Word]) -> Iterator[Opcode]:
    """The stretches that are equal, replaced, left out or inserted."""
    yield from Levenshtein.opcodes(*_numbered([word.key for word in left], [word.key for word in right]))


def _numbered(*texts: Sequence[str]) -> list[list[int]]:
    """The words as numbers, equal ones as equal numbers: of strings, the hashes would be compared."""
    numbers: dict[str, int] = {}
    return [[numbers.setdefault(word, len(numbers)) for word in text] for text in texts]


def differences(left: str, right: str) -> list[WordDifference]:
    """The places of the alignment where the two texts differ."""
    return [place for place in align(left, right) if place.kind]


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
    letters = word.core[:1] if spelling else (c for c in word.core if _KINDS[ord(c)] in "w9m")
    return tuple(letter != letter.casefold() for letter in letters)


def jaccard(left: str, right: str) -> float:
    """Shared words over all words, as sets of normalised words; 1 for two texts without any word."""
    return _jaccard(_keys(left), _keys(right))


def _jaccard(left: Sequence[str], right: Sequence[str]) -> float:
    lefts, rights = set(left), set(right)
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
    expected, actual = _keys(reference), _keys(hypothesis)
    return _errors(expected, actual, Levenshtein.distance(*_numbered(expected, actual)))


def _errors(expected: Sequence[str], actual: Sequence[str], wrong_words: int) -> Errors:
    reference = " ".join(expected)
    wrong_characters = Levenshtein.distance(reference, " ".join(actual))
    return Errors(len(expected), wrong_words, len(reference), wrong_characters)


@dataclass(frozen=True)
class Agreement:
    """All measures of how far two texts agree, as the functions of the same names give them, by one alignment.

    `differences` counts the differences of each of `KINDS`.
    """

    right_words: int
    jaccard: float
    errors: Errors
    differences: dict[str, int]


def agreement(left: str, right: str) -> Agreement:
    left_words, right_words = _words(left), _words(right)
    kinds = Counter[str]()
    for chunk in _chunks(left_words, right_words):
        lefts = left_words[chunk.src_start : chunk.src_end]
        rights = right_words[chunk.dest_start : chunk.dest_end]
        if chunk.tag == "equal":
            kinds.update(
                _compare(*both).kind for both in zip(lefts, rights, strict=True) if both[0] != both[1]
            )
        else:
            kinds["spelling"] += max(len(lefts), len(rights))
    expected, actual = ([word.key for word in side] for side in (left_words, right_words))
    return Agreement(
        right_words=len(actual),
        jaccard=_jaccard(expected, actual),
        errors=_errors(expected, actual, kinds["spelling"]),
        differences={kind: kinds[kind] for kind in KINDS},
    )


def wer(reference: str, hypothesis: str) -> float:
    """Word error rate on normalised words. Against a reference without words: 0 for no words, else 1."""
    counts = errors(reference, hypothesis)
    return counts.wrong_words / counts.words if counts.words else float(bool(_keys(hypothesis)))


def cer(reference: str, hypothesis: str) -> float:
    """Character error rate on normalised words. Against a reference without words: 0 for no words, else 1."""
    counts = errors(reference, hypothesis)
    if not counts.characters:
        return float(bool(_keys(hypothesis)))
    return counts.wrong_characters / counts.characters
