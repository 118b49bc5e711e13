"""Section 3.1 of the GET-Tok paper: the pairs of each two text sources in numbers, each with its n and its interval."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import polars as pl

from gettok.compare.text_sources import COMPARED, overlap, pair_name
from gettok.stats.bootstrap import INTERVAL, Estimate, correlation, determination, mean, ratio
from gettok.text.tokens import KINDS, NORMALISATION

#: The columns of the table `pairs` that the numbers are counted in.
NUMBERS = (
    "left",
    "right",
    "left_language",
    "right_language",
    "left_words",
    "right_words",
    "jaccard",
    "cosine",
    "left_characters",
    "wrong_characters",
    *KINDS,
)

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


def summary(texts: pl.DataFrame, compared: pl.DataFrame, embedding: str, translations: int) -> dict[str, Any]:
    """The contents of `summary.json`: all its numbers about pairs are counted in their table.

    `texts` is from `video_texts`, `compared` has at least the columns `NUMBERS` of the table `pairs`, and `embedding`
    says how texts became vectors.
    """
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
                **_numbers(compared.filter(left=left, right=right)),
            }
            for left, right in COMPARED
        },
    }


def _numbers(compared: pl.DataFrame) -> dict[str, Any]:
    estimates = {name: asdict(estimate) for name, estimate in _estimates(compared).items()}
    return {**estimates, "differences": {kind: int(compared[kind].sum()) for kind in KINDS}}


def _estimates(compared: pl.DataFrame) -> dict[str, Estimate]:
    lengths = compared["left_words"].to_list(), compared["right_words"].to_list()
    # of two normalised texts, the wrong words are those that are spelled in another way
    wrong_words, wrong_characters = compared["spelling"].to_list(), compared["wrong_characters"].to_list()
    same_language = compared["left_language"] == compared["right_language"]
    return {
        "pearson_r": correlation(*lengths),
        "r_squared": determination(*lengths),
        "mean_jaccard": mean(compared["jaccard"].to_list()),
        "mean_cosine": mean(compared["cosine"].to_list()),
        "wer": ratio(wrong_words, lengths[0]),
        "cer": ratio(wrong_characters, compared["left_characters"].to_list()),
        "same_language": mean(same_language.drop_nulls().to_list()),
    }
