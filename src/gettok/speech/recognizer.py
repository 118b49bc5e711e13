"""What a speech recogniser is asked and gives back, and what a module of `gettok.speech.backends` has to offer."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

from gettok.media.recording import Sound
from gettok.models.hub import Model
from gettok.settings import Asr
from gettok.settings.registries import ASR_BACKENDS

#: The probability of each language that the model knows, by its code.
LanguageOdds = Mapping[str, float]

_LANGUAGE_TOKEN = re.compile(r"<\|([a-z]{2,3})\|>")


@dataclass(frozen=True)
class Request:
    """A chunk of sound to transcribe, at most as long as the model's window; `None`: detect the language."""

    sound: Sound
    language: str | None


@dataclass(frozen=True)
class Result:
    """A chunk's text, verbatim.

    `avg_logprob` is the mean log-probability of its tokens, including the end token; `language_odds` are the model's
    on this chunk, whichever `language` the text is in; `no_speech_prob` is that of Whisper's no-speech token.
    """

    text: str
    language: str
    language_odds: LanguageOdds
    avg_logprob: float
    no_speech_prob: float

    @property
    def language_probability(self) -> float:
        return self.language_odds.get(self.language, 0.0)

    @property
    def rival_probability(self) -> float:
        """That of the likeliest other language."""
        return max((odds for code, odds in self.language_odds.items() if code != self.language), default=0.0)


class Recognizer(Protocol):
    """A loaded model."""

    @property
    def languages(self) -> frozenset[str]:
        """Codes of the languages that it knows; only `en` for a model of English."""
        ...

    @property
    def concurrency(self) -> int:
        """How many threads may call it at once: with two, one prepares its sound while the other's is recognised."""
        ...

    @property
    def workers(self) -> int:
        """How many batches it recognises at once; they share the chunks of a batch among them."""
        ...

    def detect(self, sounds: Sequence[Sound]) -> list[LanguageOdds]:
        """The odds of each chunk, in the same order. Raises like `transcribe`."""
        ...

    def transcribe(self, batch: Sequence[Request]) -> list[Result]:
        """In the same order; the text does not depend on which chunks share a batch.

        Raises a `RuntimeError` that says `out of memory` if the device is too small for the batch.
        """
        ...


class RecognizerBackend(Protocol):
    """A recogniser to choose: a module with these functions."""

    def find(self, asr: Asr) -> Model:
        """The files of `asr.model`, downloaded at their first use. Raises `BadSettings` or `NotNow`."""
        ...

    def device(self, asr: Asr) -> str:
        """`cpu` or `cuda`; `auto` is `cuda` where the backend finds a GPU."""
        ...

    def compute_type(self, asr: Asr) -> str:
        """The number format. Answers depend on it, so `auto` is resolved to what it means on this machine."""
        ...

    def load(self, folder: Path, asr: Asr) -> Recognizer:
        """Raises `BadSettings` if the folder has no such model, or the device cannot run it with these settings."""
        ...


def backend_of(asr: Asr) -> RecognizerBackend:
    """The module that the settings name."""
    return cast(RecognizerBackend, ASR_BACKENDS[asr.backend].load_from("gettok.speech.backends"))


def languages_of(vocabulary: Iterable[str]) -> frozenset[str]:
    """The languages for which a tokenizer has a token, such as `<|es|>`: what its model was trained with.

    A library's list may have more. faster-whisper lists `yue` for models of 99 languages, which lack its token.
    """
    found = (_LANGUAGE_TOKEN.fullmatch(token) for token in vocabulary)
    return frozenset(match[1] for match in found if match)


def likeliest(odds: LanguageOdds) -> str:
    return max(odds, key=odds.__getitem__)
