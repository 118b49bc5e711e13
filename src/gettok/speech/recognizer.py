"""What a speech recogniser is asked, and what it says."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from gettok.media.audio import Sound


@dataclass(frozen=True)
class Request:
    """A stretch of voiced sound to be written down, at most the model's window long; `None`: detect the language."""

    sound: Sound
    language: str | None


@dataclass(frozen=True)
class Result:
    """A stretch's words, verbatim.

    `avg_logprob` is the mean log-probability of its tokens, the end token among them; `language_probability` is what
    the model gives `language` when it hears this stretch; `no_speech_prob` is that of Whisper's no-speech token.
    """

    text: str
    language: str
    language_probability: float
    avg_logprob: float
    no_speech_prob: float


class Writer(Protocol):
    """A loaded recogniser."""

    @property
    def languages(self) -> frozenset[str]:
        """Codes of the languages that it knows; `en` alone for a model of English only."""
        ...

    @property
    def lanes(self) -> int:
        """How many threads may ask at once: with two, one prepares its sound while the other's is recognised."""
        ...

    def write(self, batch: Sequence[Request]) -> list[Result]:
        """In the same order; who shares a batch changes no words.

        `RuntimeError` that says `out of memory` where the device is too small for the batch.
        """
        ...
