"""Times of words, for whoever wants them: which aligner a language gets, and which files it is; loaded once."""

from collections.abc import Iterator
from functools import partial
from threading import Lock

from gettok.media.audio import Sound
from gettok.models.hub import Model, of_transformers
from gettok.speech.alignment import (
    Aligner,
    Word,
    cannot_be_loaded,
    default_model,
    default_models,
    is_bundle,
    not_fetched,
    required_model,
)
from gettok.step import Json

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
        name = _named(self._wanted, language)
        if name is not None:
            self._aligner(name)

    def words(self, sound: Sound, text: str, language: str) -> list[Word] | None:
        """When each word is said, from the beginning of the sound; None for a language without an aligner."""
        name = default_model(language) if self._wanted == AUTO else self._wanted
        if name is None:
            return None
        with self._turn:
            return self._aligner(name).words(sound, text, language)

    def _aligner(self, name: str) -> Aligner:
        if name not in self._aligners:
            found = _files(name)
            self._aligners[name] = Aligner(found.folder if found else name, self._device)
        return self._aligners[name]


def identity(wanted: str | None, language: str | None) -> Json:
    """What an answer depends on: the aligner's files, or a bundle of torchaudio's, which the library knows by name.

    Where the language is heard, a video's aligner is not known beforehand: then it is the table of all of them.
    """
    if wanted is None:
        return None
    name = _named(wanted, language)
    return _known(name) if name else {"by_language": dict(sorted(default_models().items()))}


def aligned_by(wanted: str | None, language: str) -> Json:
    """The same for a video whose language is known; None for a language without an aligner."""
    name = default_model(language) if wanted == AUTO else wanted
    return _known(name) if name else None


def pinnable(wanted: str | None, language: str | None) -> Iterator[tuple[str, Model]]:
    """The aligner, if it is known beforehand and has files that may change, with its name on the hub."""
    name = wanted and _named(wanted, language)
    found = _files(name) if name else None
    if name and found and found.repository:
        yield found.repository, found


def _named(wanted: str, language: str | None) -> str | None:
    """The one aligner of the study; None where it depends on the language that is heard in a video."""
    if wanted != AUTO:
        return wanted
    return None if language is None else required_model(language)


def _known(name: str) -> Json:
    found = _files(name)
    return found.identity if found else {"bundle": name}


def _files(name: str) -> Model | None:
    """A bundle of torchaudio's has none; a name of the hub may be followed by `@` and a commit."""
    if is_bundle(name):
        return None
    repository, _, revision = name.partition("@")
    return of_transformers(
        repository, revision or None, partial(cannot_be_loaded, name), partial(not_fetched, name)
    )
