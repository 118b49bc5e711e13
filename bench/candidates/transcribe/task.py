"""The task of every candidate, and how it is stored in a folder."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

#: The words of each file, in the order of the files.
Transcriber = Callable[[Sequence[Path]], list[str]]

_FILE = "task.json"


@dataclass(frozen=True)
class Clip:
    name: str
    sound_s: float
    words: str


@dataclass(frozen=True)
class Task:
    """Transcribe the clips with the model and settings of `asr`, which name a folder for CTranslate2 and a language.

    A random model's output always looks improbable, so with `is_random` no candidate may retry it for that reason.
    """

    asr: Mapping[str, Any]
    is_random: bool
    clips: tuple[Clip, ...]

    def save(self, folder: Path) -> None:
        (folder / _FILE).write_text(json.dumps(asdict(self)), "utf-8")

    @staticmethod
    def load(folder: Path) -> "Task":
        stored = json.loads((folder / _FILE).read_text("utf-8"))
        return Task(stored["asr"], stored["is_random"], tuple(Clip(**clip) for clip in stored["clips"]))

    @property
    def number_format(self) -> str:
        """The one for all candidates, or `default`, which faster-whisper and WhisperX take for their own."""
        return "default" if self.asr["compute_type"] == "auto" else str(self.asr["compute_type"])

    @property
    def temperatures(self) -> tuple[float, ...]:
        """Whisper's own: it retries an improbable answer at the next higher temperature."""
        return (0.0,) if self.is_random else (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
