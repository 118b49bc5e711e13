"""Section 3.1 of the GET-Tok paper: all pairs of two ways in one set of numbers, each with its n and its interval."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import polars as pl

from gettok.compare.pairs import Likeness
from gettok.compare.text_sources import COMPARED, name_of, sides
from gettok.stats.bootstrap import INTERVAL, Estimate, correlation, determination, mean, ratio
from gettok.text.tokens import KINDS, NORMALISATION

#: What each number is, in words. The report's page and `summary.json` both say it.
MEANINGS: Mapping[str, str] = {
    "pearson_r": "correlation of the two texts' numbers of normalised words (Pearson)",
    "r_squared": "R² of those numbers of words",
    "mean_jaccard": "mean Jaccard index: shared words over all words, as sets of normalised words",
    "mean_cosine": "mean cosine similarity of the two texts' embeddings, of the texts as they stand",
    "wer": "word error rate of the right text against the left: all wrong words over all words of the left",
    "cer": "character error rate of the right text against the left, on normalised words with a space between",
    "same_language": "share of the same language among the pairs whose sides both name one; where asr.language is set,"
    " ours is that setting and no finding",
}


def summary(
    of_videos: pl.DataFrame, found: Sequence[Likeness], embedding: str, translations: int
) -> dict[str, Any]:
    """What `summary.json` holds; `of_videos` is what `ways.texts` gives, `embedding` says how texts became vectors."""
    return {
        "meanings": {
            **MEANINGS,
            "normalisation": NORMALISATION,
            "embedding": embedding,
            "interval": INTERVAL,
        },
        "translated_captions_left_out": translations,
        "pairs": {
            name_of(left, right): {
                "left": left,
                "right": right,
                "videos": sides(of_videos, left, right),
                **_numbers([one for one in found if (one.pair.left, one.pair.right) == (left, right)]),
            }
            for left, right in COMPARED
        },
    }


def _numbers(found: Sequence[Likeness]) -> dict[str, Any]:
    estimates = {name: asdict(estimate) for name, estimate in _estimates(found).items()}
    return {**estimates, "differences": {kind: sum(one.differences[kind] for one in found) for kind in KINDS}}


def _estimates(found: Sequence[Likeness]) -> dict[str, Estimate]:
    lengths = [one.left_words for one in found], [one.right_words for one in found]
    wrongs = [one.errors for one in found]
    return {
        "pearson_r": correlation(*lengths),
        "r_squared": determination(*lengths),
        "mean_jaccard": mean([one.jaccard for one in found]),
        "mean_cosine": mean([one.cosine for one in found]),
        "wer": ratio([one.wrong_words for one in wrongs], [one.words for one in wrongs]),
        "cer": ratio([one.wrong_characters for one in wrongs], [one.characters for one in wrongs]),
        "same_language": mean([one.same_language for one in found if one.same_language is not None]),
    }
