"""What an OCR backend provides, and the one that the settings choose."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, cast

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
    """A module of `gettok.ocr.backends`, named in `OCR_BACKENDS`."""

    def identity(self) -> Mapping[str, Json]:
        """`name` with the version, and the `sha256` of the models. Raises `BadSettings` if they are not all there."""
        ...

    def parameters(self) -> Mapping[str, Json]:
        """What else the answers depend on."""
        ...

    def load(self) -> Reader:
        """Load the models."""
        ...


def ocr_backend(name: str) -> OcrBackend:
    """The backend of this name in the settings."""
    return cast("OcrBackend", OCR_BACKENDS[name].load_from("gettok.ocr.backends"))


_of_thread = threading.local()


def reader(name: str) -> Reader:
    """This thread's own reader. Loading it takes a second, once."""
    readers: dict[str, Reader] = _of_thread.__dict__
    if name not in readers:
        readers[name] = ocr_backend(name).load()
    return readers[name]
