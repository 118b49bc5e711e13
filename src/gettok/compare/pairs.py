"""Pairs of texts of one video, and how far the two agree: the rows of the table `pairs`."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from gettok.compare.text_sources import COMPARED
from gettok.step import Row
from gettok.text.embeddings import Embedder, cosine
from gettok.text.languages import two_letters
from gettok.text.tokens import KINDS, Errors, differences, errors, jaccard, normalise

_DIGITS = 4


@dataclass(frozen=True)
class TextPair:
    """One video's texts by two ways, each with the language that its way names, as `two_letters` gives it."""

    video_id: str
    created_at: datetime
    left: str
    right: str
    left_text: str
    right_text: str
    left_language: str | None = None
    right_language: str | None = None


@dataclass(frozen=True)
class Likeness:
    """How far a pair agrees. `errors` are the right text's against the left's."""

    pair: TextPair
    right_words: int
    jaccard: float
    cosine: float
    errors: Errors
    differences: dict[str, int]

    @property
    def left_words(self) -> int:
        return self.errors.words

    @property
    def same_language(self) -> bool | None:
        """None unless both sides name a language."""
        named = (self.pair.left_language, self.pair.right_language)
        return None if None in named else named[0] == named[1]

    @property
    def row(self) -> Row:
        """As the table `pairs` has it; rates against a text without words are null."""
        found = self.errors
        return {
            **vars(self.pair),
            "left_words": self.left_words,
            "right_words": self.right_words,
            "jaccard": round(self.jaccard, _DIGITS),
            "cosine": round(self.cosine, _DIGITS),
            "wer": round(found.wrong_words / found.words, _DIGITS) if found.words else None,
            "cer": round(found.wrong_characters / found.characters, _DIGITS) if found.characters else None,
            **self.differences,
        }


def pairs_of(of_videos: pl.DataFrame) -> list[TextPair]:
    """Every pair of `COMPARED` that a video has both texts of, in the order of `of_videos` (see `ways.texts`)."""
    found = []
    for video in of_videos.iter_rows(named=True):
        for left, right in COMPARED:
            if video[left] is not None and video[right] is not None:
                texts = (video[left], video[right])
                named = (two_letters(video[f"{way}_language"]) for way in (left, right))
                found.append(TextPair(video["video_id"], video["created_at"], left, right, *texts, *named))
    return found


def compare(pairs: Sequence[TextPair], embedder: Embedder) -> list[Likeness]:
    """How far each pair agrees, in the order given."""
    cosines = cosine(embedder, [pair.left_text for pair in pairs], [pair.right_text for pair in pairs])
    return [_likeness(pair, near) for pair, near in zip(pairs, cosines, strict=True)]


def _likeness(pair: TextPair, near: float) -> Likeness:
    left, right = pair.left_text, pair.right_text
    counted = Counter(difference.kind for difference in differences(left, right))
    return Likeness(
        pair=pair,
        right_words=len(normalise(right)),
        jaccard=jaccard(left, right),
        cosine=near,
        errors=errors(left, right),
        differences={kind: counted[kind] for kind in KINDS},
    )
