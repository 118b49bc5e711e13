"""How near two texts are in meaning or in form: the cosine of their embeddings.

`transformer` is the paper's way, mean-pooled token vectors of a BERT; `charngram` needs no model and no network, and
compares spellings only.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from importlib import import_module
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from gettok import settings
from gettok.errors import BadSettings, NotNow
from gettok.models.hub import Model, of_transformers

Vectors = npt.NDArray[np.float32]

_BATCH = 16
_BUCKETS = 2**16


class Embedder(Protocol):
    """Texts in, one vector for each out."""

    @property
    def files(self) -> Mapping[str, str | None] | None:
        """The model's repository, commit, and SHA-256 over its files; None where there is no model."""
        ...

    @property
    def how(self) -> str:
        """How a text becomes a vector, for whoever reads numbers that rest on it."""
        ...

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Shape (texts, dimensions). The order of the texts and who stands beside whom change nothing."""
        ...


class CharNgrams:
    """Hashed counts of the 3 to 5 letters in a row within a word, capitals aside."""

    files = None
    how = "counts of 3 to 5 letters in a row within a word, capitals aside: likeness of spelling, not of meaning"

    def __init__(self) -> None:
        text = import_module("sklearn.feature_extraction.text")
        self._vectoriser: Any = text.HashingVectorizer(
            analyzer="char_wb", ngram_range=(3, 5), n_features=_BUCKETS, norm="l2", dtype=np.float32
        )

    def embed(self, texts: Sequence[str]) -> Vectors:
        return np.asarray(self._vectoriser.transform(texts).toarray(), np.float32)


class Transformer:
    """A BERT-like model; a text's vector is the mean over its tokens. What exceeds the model's length is cut off.

    The special tokens at both ends count, as in the mean pooling of sentence-transformers.
    """

    def __init__(self, tokenizer: Any, model: Any, files: Mapping[str, str | None]) -> None:
        self._tokenizer = tokenizer
        self.files = files
        self._model = model.eval()
        self._longest = min(int(model.config.max_position_embeddings), int(tokenizer.model_max_length))

    @property
    def how(self) -> str:
        return (
            "mean of the last layer's vectors over all tokens of a text, the special ones at both ends among them (the"
            f" mean pooling of sentence-transformers); a text is cut off after {self._longest} tokens"
        )

    def embed(self, texts: Sequence[str]) -> Vectors:
        width = int(self._model.config.hidden_size)
        batches = [self._pooled(texts[first : first + _BATCH]) for first in range(0, len(texts), _BATCH)]
        return np.concatenate([np.zeros((0, width), np.float32), *batches])

    def _pooled(self, texts: Sequence[str]) -> Vectors:
        tokens = self._tokenizer(
            list(texts), padding=True, truncation=True, max_length=self._longest, return_tensors="pt"
        )
        with import_module("torch").no_grad():
            vectors = self._model(**tokens).last_hidden_state.float().numpy()
        mask = tokens["attention_mask"].numpy()[:, :, None].astype(np.float32)
        return np.asarray((vectors * mask).sum(axis=1) / mask.sum(axis=1), np.float32)


def open_embedder(wanted: settings.Embedder) -> Embedder:
    """The embedder that the settings name; a transformer comes out of a folder or from the Hugging Face hub."""
    if wanted.kind == "charngram":
        return CharNgrams()
    if wanted.model is None:
        raise BadSettings(
            "embedder.kind is transformer, but embedder.model names none",
            "stopped before comparing anything",
            "name a model there, such as dccuchile/bert-base-spanish-wwm-uncased, or choose embedder: charngram",
        )
    found = of_transformers(
        wanted.model, wanted.revision, partial(_wrong, wanted.model), partial(_away, wanted.model)
    )
    return _transformer(wanted.model, found)


def _transformer(name: str, found: Model) -> Transformer:
    transformers = import_module("transformers")
    # its advice and its progress bars would run into our own progress bar
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(found.folder, local_files_only=True)
        model = transformers.AutoModel.from_pretrained(found.folder, local_files_only=True)
    except (OSError, ValueError) as error:
        raise _wrong(name, str(error)) from error
    return Transformer(tokenizer, model, found.identity)


def _wrong(name: str, why: str) -> BadSettings:
    return BadSettings(
        f"{name} is no embedding model: {why}",
        "stopped before comparing anything",
        "set embedder.model to a folder or a name of the hub with a transformers model and its tokenizer",
    )


def _away(name: str, why: str) -> NotNow:
    return NotNow(
        f"the embedding model {name} cannot be fetched from the Hugging Face hub: {why}",
        "stopped before comparing anything",
        "check embedder.model and run the same command when the hub can be reached, or choose embedder: charngram",
    )


def cosine(embedder: Embedder, left: Sequence[str], right: Sequence[str]) -> list[float]:
    """Cosine of each text with the one opposite, in batches; 0 where a text has no vector at all."""
    pairs = list(zip(left, right, strict=True))
    found: list[float] = []
    for first in range(0, len(pairs), _BATCH):
        ours, theirs = zip(*pairs[first : first + _BATCH], strict=True)
        found += _cosines(embedder.embed(ours), embedder.embed(theirs))
    return found


def _cosines(left: Vectors, right: Vectors) -> list[float]:
    ours, theirs = left.astype(np.float64), right.astype(np.float64)
    lengths = np.linalg.norm(ours, axis=1) * np.linalg.norm(theirs, axis=1)
    products = (ours * theirs).sum(axis=1)
    cosines = np.divide(products, lengths, out=np.zeros_like(products), where=lengths > 0)
    return [float(value) for value in np.clip(cosines, -1, 1)]
