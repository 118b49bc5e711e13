"""What a speech recogniser is asked and gives back, and what a module of `gettok.speech.backends` has to offer."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

from gettok.media.audio import Sound
from gettok.models.hub import Model
from gettok.settings import Asr
from gettok.settings.registries import ASR_BACKENDS


@dataclass(frozen=True)
class Request:
    """A chunk of sound to transcribe, at most as long as the model's window; `None`: detect the language."""

    sound: Sound
    language: str | None


@dataclass(frozen=True)
class Result:
    """A chunk's text, verbatim.

    `avg_logprob` is the mean log-probability of its tokens, including the end token; `language_probability` is the
    probability that the model gives `language` on this chunk; `no_speech_prob` is that of Whisper's no-speech token.
    """

    text: str
    language: str
    language_probability: float
    avg_logprob: float
    no_speech_prob: float


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
