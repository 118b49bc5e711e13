"""Forced alignment: a known text is aligned to the letters that a network recognises, which gives each word's time."""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from pickle import UnpicklingError  # the error alone: nothing is unpickled here
from typing import Any

import numpy as np

from gettok.errors import BadSettings
from gettok.media.recording import RATE_HZ, Sound, seconds
from gettok.models.loading import (
    UNREADABLE,
    ModelUse,
    cannot_fetch,
    cannot_load,
    suppress_warnings,
    torch_device,
    transformers_library,
    uniform_oom,
)
from gettok.store.disk_space import full_disk_as_no_space

USE = ModelUse(
    "alignment model",
    "asr.align",
    "stopped before the first video",
    "name a Wav2Vec2ForCTC with its vocabulary: a folder, or a model on the Hugging Face hub",
)
#: A Wav2Vec2 needs so many samples to give a single frame.
_MIN_SAMPLES = 400


@dataclass(frozen=True)
class TimedWord:
    """A word as the text has it, and its time from the beginning of the sound.

    `score` is the mean probability of its letters in their frames. `None`: the network knows none of its letters
    ("2022"), or the text does not fit into the sound; the time is then interpolated between the word's neighbours.
    """

    text: str
    start_s: float
    end_s: float
    score: float | None

    def shifted(self, by_s: float) -> "TimedWord":
        """The same word in a sound that begins so much earlier."""
        return replace(self, start_s=self.start_s + by_s, end_s=self.end_s + by_s)


@dataclass(frozen=True)
class Alphabet:
    """The letters that a network distinguishes, in lower case, by number; `delimiter` is the sign between two words."""

    letters: Mapping[str, int]
    blank: int
    delimiter: int | None

    def spell(self, word: str) -> list[int]:
        """The numbers of the word's letters; unknown letters are left out."""
        plain = unicodedata.normalize("NFC", word).lower()
        return [self.letters[letter] for letter in plain if letter in self.letters]


@dataclass(frozen=True)
class _Network:
    """A loaded network, its alphabet, and how sound is prepared for it."""

    model: Any
    alphabet: Alphabet
    prepare: Callable[[Sound], Sound]


class Aligner:
    """A network trained with CTC: a `Wav2Vec2ForCTC` in a folder, or a torchaudio bundle by its name.

    Not safe for several threads. Raises a `RuntimeError` that says `out of memory` if the device is too small.
    """

    def __init__(self, model: str | Path, device: str = "auto") -> None:
        self._device = torch_device(device)
        with suppress_warnings():
            self._network = _loaded(str(model))
        self._network.model.to(self._device)

    def words(self, sound: Sound, text: str, language: str) -> list[TimedWord]:
        """Each word of the text, in its order. Times never run backwards, and end within the sound."""
        with suppress_warnings(), uniform_oom():
            spaced = language not in import_module("whisperx.alignment").LANGUAGES_WITHOUT_SPACES
            words = text.split() if spaced else [letter for letter in text if not letter.isspace()]
            if not words:
                return []
            alphabet = self._network.alphabet
            if not spaced:
                alphabet = replace(alphabet, delimiter=None)
            return align(self._log_probs(sound), words, alphabet, seconds(sound))

    def _log_probs(self, sound: Sound) -> Any:
        """Shape (frames, letters), on the CPU: the search that follows is fast enough there on any machine."""
        torch = import_module("torch")
        samples = self._network.prepare(np.pad(sound, (0, max(0, _MIN_SAMPLES - sound.size))))
        with torch.inference_mode():
            output = self._network.model(torch.from_numpy(samples)[None].to(self._device))
            scores = output.logits if hasattr(output, "logits") else output[0]
            return scores[0].float().log_softmax(-1).cpu()


def align(log_probs: Any, words: Sequence[str], alphabet: Alphabet, sound_s: float) -> list[TimedWord]:
    """Align words to frames, shape (frames, letters), which share `sound_s` seconds equally."""
    spelled = [alphabet.spell(word) for word in words]
    spans = _spans(log_probs, spelled, alphabet)
    timed: list[TimedWord | None] = []
    for word, letters in zip(words, spelled, strict=True):
        own, spans = spans[: len(letters)], spans[len(letters) :]
        timed.append(_timed(word, own, sound_s / log_probs.shape[0]) if own else None)
    return _interpolated(words, timed, sound_s)


def _spans(log_probs: Any, spelled: Sequence[Sequence[int]], alphabet: Alphabet) -> list[Any]:
    """The frames of each letter of each word, on the likeliest path; empty where there is no path."""
    between = [] if alphabet.delimiter is None else [alphabet.delimiter]
    letters = [letter for word in spelled if word for letter in [*between, *word]][len(between) :]
    repeated = sum(left == right for left, right in pairwise(letters))
    if not letters or len(letters) + repeated > log_probs.shape[0]:
        return []
    torch, library = import_module("torch"), import_module("torchaudio").functional
    # Not whisperx's `align`: it downloads nltk's punkt_tab to split sentences, which are not needed here, and its
    # search does not require CTC's blank within a double letter. torchaudio 2.8 announces the removal of this
    # function, and later versions have taken that back (pytorch/audio#4147).
    with suppress_warnings():
        path, scores = library.forced_align(log_probs[None], torch.tensor([letters]), blank=alphabet.blank)
    spans = library.merge_tokens(path[0], scores[0].exp(), blank=alphabet.blank)
    return [span for span in spans if span.token != alphabet.delimiter]


def _timed(word: str, spans: Sequence[Any], frame_s: float) -> TimedWord:
    score = sum(span.score * len(span) for span in spans) / sum(len(span) for span in spans)
    return TimedWord(word, spans[0].start * frame_s, spans[-1].end * frame_s, score)


def _interpolated(words: Sequence[str], timed: Sequence[TimedWord | None], sound_s: float) -> list[TimedWord]:
    """Divide the time between two neighbours among the words without a time, by their lengths in letters."""
    edges = np.cumsum([0, *map(len, words)])
    known = [(0, 0.0)]
    for first, last, word in zip(edges[:-1], edges[1:], timed, strict=True):
        known += [(first, word.start_s), (last, word.end_s)] if word else []
    letters, moments = zip(*known, (edges[-1], sound_s), strict=True)
    guessed = np.interp(edges, letters, moments).tolist()
    return [
        word or TimedWord(text, start_s, end_s, None)
        for text, word, start_s, end_s in zip(words, timed, guessed[:-1], guessed[1:], strict=True)
    ]


def default_model(language: str) -> str | None:
    """The name, for `Aligner`, of what whisperx aligns this language with; None where it has nothing."""
    return default_models().get(language)


def default_models() -> dict[str, str]:
    """The same for each language."""
    with suppress_warnings():
        table = import_module("whisperx.alignment")
    models: dict[str, str] = table.DEFAULT_ALIGN_MODELS_TORCH | table.DEFAULT_ALIGN_MODELS_HF
    return models


def required_model(language: str) -> str:
    """The same for a language that a study has set: `BadSettings` where there is nothing."""
    model = default_model(language)
    if model is None:
        raise BadSettings(
            f"no model is known that times the words of the language {language!r}",
            USE.stopped,
            "set asr.align to a Wav2Vec2ForCTC of that language, from the Hugging Face hub or a folder, or to null for"
            " no times",
        )
    return model


def is_bundle(model: str) -> bool:
    """Whether this is the name of a torchaudio bundle."""
    pipelines = import_module("torchaudio").pipelines
    return isinstance(getattr(pipelines, model, None), pipelines.Wav2Vec2ASRBundle)


def _loaded(model: str) -> _Network:
    if is_bundle(model):
        return _load_bundle(model, getattr(import_module("torchaudio").pipelines, model))
    return _load_transformers(model)


def _load_bundle(name: str, bundle: Any) -> _Network:
    try:
        # a pickle may run any program when it is read, which torch allows here by default
        with full_disk_as_no_space(Path(import_module("torch").hub.get_dir())):
            model = bundle.get_model(dl_kwargs={"progress": False, "weights_only": True})
    except OSError as error:
        raise cannot_fetch(USE, name, str(error)) from error
    except UnpicklingError as error:
        raise cannot_load(USE, name, str(error)) from error
    labels = {label: number for number, label in enumerate(bundle.get_labels(blank="<pad>"))}
    return _Network(model, _alphabet(labels, labels["<pad>"], "|"), lambda sound: sound)


def _load_transformers(name: str) -> _Network:
    library = transformers_library()
    try:
        extractor = library.Wav2Vec2FeatureExtractor.from_pretrained(name, local_files_only=True)
        tokenizer = library.Wav2Vec2CTCTokenizer.from_pretrained(name, local_files_only=True)
        model, loading_info = library.Wav2Vec2ForCTC.from_pretrained(
            name, local_files_only=True, output_loading_info=True
        )
    except (*UNREADABLE, import_module("safetensors").SafetensorError) as error:
        raise cannot_load(USE, name, str(error)) from error
    if any(key.startswith("lm_head") for key in loading_info["missing_keys"]):
        # the library would fill them with random weights, and the times would be random, too
        raise cannot_load(USE, name, "it has no weights that distinguish letters")
    alphabet = _alphabet(tokenizer.get_vocab(), tokenizer.pad_token_id, tokenizer.word_delimiter_token)
    return _Network(
        model, alphabet, lambda sound: np.asarray(extractor(sound, sampling_rate=RATE_HZ).input_values[0])
    )


def _alphabet(vocabulary: Mapping[str, int], blank: int, delimiter: str) -> Alphabet:
    """Some networks know only capitals, and some know both cases: then the lower-case letter's number is taken."""
    single = [
        token
        for token, number in vocabulary.items()
        if len(token) == 1 and number != blank and token != delimiter
    ]
    letters = {token.lower(): vocabulary[token] for token in sorted(single, key=str.islower)}
    return Alphabet(letters, blank, vocabulary.get(delimiter))
