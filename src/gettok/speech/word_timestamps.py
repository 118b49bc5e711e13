"""Times of words, for studies that want them: which aligner a language gets, and which files it has."""

from collections.abc import Iterator, Sequence
from threading import Lock

from gettok.media.recording import Sound
from gettok.models.hub import Model, transformers_model
from gettok.speech.alignment import (
    USE,
    Aligner,
    TimedWord,
    default_model,
    default_models,
    is_bundle,
    required_model,
)
from gettok.step import Json

#: The setting that leaves the choice to whisperx's table of models by language.
AUTO = "auto"


class WordTimer:
    """The aligners in use, each loaded once. Safe for several threads, which take turns."""

    def __init__(self, wanted: str, device: str) -> None:
        self._wanted, self._device = wanted, device
        self._aligners: dict[str, Aligner] = {}
        self._lock = Lock()

    def check(self, language: str | None) -> None:
        """Load the aligner of the study's language. Raises `BadSettings` where there is none."""
        name = _study_aligner(self._wanted, language)
        if name is not None:
            self._aligner(name)

    def words(self, sound: Sound, text: str, language: str) -> list[TimedWord] | None:
        """The words with their times from the beginning of the sound; None for a language without an aligner."""
        name = _video_aligner(self._wanted, language)
        if name is None:
            return None
        with self._lock:
            return self._aligner(name).words(sound, text, language)

    def _aligner(self, name: str) -> Aligner:
        if name not in self._aligners:
            model = _model(name)
            self._aligners[name] = Aligner(model.folder if model else name, self._device)
        return self._aligners[name]


def identity(wanted: str | None, language: str | None) -> Json:
    """What an answer depends on: the aligner's files, or the name of a torchaudio bundle.

    Where the language is detected, a video's aligner is not known beforehand: then it is the table of all of them.
    """
    if wanted is None:
        return None
    name = _study_aligner(wanted, language)
    return _identity_of(name) if name else {"by_language": dict(sorted(default_models().items()))}


def aligners_identity(wanted: str | None, languages: Sequence[str]) -> Json:
    """The same for a video whose languages are known; None for a language without an aligner."""
    names = {language: _video_aligner(wanted, language) for language in languages}
    found = {language: _identity_of(name) if name else None for language, name in names.items()}
    if len(set(names.values())) == 1:
        return found[languages[0]]
    return {"by_language": found}


def pinnable(wanted: str | None, language: str | None) -> Iterator[tuple[str, Model]]:
    """The aligner with its name on the hub, if it is known beforehand and has files that may change."""
    name = wanted and _study_aligner(wanted, language)
    model = _model(name) if name else None
    if model and model.repository:
        yield model.repository, model


def _study_aligner(wanted: str, language: str | None) -> str | None:
    """The one aligner of the study; None where it depends on the language that is detected in a video."""
    if wanted != AUTO:
        return wanted
    return None if language is None else required_model(language)


def _video_aligner(wanted: str | None, language: str) -> str | None:
    return default_model(language) if wanted == AUTO else wanted


def _identity_of(name: str) -> Json:
    model = _model(name)
    return model.identity if model else {"bundle": name}


def _model(name: str) -> Model | None:
    """None for a torchaudio bundle, which has no files of its own; a hub name may be followed by `@` and a commit."""
    if is_bundle(name):
        return None
    repository, _, revision = name.partition("@")
    return transformers_model(repository, revision or None, USE)
