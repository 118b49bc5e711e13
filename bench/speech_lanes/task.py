"""What every lane is asked to do, as it lies in a folder."""

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
    """Write down the clips with the model and settings of `asr`: a folder for CTranslate2, and a language.

    What a random model writes always looks improbable: `is_random` says that no lane may try it again for that.
    """

    asr: Mapping[str, Any]
    is_random: bool
    clips: tuple[Clip, ...]

    def save(self, folder: Path) -> None:
        (folder / _FILE).write_text(json.dumps(asdict(self)), "utf-8")

    @staticmethod
    def of(folder: Path) -> "Task":
        told = json.loads((folder / _FILE).read_text("utf-8"))
        return Task(told["asr"], told["is_random"], tuple(Clip(**clip) for clip in told["clips"]))

    @property
    def temperatures(self) -> tuple[float, ...]:
        """Whisper's own: what it does not believe in, it says again less carefully."""
        return (0.0,) if self.is_random else (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
