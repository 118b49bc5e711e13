"""Mean-pooled token vectors of a BERT, as in the paper."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

import numpy as np

from gettok.errors import BadSettings
from gettok.models.hub import Model, transformers_model
from gettok.models.loading import LOCAL, ModelUse, cannot_load, transformers_library
from gettok.settings import Embedder
from gettok.text.embeddings import Vectors

#: Texts that the model gets at a time.
_BATCH = 16

USE = ModelUse(
    "embedding model",
    "embedder.model",
    "stopped before comparing anything",
    "set embedder.model to a folder or a hub name with a transformers model and its tokenizer, or choose"
    " embedder: charngram",
)


class Transformer:
    """A BERT-like model; a text's vector is the mean over its tokens. Tokens beyond the model's length are cut off.

    The special tokens at both ends count, as in the mean pooling of sentence-transformers.
    """

    def __init__(self, tokenizer: Any, model: Any, files: Mapping[str, str | None]) -> None:
        self._tokenizer = tokenizer
        self.files = files
        self._model = model.eval()
        self._max_tokens = min(int(model.config.max_position_embeddings), int(tokenizer.model_max_length))

    @property
    def description(self) -> str:
        return (
            "mean of the last layer's vectors over all tokens of a text, including the special ones at both ends (the"
            f" mean pooling of sentence-transformers); a text is cut off after {self._max_tokens} tokens"
        )

    def embed(self, texts: Sequence[str]) -> Vectors:
        width = int(self._model.config.hidden_size)
        batches = [self._pooled(texts[first : first + _BATCH]) for first in range(0, len(texts), _BATCH)]
        return np.concatenate([np.zeros((0, width), np.float32), *batches])

    def _pooled(self, texts: Sequence[str]) -> Vectors:
        tokens = self._tokenizer(
            list(texts), padding=True, truncation=True, max_length=self._max_tokens, return_tensors="pt"
        )
        with import_module("torch").no_grad():
            vectors = self._model(**tokens).last_hidden_state.float().numpy()
        mask = tokens["attention_mask"].numpy()[:, :, None].astype(np.float32)
        return np.asarray((vectors * mask).sum(axis=1) / mask.sum(axis=1), np.float32)


def load(chosen: Embedder) -> Transformer:
    """The model in a folder or from the Hugging Face hub."""
    if chosen.model is None:
        raise BadSettings(
            f"embedder.kind is {chosen.kind}, but embedder.model names no model",
            USE.stopped,
            "name one, such as dccuchile/bert-base-spanish-wwm-uncased, or choose embedder: charngram",
        )
    return _loaded(chosen.model, transformers_model(chosen.model, chosen.revision, USE))


def _loaded(name: str, files: Model) -> Transformer:
    library = transformers_library()
    try:
        tokenizer = library.AutoTokenizer.from_pretrained(files.folder, **LOCAL)
        model = library.AutoModel.from_pretrained(files.folder, **LOCAL)
    except (OSError, ValueError) as error:
        raise cannot_load(USE, name, str(error)) from error
    return Transformer(tokenizer, model, files.identity)
