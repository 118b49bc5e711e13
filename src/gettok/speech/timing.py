"""Times of words, for whoever wants them: which aligner a language gets, loaded once."""

from pathlib import Path
from threading import Lock

from gettok.sound import Sound
from gettok.speech.aligning import Aligner, Word, default_model, required_model
from gettok.speech.models import folder_digest

#: The setting that leaves the choice to whisperx's table of models by language.
AUTO = "auto"


class Timing:
    """Safe for several threads, one at a time."""

    def __init__(self, wanted: str, device: str) -> None:
        self._wanted, self._device = wanted, device
        self._aligners: dict[str, Aligner] = {}
        self._turn = Lock()

    def check(self, language: str | None) -> None:
        """Load the aligner of the study's language. Raises `BadSettings` where there is none."""
        if self._wanted != AUTO:
            self._aligner(self._wanted)
        elif language is not None:
            self._aligner(required_model(language))

    def words(self, sound: Sound, text: str, language: str) -> list[Word] | None:
        """When each word is said, from the beginning of the sound; None for a language without an aligner."""
        name = default_model(language) if self._wanted == AUTO else self._wanted
        if name is None:
            return None
        with self._turn:
            return self._aligner(name).words(sound, text, language)

    def _aligner(self, name: str) -> Aligner:
        if name not in self._aligners:
            self._aligners[name] = Aligner(name, self._device)
        return self._aligners[name]


def identity(wanted: str | None) -> str | None:
    """What an answer depends on: a folder goes by its files."""
    if wanted is not None and Path(wanted).is_dir():
        return f"sha256:{folder_digest(Path(wanted))}"
    return wanted
