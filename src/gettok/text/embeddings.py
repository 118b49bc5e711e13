"""How similar two texts are: the cosine of their embeddings."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from gettok.settings import Embedder
from gettok.settings.registries import EMBEDDERS

#: A dense array, or one of scipy's sparse arrays, of numbers of 32 bits.
Vectors: TypeAlias = npt.NDArray[np.float32] | Any

#: Pairs of texts at a time.
BATCH = 1024


class TextEmbedder(Protocol):
    """Texts in, one vector for each out."""

    @property
    def files(self) -> Mapping[str, str | None] | None:
        """The model's repository, commit, and SHA-256 over its files; None where there is no model."""
        ...

    @property
    def description(self) -> str:
        """How a text becomes a vector, for readers of the numbers that depend on it."""
        ...

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Shape (texts, dimensions). A text's vector does not depend on the other texts or their order."""
        ...


def open_embedder(chosen: Embedder) -> TextEmbedder:
    """The embedder that the settings name, loaded. Raises `BadSettings`, or `NotNow` if the hub cannot be reached."""
    embedder: TextEmbedder = EMBEDDERS[chosen.kind].load_from("gettok.text.embedders").load(chosen)
    return embedder


def cosine(embedder: TextEmbedder, left: Sequence[str], right: Sequence[str]) -> list[float]:
    """Cosine of each text on the left with its counterpart on the right, in batches; 0 where a vector is zero."""
    pairs = list(zip(left, right, strict=True))
    cosines: list[float] = []
    for first in range(0, len(pairs), BATCH):
        lefts, rights = zip(*pairs[first : first + BATCH], strict=True)
        cosines += _cosines(embedder.embed(lefts), embedder.embed(rights))
    return cosines


def _cosines(left: Vectors, right: Vectors) -> list[float]:
    lefts, rights = left.astype(np.float64), right.astype(np.float64)
    squares = (lefts * lefts).sum(axis=1), (rights * rights).sum(axis=1)
    lengths = np.sqrt(squares[0]) * np.sqrt(squares[1])
    products = (lefts * rights).sum(axis=1)
    cosines = np.divide(products, lengths, out=np.zeros_like(products), where=lengths > 0)
    return [float(value) for value in np.clip(cosines, -1, 1)]
