"""Section 3.1 of the GET-Tok paper: the pairs of each two text sources in numbers, each with its n and its interval."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import polars as pl

from gettok.compare.pairs import Similarity
from gettok.compare.text_sources import COMPARED, overlap, pair_name
from gettok.stats.bootstrap import INTERVAL, Estimate, correlation, determination, mean, ratio
from gettok.text.tokens import KINDS, NORMALISATION

#: What each number is, in words, for the report's page and `summary.json`.
MEANINGS: Mapping[str, str] = {
    "pearson_r": "correlation of the two texts' numbers of normalised words (Pearson)",
    "r_squared": "R² of those numbers of words",
    "mean_jaccard": "mean Jaccard index: shared words over all words, as sets of normalised words",
    "mean_cosine": "mean cosine similarity of the embeddings of the two texts, which are not normalised",
    "wer": "word error rate of the right text against the left: all wrong words over all words of the left",
    "cer": "character error rate of the right text against the left, on normalised words with a space between",
    "same_language": "share of pairs in the same language, among those whose sides both name one; where asr.language is"
    " set, our language is that setting and not a finding",
}


def summary(
    texts: pl.DataFrame, compared: Sequence[Similarity], embedding: str, translations: int
) -> dict[str, Any]:
    """The contents of `summary.json`; `texts` is from `video_texts`, `embedding` says how texts became vectors."""
    return {
        "meanings": {
            **MEANINGS,
            "normalisation": NORMALISATION,
            "embedding": embedding,
            "interval": INTERVAL,
        },
        "translated_captions_left_out": translations,
        "pairs": {
            pair_name(left, right): {
                "left": left,
                "right": right,
                "videos": overlap(texts, left, right),
                **_numbers([pair for pair in compared if pair.sources == (left, right)]),
            }
            for left, right in COMPARED
        },
    }


def _numbers(compared: Sequence[Similarity]) -> dict[str, Any]:
    estimates = {name: asdict(estimate) for name, estimate in _estimates(compared).items()}
    differences = {kind: sum(pair.differences[kind] for pair in compared) for kind in KINDS}
    return {**estimates, "differences": differences}


def _estimates(compared: Sequence[Similarity]) -> dict[str, Estimate]:
    lengths = [pair.left_words for pair in compared], [pair.right_words for pair in compared]
    counts = [pair.errors for pair in compared]
    return {
        "pearson_r": correlation(*lengths),
        "r_squared": determination(*lengths),
        "mean_jaccard": mean([pair.jaccard for pair in compared]),
        "mean_cosine": mean([pair.cosine for pair in compared]),
        "wer": ratio([count.wrong_words for count in counts], [count.words for count in counts]),
        "cer": ratio([count.wrong_characters for count in counts], [count.characters for count in counts]),
        "same_language": mean([pair.same_language for pair in compared if pair.same_language is not None]),
    }
