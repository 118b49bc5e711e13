"""Words of a text, and where two texts differ: in capitals, in punctuation, or in spelling.

A word is a run of letters, digits and their combining marks. What does not end it: an apostrophe between letters
(`d'accord`), and a dot or comma between digits (`10.000`). Everything else does: spaces, hyphens, `#`, `¿`, emoji.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import jiwer

#: What `normalise` does, for whoever reads numbers that rest on it.
NORMALISATION = (
    "words are runs of letters and digits with their marks; they are case-folded and composed (NFC); punctuation, emoji"
    " and invisible characters are left out, apostrophes within a word and dots or commas within a number without"
    " ending it; accents stay; a number stays as it was written, in digits or in words"
)

_APOSTROPHES = frozenset("'’`´")
_LETTERS = 4096  # more than the characters of any few languages
_MARKS = frozenset({"Mn", "Mc"})  # not Me: the frame of a keycap emoji is no part of its digit
_WORD = re.compile(r"[w9](?:[w9m]|(?<=[wm])'(?=w)|(?<=9)\.(?=9))*")


#: The ways in which two words can differ, the slightest first.
KINDS = ("capitalisation", "punctuation", "spelling")


@dataclass(frozen=True)
class Word:
    """A word as it stands in its text, the punctuation around it, and its normal form (`key`)."""

    before: str
    core: str
    after: str
    key: str

    @property
    def text(self) -> str:
        return self.before + self.core + self.after


@dataclass(frozen=True)
class Difference:
    """One place of two aligned texts. A side that is `None` lacks the word, which counts as spelling.

    A word can differ in more than one way; without any flag the two sides are the same.
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
    """The words in their order. Punctuation without spaces around it belongs to the word before it."""
    return list(_words(text))


@lru_cache(maxsize=16)  # each measure of a pair asks for the same two texts
def _words(text: str) -> tuple[Word, ...]:
    text = _composed(text)
    found = list(_WORD.finditer("".join(map(_kind, text))))
    starts = [match.start() for match in found] + [len(text)]
    ends = [0] + [match.end() for match in found]
    gaps = [_parted(text[end:start]) for end, start in zip(ends, starts, strict=True)]
    cores = [text[match.start() : match.end()] for match in found]
    if not cores:
        return ()
    before = ["".join(gaps[0])] + [gap[1] for gap in gaps[1:-1]]
    after = [gap[0] for gap in gaps[1:-1]] + ["".join(gaps[-1])]
    return tuple(Word(b, core, a, _key(core)) for b, core, a in zip(before, cores, after, strict=True))


def normalise(text: str) -> list[str]:
    """The words case-folded, in Unicode's composed form (NFC), and without any punctuation."""
    return [word.key for word in words(text)]


def _composed(text: str) -> str:
    """NFC, without invisible format characters and variation selectors: no difference that anybody hears."""
    return unicodedata.normalize("NFC", "".join(c for c in text if not _unseen(c)))


@lru_cache(maxsize=_LETTERS)
def _unseen(character: str) -> bool:
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
    letters = "".join(c for c in core if _kind(c) in "w9m")
    # Unicode's canonical caseless matching decomposes first
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", letters).casefold())


def _parted(gap: str) -> tuple[str, str]:
    """What stands between two words: the end of the one, and the beginning of the other."""
    *closing, opening = re.split(r"\s+", gap)  # a gap that ends in a space opens nothing
    return ("".join(closing), opening) if closing else (opening, "")


def align(left: str, right: str) -> list[Difference]:
    """Both texts word by word, by the fewest changed words (Levenshtein on the normal forms)."""
    ours, theirs = words(left), words(right)
    aligned = jiwer.process_words(_joined(ours), _joined(theirs)).alignments[0]
    places: list[Difference] = []
    for chunk in aligned:
        here = ours[chunk.ref_start_idx : chunk.ref_end_idx]
        there = theirs[chunk.hyp_start_idx : chunk.hyp_end_idx]
        length = max(len(here), len(there))
        places += map(_compare, _padded(here, length), _padded(there, length))
    return places


def differences(left: str, right: str) -> list[Difference]:
    """The places of the alignment where the two texts differ."""
    return [place for place in align(left, right) if place.kind]


def _joined(side: Sequence[Word]) -> str:
    return " ".join(word.key for word in side)


def _padded(side: Sequence[Word], length: int) -> list[Word | None]:
    return [*side, *[None] * (length - len(side))]


def _compare(left: Word | None, right: Word | None) -> Difference:
    if left is None or right is None:
        return Difference(left, right, capitalisation=False, punctuation=False, spelling=True)
    spelling = left.key != right.key
    inside = not spelling and left.core.casefold() != right.core.casefold()
    return Difference(
        left,
        right,
        capitalisation=_capitals(left, spelling) != _capitals(right, spelling),
        punctuation=inside or (left.before, left.after) != (right.before, right.after),
        spelling=spelling,
    )


def _capitals(word: Word, spelling: bool) -> tuple[bool, ...]:
    """Which letters are capitals; of words spelled differently only the first letters can be compared."""
    letters = word.core[:1] if spelling else (c for c in word.core if _kind(c) in "w9m")
    return tuple(letter != letter.casefold() for letter in letters)


def jaccard(left: str, right: str) -> float:
    """Shared words over all words, as sets of normal forms; 1 for two texts without any word."""
    ours, theirs = set(normalise(left)), set(normalise(right))
    return len(ours & theirs) / len(ours | theirs) if ours | theirs else 1.0


@dataclass(frozen=True)
class Errors:
    """How far a text is from a reference, on normal forms: what the reference has, and how much of it to change.

    Characters are those of the normal words with one space between each two.
    """

    words: int
    wrong_words: int
    characters: int
    wrong_characters: int


def errors(reference: str, said: str) -> Errors:
    """The fewest words, and the fewest characters, to replace, leave out or put in."""
    expected, heard = " ".join(normalise(reference)), " ".join(normalise(said))
    by_word, by_character = jiwer.process_words(expected, heard), jiwer.process_characters(expected, heard)
    return Errors(len(expected.split()), _wrong(by_word), len(expected), _wrong(by_character))


def _wrong(found: jiwer.WordOutput | jiwer.CharacterOutput) -> int:
    return int(found.substitutions + found.deletions + found.insertions)


def wer(reference: str, said: str) -> float:
    """Word error rate on normal forms. Against a reference without words: 0 for silence, else 1."""
    found = errors(reference, said)
    return found.wrong_words / found.words if found.words else float(bool(normalise(said)))


def cer(reference: str, said: str) -> float:
    """Character error rate on normal forms. Against a reference without words: 0 for silence, else 1."""
    found = errors(reference, said)
    return found.wrong_characters / found.characters if found.characters else float(bool(normalise(said)))
