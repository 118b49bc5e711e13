"""Hears what sounds hold: the words, by the sandbox's own speech model, and beeps, by how loud it is."""

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from sandbox.model.clips import RATE_HZ, samples_of

MODEL = Path(__file__).parents[1] / "speech" / "whisper_demo"
LONGEST_S = 6
"""Seconds that the model hears at once; with more it leaves out sentences."""
WINDOW = RATE_HZ // 100
LOUD = 0.1
"""The share of the loudest hundredth of a second that counts as loud."""
SHORTEST = 5
"""Hundredths of a second that a beep lasts at least, and the pause after it."""


@dataclass(frozen=True, slots=True)
class HeardSound:
    words: str
    beeps: int


class Hearing:
    """Hears each distinct sound once, one at a time."""

    def __init__(self) -> None:
        self._heard: dict[str, HeardSound | None] = {}
        self._lock = threading.Lock()

    def hear(self, content: bytes) -> HeardSound | None:
        """What a sound, or a video's sound, holds; None for a video without one. ValueError if it does not decode."""
        digest = hashlib.sha256(content).hexdigest()
        with self._lock:
            if digest not in self._heard:
                samples = samples_of(content)
                self._heard[digest] = None if samples is None else self._listen(samples)
            return self._heard[digest]

    def _listen(self, samples: Any) -> HeardSound:
        return HeardSound(" ".join(self._sentences(samples)), count_beeps(samples))

    def _sentences(self, samples: Any) -> Iterator[str]:
        """The words of each stretch of speech."""
        from faster_whisper.vad import VadOptions, get_speech_timestamps  # noqa: PLC0415 - the server must start quickly

        for speech in get_speech_timestamps(samples, VadOptions(max_speech_duration_s=LONGEST_S)):
            segments, _ = self._model.transcribe(
                samples[speech["start"] : speech["end"]],
                language="es",
                beam_size=1,
                temperature=0.0,
                without_timestamps=True,
                condition_on_previous_text=False,
                chunk_length=LONGEST_S,
            )
            yield from filter(None, (segment.text.strip() for segment in segments))

    @cached_property
    def _model(self) -> Any:
        from faster_whisper import WhisperModel  # noqa: PLC0415 - a second to import

        # with one thread, sums have a fixed order, so the same sound always gives the same words
        return WhisperModel(str(MODEL), device="cpu", compute_type="int8", cpu_threads=1)


@cache
def hearing() -> Hearing:
    """The only instance in this process."""
    return Hearing()


def count_beeps(samples: Any) -> int:
    """How often it becomes loud, and quiet again; the shortest noises and pauses do not count."""
    import numpy as np  # noqa: PLC0415 - the server must start quickly

    windows = samples[: samples.size // WINDOW * WINDOW].reshape(-1, WINDOW)
    loudness = np.sqrt(np.square(windows, dtype=np.float64).mean(axis=1))
    if not loudness.size or not loudness.max():
        return 0
    edges = np.diff(np.concatenate([[0], loudness > LOUD * loudness.max(), [0]]).astype(int))
    beeps, end = 0, -SHORTEST
    for start, stop in zip(np.flatnonzero(edges > 0), np.flatnonzero(edges < 0), strict=True):
        if stop - start >= SHORTEST and start - end >= SHORTEST:
            beeps += 1
        end = int(stop)
    return beeps
