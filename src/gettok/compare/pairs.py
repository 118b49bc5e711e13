"""Pairs of texts of one video, and how far the two agree: the rows of the table `pairs`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from gettok.compare.text_sources import COMPARED
from gettok.stats.proportions import rounded
from gettok.step import Row
from gettok.text.embeddings import TextEmbedder, cosine
from gettok.text.languages import language_code
from gettok.text.tokens import Errors, agreement


@dataclass(frozen=True)
class TextPair:
    """One video's texts from two sources, each with the language that its source gives, as a `language_code`."""

    video_id: str
    created_at: datetime
    left: str
    right: str
    left_text: str
    right_text: str
    left_language: str | None = None
    right_language: str | None = None


@dataclass(frozen=True)
class Similarity:
    """How far a pair agrees. `errors` are the right text's against the left's."""

    pair: TextPair
    right_words: int
    jaccard: float
    cosine: float
    errors: Errors
    differences: dict[str, int]

    @property
    def row(self) -> Row:
        """As the table `pairs` has it; rates against a text without words are null."""
        counts = self.errors
        return {
            **vars(self.pair),
            "left_words": counts.words,
            "right_words": self.right_words,
            "jaccard": rounded(self.jaccard),
            "cosine": rounded(self.cosine),
            "wer": rounded(counts.wrong_words / counts.words) if counts.words else None,
            "cer": rounded(counts.wrong_characters / counts.characters) if counts.characters else None,
            "left_characters": counts.characters,
            "wrong_characters": counts.wrong_characters,
            **self.differences,
        }


def text_pairs(texts: pl.DataFrame) -> list[TextPair]:
    """Every pair of `COMPARED` for which a video has both texts, in the order of `texts` (see `video_texts`)."""
    pairs = []
    for video in texts.iter_rows(named=True):
        for left, right in COMPARED:
            if video[left] is not None and video[right] is not None:
                both = (video[left], video[right])
                languages = (language_code(video[f"{source}_language"]) for source in (left, right))
                pairs.append(TextPair(video["video_id"], video["created_at"], left, right, *both, *languages))
    return pairs


def compare(pairs: Sequence[TextPair], embedder: TextEmbedder) -> list[Similarity]:
    """How far each pair agrees, in the order given."""
    cosines = cosine(embedder, [pair.left_text for pair in pairs], [pair.right_text for pair in pairs])
    return [_similarity(pair, value) for pair, value in zip(pairs, cosines, strict=True)]


def _similarity(pair: TextPair, cosine_similarity: float) -> Similarity:
    found = agreement(pair.left_text, pair.right_text)
    return Similarity(
        pair=pair,
        right_words=found.right_words,
        jaccard=found.jaccard,
        cosine=cosine_similarity,
        errors=found.errors,
        differences=found.differences,
    )
