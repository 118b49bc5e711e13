"""Counts of character n-grams: no model and no network, and a comparison of spelling only."""

from collections.abc import Collection, Sequence
from functools import cached_property
from importlib import import_module
from itertools import accumulate, chain
from typing import Any

import numpy as np

from gettok.settings import Embedder
from gettok.text.embeddings import Vectors

_BUCKETS = 2**16
#: When more words than this are in memory, they are counted anew: each takes some 100 bytes.
_MOST_WORDS = 500_000


class CharNgrams:
    """Hashed counts of 3 to 5 consecutive letters within a word, ignoring capitals.

    The letters of a word are counted once, however often and in however many texts it occurs.
    """

    files = None
    description = (
        "counts of 3 to 5 consecutive letters within a word, ignoring capitals: similarity of spelling, not of"
        " meaning"
    )

    def __init__(self) -> None:
        self._places: dict[str, int] = {}

    @cached_property
    def _sparse(self) -> Any:
        return import_module("scipy.sparse")

    @cached_property
    def _vectoriser(self) -> Any:
        """Its library takes as long to import as thousands of texts to embed, and there may be none."""
        text = import_module("sklearn.feature_extraction.text")
        return text.HashingVectorizer(
            analyzer="char_wb", ngram_range=(3, 5), n_features=_BUCKETS, norm=None, dtype=np.float32
        )

    @cached_property
    def _counts(self) -> Any:
        return self._no_counts()

    def embed(self, texts: Sequence[str]) -> Vectors:
        """A sparse array."""
        words = [text.lower().split() for text in texts]
        self._count({word for of_text in words for word in of_text})
        places = [self._places[word] for word in chain.from_iterable(words)]
        bounds = list(accumulate(map(len, words), initial=0))
        shape = (len(texts), len(self._places))
        occurrences = self._sparse.csr_array((np.ones(len(places), np.float32), places, bounds), shape)
        vectors = (occurrences @ self._counts).astype(np.float64)
        lengths = np.sqrt((vectors * vectors).sum(axis=1))
        lengths[lengths == 0] = 1  # counts have signs, by their hashes, and may cancel
        vectors.data /= np.repeat(lengths, np.diff(vectors.indptr))
        return vectors.astype(np.float32)

    def _count(self, words: Collection[str]) -> None:
        """Add the words' rows to those that are in memory."""
        if len(self._places) > _MOST_WORDS:
            self._places, self._counts = {}, self._no_counts()
        if new := sorted(word for word in words if word not in self._places):
            self._places |= {word: place for place, word in enumerate(new, len(self._places))}
            self._counts = self._sparse.vstack([self._counts, self._vectoriser.transform(new)], "csr")

    def _no_counts(self) -> Any:
        return self._sparse.csr_array((0, _BUCKETS), dtype=np.float32)


def load(_: Embedder) -> CharNgrams:
    return CharNgrams()
