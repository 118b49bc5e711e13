"""What an OCR backend provides, and the one that the settings choose."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, cast

from gettok.ocr.alphabet import OcrAlphabet
from gettok.settings import Ocr
from gettok.settings.registries import OCR_BACKENDS
from gettok.step import Json


@dataclass(frozen=True)
class Line:
    """A line of text, the confidence of the reading, and its corners in pixels, clockwise from the upper left."""

    text: str
    confidence: float
    box: tuple[tuple[int, int], ...]


class Reader(Protocol):
    """A loaded model. One thread at a time may use it."""

    def read(self, jpeg: bytes) -> list[Line]:
        """The lines in reading order, from the top and from the left. Raises `Unusable`: undecodable."""
        ...


class OcrBackend(Protocol):
    """A module of `gettok.ocr.backends`, named in `OCR_BACKENDS`. `recognizer` is as in the settings."""

    def identity(self, recognizer: str | None = None) -> Mapping[str, Json]:
        """`name` with the version, and the `sha256` of the models.

        Raises `BadSettings` if they are not all there, or are not what they should be.
        """
        ...

    def parameters(self) -> Mapping[str, Json]:
        """What else the answers depend on."""
        ...

    def alphabet(self, recognizer: str | None = None) -> OcrAlphabet:
        """The characters that it can write. Raises `BadSettings` as `identity` does."""
        ...

    def load(self, recognizer: str | None = None) -> Reader:
        """Load the models."""
        ...


def ocr_backend(name: str) -> OcrBackend:
    """The backend of this name in the settings."""
    return cast("OcrBackend", OCR_BACKENDS[name].load_from("gettok.ocr.backends"))


_of_thread = threading.local()


def reader(ocr: Ocr) -> Reader:
    """This thread's own reader. Loading it takes a second, once."""
    readers: dict[tuple[str, str | None], Reader] = _of_thread.__dict__.setdefault("readers", {})
    chosen = (ocr.backend, ocr.recognizer)
    if chosen not in readers:
        readers[chosen] = ocr_backend(ocr.backend).load(ocr.recognizer)
    return readers[chosen]
