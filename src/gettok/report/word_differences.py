"""Figure 5 for any video: two of its texts word by word, with their differences marked."""

from collections.abc import Mapping
from dataclasses import dataclass

from gettok.compare.text_sources import TEXT_SOURCES
from gettok.report.display import shown
from gettok.text.tokens import KINDS, Word, WordDifference, align


@dataclass(frozen=True)
class Piece:
    """A word of one text as written, and how it differs from the other text's; `∅` if it is missing."""

    text: str
    kinds: tuple[str, ...]


@dataclass(frozen=True)
class Side:
    """One of the two texts: the name of its source, and its words, aligned with those of the other text."""

    name: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class MarkedTexts:
    """Two texts of one video; `counts` has the differences by kind, each counted once, for its most serious kind."""

    video_id: str
    sides: tuple[Side, Side]
    counts: Mapping[str, int]
    cut: bool


def mark_differences(video_id: str, texts: Mapping[str, str], longest: int | None = None) -> MarkedTexts:
    """Two texts by their sources, the reference first; at most `longest` words are kept, all are counted."""
    (left, left_text), (right, right_text) = texts.items()
    places = align(left_text, right_text)
    first = places[:longest]
    return MarkedTexts(
        video_id,
        (
            Side(TEXT_SOURCES[left], tuple(_piece(place, place.left) for place in first)),
            Side(TEXT_SOURCES[right], tuple(_piece(place, place.right) for place in first)),
        ),
        {kind: sum(place.kind == kind for place in places) for kind in KINDS},
        len(places) > len(first),
    )


def _piece(place: WordDifference, word: Word | None) -> Piece:
    kinds = tuple(kind for kind in KINDS if getattr(place, kind))
    return Piece(shown(word.text, 40) if word else "∅", kinds)
