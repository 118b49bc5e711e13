"""What a video is judged by, and the marks between which a model gets its texts."""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from gettok.media.clip import ClipSource
from gettok.media.images import Picture, Pictures
from gettok.settings.codebook import AnnotationInput

#: The texts, in the order in which a model gets them, each with the name above it.
TEXTS: Mapping[AnnotationInput, str] = {
    "transcript": "Transcript",
    "description": "Description",
    "on_screen_text": "On-screen text",
    "caption": "Caption",
}


@dataclass(frozen=True)
class AnnotationInputs:
    """What one video is judged by. A text that is missing or blank is left out of the prompt.

    `label_order` is the number of the order in which the video's labels are shown; 0 is the codebook's. Of `media`, a
    group gets the video and the sound if its inputs name them.
    """

    transcript: str | None
    description: str | None
    on_screen_text: str | None
    caption: str | None
    pictures: Pictures | None
    label_order: int = 0
    media: ClipSource | None = None

    def only(self, inputs: Collection[AnnotationInput]) -> "AnnotationInputs":
        """Only the named inputs."""
        left_out: dict[str, Any] = {name: None for name in TEXTS if name not in inputs}
        return replace(self, **left_out, pictures=self.pictures if "frames" in inputs else None)

    def texts(self) -> dict[str, str]:
        """The texts that are not blank, by name, in the order in which the model gets them."""
        named = {name: getattr(self, name) for name in TEXTS}
        return {name: text for name, text in named.items() if text and text.strip()}

    def frames(self, count: int) -> list[Picture]:
        """The middle frame and, up to `count`, those that differ most from it and from each other."""
        from gettok.annotate.frame_choice import most_different  # noqa: PLC0415 - Pillow, where all answers are known

        return most_different(self.pictures.load(), count) if self.pictures else []


def mark_for(texts: Mapping[str, str]) -> str:
    """A mark that no text can contain, as it is a digest of all texts. The same texts always give the same mark."""
    return hashlib.sha256(json.dumps(dict(texts)).encode("ascii")).hexdigest()[:16]


def between_marks(texts: Mapping[str, str], mark: str) -> list[str]:
    """Each text under its name, between lines with the mark."""
    assert not any(mark in text for text in texts.values())
    return [f"{TEXTS[name]}:\n<<<{mark}\n{text}\n{mark}>>>" for name, text in _named(texts)]


def _named(texts: Mapping[str, str]) -> list[tuple[AnnotationInput, str]]:
    return [(name, texts[name]) for name in TEXTS if name in texts]
