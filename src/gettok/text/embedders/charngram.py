"""Counts of character n-grams: no model and no network, and a comparison of spelling only."""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np

from gettok.settings import Embedder
from gettok.text.embeddings import Vectors

_BUCKETS = 2**16


class CharNgrams:
    """Hashed counts of 3 to 5 consecutive letters within a word, ignoring capitals."""

    files = None
    description = (
        "counts of 3 to 5 consecutive letters within a word, ignoring capitals: similarity of spelling, not of"
        " meaning"
    )

    def __init__(self) -> None:
        text = import_module("sklearn.feature_extraction.text")
        self._vectoriser: Any = text.HashingVectorizer(
            analyzer="char_wb", ngram_range=(3, 5), n_features=_BUCKETS, norm="l2", dtype=np.float32
        )

    def embed(self, texts: Sequence[str]) -> Vectors:
        return np.asarray(self._vectoriser.transform(texts).toarray(), np.float32)


def load(_: Embedder) -> CharNgrams:
    return CharNgrams()
