"""When each word is said: a text that is known already is laid along the letters that a network hears."""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from gettok.errors import BadSettings, NotNow
from gettok.media.audio import RATE_HZ, Sound, seconds
from gettok.speech.backends.transformers import (
    CANNOT_READ,
    chosen_device,
    memory_by_name,
    transformers_library,
)
from gettok.speech.models import suppress_warnings

# torch and transformers take some 10 s to import
_late = import_module

#: What a Wav2Vec2 must have to give out a single frame.
_LEAST_SAMPLES = 400


@dataclass(frozen=True)
class Word:
    """A word as the text has it, and its time from the beginning of the stretch.

    `score`: the mean probability of its letters where they stand. `None`: the network knows none of its letters
    ("2022"), or the text does not fit into the sound; the word's time is then shared out between its neighbours.
    """

    text: str
    start_s: float
    end_s: float
    score: float | None

    def later(self, by_s: float) -> "Word":
        """The same, where the stretch begins so much later."""
        return replace(self, start_s=self.start_s + by_s, end_s=self.end_s + by_s)


@dataclass(frozen=True)
class Alphabet:
    """The letters that a network tells apart, in lower case, by number; `delimiter` stands between two words."""

    letters: Mapping[str, int]
    blank: int
    delimiter: int | None

    def spell(self, word: str) -> list[int]:
        """The word's letters, as far as they are known."""
        plain = unicodedata.normalize("NFC", word).lower()
        return [self.letters[letter] for letter in plain if letter in self.letters]


@dataclass(frozen=True)
class _Heard:
    """A network, its alphabet, and what it wants done to sound beforehand."""

    network: Any
    alphabet: Alphabet
    prepare: Callable[[Sound], Sound]


class Aligner:
    """A network trained with CTC: a `Wav2Vec2ForCTC` in a folder, or one of torchaudio's by its name.

    Not safe for several threads. `RuntimeError` naming `out of memory` where the device is too small.
    """

    def __init__(self, model: str | Path, device: str = "auto") -> None:
        self._device = chosen_device(device)
        with suppress_warnings():
            self._heard = _loaded(str(model))
        self._heard.network.to(self._device)

    def words(self, sound: Sound, text: str, language: str) -> list[Word]:
        """Each word of the text, in its order. Times never run backwards, and end within the sound."""
        with suppress_warnings(), memory_by_name():
            spaced = language not in _late("whisperx.alignment").LANGUAGES_WITHOUT_SPACES
            words = text.split() if spaced else [letter for letter in text if not letter.isspace()]
            if not words:
                return []
            alphabet = self._heard.alphabet if spaced else replace(self._heard.alphabet, delimiter=None)
            return align(self._log_probs(sound), words, alphabet, seconds(sound))

    def _log_probs(self, sound: Sound) -> Any:
        """Shape (frames, letters). On the CPU, where the search along them is quick enough on any machine."""
        torch = _late("torch")
        samples = self._heard.prepare(np.pad(sound, (0, max(0, _LEAST_SAMPLES - sound.size))))
        with torch.inference_mode():
            made = self._heard.network(torch.from_numpy(samples)[None].to(self._device))
            scores = made.logits if hasattr(made, "logits") else made[0]
            return scores[0].float().log_softmax(-1).cpu()


def align(log_probs: Any, words: Sequence[str], alphabet: Alphabet, sound_s: float) -> list[Word]:
    """Lay words along frames, shape (frames, letters), that share `sound_s` seconds equally."""
    spelt = [alphabet.spell(word) for word in words]
    spans = _spans(log_probs, spelt, alphabet)
    timed: list[Word | None] = []
    for word, letters in zip(words, spelt, strict=True):
        own, spans = spans[: len(letters)], spans[len(letters) :]
        timed.append(_timed(word, own, sound_s / log_probs.shape[0]) if own else None)
    return _filled(words, timed, sound_s)


def _spans(log_probs: Any, spelt: Sequence[Sequence[int]], alphabet: Alphabet) -> list[Any]:
    """The frames of each letter of each word, on the likeliest path; none where there is no path."""
    between = [] if alphabet.delimiter is None else [alphabet.delimiter]
    letters = [letter for word in spelt if word for letter in [*between, *word]][len(between) :]
    repeated = sum(left == right for left, right in pairwise(letters))
    if not letters or len(letters) + repeated > log_probs.shape[0]:
        return []
    torch, library = _late("torch"), _late("torchaudio").functional
    # Not whisperx's `align`: it fetches nltk's punkt_tab to cut sentences, which nobody wants here, and its search
    # does not ask for CTC's blank within a double letter. torchaudio 2.8 announces the end of this function, and
    # later versions have taken that back (pytorch/audio#4147).
    with suppress_warnings():
        path, scores = library.forced_align(log_probs[None], torch.tensor([letters]), blank=alphabet.blank)
    spans = library.merge_tokens(path[0], scores[0].exp(), blank=alphabet.blank)
    return [span for span in spans if span.token != alphabet.delimiter]


def _timed(word: str, spans: Sequence[Any], frame_s: float) -> Word:
    heard = sum(span.score * len(span) for span in spans) / sum(len(span) for span in spans)
    return Word(word, spans[0].start * frame_s, spans[-1].end * frame_s, heard)


def _filled(words: Sequence[str], timed: Sequence[Word | None], sound_s: float) -> list[Word]:
    """Give words without a time what lies between their neighbours, by their lengths in letters."""
    edges = np.cumsum([0, *map(len, words)])
    known = [(0, 0.0)]
    for first, last, word in zip(edges[:-1], edges[1:], timed, strict=True):
        known += [(first, word.start_s), (last, word.end_s)] if word else []
    letters, moments = zip(*known, (edges[-1], sound_s), strict=True)
    guessed = np.interp(edges, letters, moments).tolist()
    return [
        word or Word(text, start_s, end_s, None)
        for text, word, start_s, end_s in zip(words, timed, guessed[:-1], guessed[1:], strict=True)
    ]


def default_model(language: str) -> str | None:
    """What whisperx aligns this language with: a name for `Aligner`, or nothing."""
    return default_models().get(language)


def default_models() -> dict[str, str]:
    """The same for each language."""
    with suppress_warnings():
        known = _late("whisperx.alignment")
    found: dict[str, str] = known.DEFAULT_ALIGN_MODELS_TORCH | known.DEFAULT_ALIGN_MODELS_HF
    return found


def required_model(language: str) -> str:
    """The same for a language that a study has set: `BadSettings` where there is nothing."""
    found = default_model(language)
    if found is None:
        raise BadSettings(
            f"nobody has named a model that times the words of the language {language!r}",
            "stopped before the first video",
            "name a Wav2Vec2ForCTC of that language in the settings, from the Hugging Face hub or a folder, or leave"
            " the times of words out",
        )
    return found


def is_bundle(model: str) -> bool:
    """Whether this is the name of one of torchaudio's networks."""
    pipelines = _late("torchaudio").pipelines
    return isinstance(getattr(pipelines, model, None), pipelines.Wav2Vec2ASRBundle)


def _loaded(model: str) -> _Heard:
    if is_bundle(model):
        return _bundled(model, getattr(_late("torchaudio").pipelines, model))
    return _published(model)


def _bundled(model: str, bundle: Any) -> _Heard:
    try:
        network = bundle.get_model(dl_kwargs={"progress": False})
    except OSError as error:
        raise not_fetched(model, str(error)) from error
    labels = {label: number for number, label in enumerate(bundle.get_labels(blank="<pad>"))}
    return _Heard(network, _alphabet(labels, labels["<pad>"], "|"), lambda sound: sound)


def _published(model: str) -> _Heard:
    library = transformers_library()
    try:
        extractor = library.Wav2Vec2FeatureExtractor.from_pretrained(model, local_files_only=True)
        tokenizer = library.Wav2Vec2CTCTokenizer.from_pretrained(model, local_files_only=True)
        network, told = library.Wav2Vec2ForCTC.from_pretrained(
            model, local_files_only=True, output_loading_info=True
        )
    except (*CANNOT_READ, _late("safetensors").SafetensorError) as error:
        raise cannot_be_loaded(model, str(error)) from error
    if any(key.startswith("lm_head") for key in told["missing_keys"]):
        # the library would make them up, and the times with them
        raise cannot_be_loaded(model, "it has no weights that tell letters apart")
    alphabet = _alphabet(tokenizer.get_vocab(), tokenizer.pad_token_id, tokenizer.word_delimiter_token)
    return _Heard(
        network, alphabet, lambda sound: np.asarray(extractor(sound, sampling_rate=RATE_HZ).input_values[0])
    )


def _alphabet(known: Mapping[str, int], blank: int, delimiter: str) -> Alphabet:
    """Some networks know capitals only, and some know both: a small letter's own number goes before."""
    single = [token for token in known if len(token) == 1 and known[token] != blank and token != delimiter]
    letters = {token.lower(): known[token] for token in sorted(single, key=str.islower)}
    return Alphabet(letters, blank, known.get(delimiter))


def cannot_be_loaded(model: str, why: str) -> BadSettings:
    return BadSettings(
        f"the alignment model {model} cannot be loaded: {why}",
        "stopped before the first video",
        "name a Wav2Vec2ForCTC with its vocabulary: a folder, or a model on the Hugging Face hub",
    )


def not_fetched(model: str, why: str) -> NotNow:
    return NotNow(
        f"the alignment model {model} cannot be fetched: {why}",
        "stopped before the first video",
        "check the name and run the same command when the network is there, or name a folder with the model",
    )
