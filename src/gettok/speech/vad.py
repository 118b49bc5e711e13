"""Where somebody speaks: voice activity detection, and the chunks that a recogniser is given.

`silero` (onnxruntime, one core) hears 676 s of the demo's sound in 2.2 s, `pyannote` (torch, one core) in 37 s, and of
36 sounds without a voice silero took none for one and pyannote one.
"""

import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from itertools import pairwise
from math import ceil
from threading import Lock
from typing import Any, Protocol

from gettok.media.audio import RATE_HZ, Recording, Sound
from gettok.speech.models import suppress_warnings

# silero's and pyannote's settings, spelled out because answers depend on them
_SHORTEST_SPEECH_MS, _SHORTEST_SILENCE_MS, _PADDING_MS = 100, 160, 100
_ONSET, _OFFSET = 0.5, 0.363
#: A longer recording is listened to in pieces of so many seconds.
PIECE_S = 300.0
#: A voice that comes nearer than this to the end of a piece may go on in the next.
_EDGE_S = 1.0
_CHATTY = ("whisperx", "lightning", "lightning.pytorch", "lightning.fabric", "pyannote")


@dataclass(frozen=True)
class SpeechSegment:
    """Somebody speaks without a pause."""

    start_s: float
    end_s: float


@dataclass(frozen=True)
class Chunk:
    """A stretch of sound to be recognised in one go: voices, and the short pauses between them."""

    start_s: float
    end_s: float
    speech_s: float


class Detector(Protocol):
    def voices(self, sound: Sound, longest_s: float) -> list[SpeechSegment]:
        """Voices in their order, each at most about `longest_s` seconds. Safe for several threads."""
        ...


class Silero:
    """The detector that comes with faster-whisper."""

    def __init__(self) -> None:
        self._vad = import_module("faster_whisper.vad")
        self._vad.get_vad_model()

    def voices(self, sound: Sound, longest_s: float) -> list[SpeechSegment]:
        options = self._vad.VadOptions(
            min_speech_duration_ms=_SHORTEST_SPEECH_MS,
            min_silence_duration_ms=_SHORTEST_SILENCE_MS,
            speech_pad_ms=_PADDING_MS,
            max_speech_duration_s=longest_s,
        )
        found = self._vad.get_speech_timestamps(sound, options)
        return [SpeechSegment(one["start"] / RATE_HZ, one["end"] / RATE_HZ) for one in found]


class Pyannote:
    """The detector that comes with whisperx; a batched torch model."""

    def __init__(self, device: str) -> None:
        with suppress_warnings():
            made = _pyannote()
            torch = import_module("torch")
            torch.set_num_threads(1)  # the variables come too late for a torch that was imported before
            self._vad: Any = made(torch.device(device), vad_onset=_ONSET, vad_offset=_OFFSET)
        self._turn = Lock()

    def voices(self, sound: Sound, longest_s: float) -> list[SpeechSegment]:
        with self._turn, suppress_warnings():
            scores = self._vad({"waveform": self._vad.preprocess_audio(sound), "sample_rate": RATE_HZ})
            chunks = self._vad.merge_chunks(scores, longest_s, onset=_ONSET, offset=_OFFSET)
        end_s = sound.size / RATE_HZ
        found = [voice for chunk in chunks for voice in chunk["segments"]]
        return [SpeechSegment(float(start), min(float(end), end_s)) for start, end in found if start < end_s]


def voices_in(recording: Recording, detector: Detector, longest_s: float) -> list[SpeechSegment]:
    """The voices of a recording of any length, of which no more than `PIECE_S` seconds are in memory."""
    voices: list[SpeechSegment] = []
    start_s = 0.0
    while start_s < recording.seconds:
        end_s = min(start_s + PIECE_S, recording.seconds)
        found = detector.voices(recording.cut(start_s, end_s), longest_s)
        voices += [SpeechSegment(start_s + voice.start_s, start_s + voice.end_s) for voice in found]
        if end_s < recording.seconds and voices and _may_go_on(voices[-1], start_s, end_s):
            end_s = voices.pop().start_s
        start_s = end_s
    return voices


def _may_go_on(last: SpeechSegment, start_s: float, end_s: float) -> bool:
    """Somebody speaks up to the end of the piece, but not all through it."""
    return last.start_s > start_s and end_s - last.end_s < _EDGE_S


def chunks_of(voices: Sequence[SpeechSegment], longest_s: float) -> list[Chunk]:
    """As few chunks as can be, each of whole voices and at most `longest_s` seconds; a longer voice is cut."""
    chunks: list[Chunk] = []
    for voice in _cut(voices, longest_s):
        last = chunks[-1] if chunks else None
        if last is not None and voice.end_s - last.start_s <= longest_s:
            chunks[-1] = Chunk(last.start_s, voice.end_s, last.speech_s + voice.end_s - voice.start_s)
        else:
            chunks.append(Chunk(voice.start_s, voice.end_s, voice.end_s - voice.start_s))
    return chunks


def _cut(voices: Sequence[SpeechSegment], longest_s: float) -> Iterator[SpeechSegment]:
    """A voice that is too long is cut into equal parts, so that no crumb of it is left over."""
    for voice in voices:
        seconds = voice.end_s - voice.start_s
        parts = max(1, ceil(seconds / longest_s))
        ends = [voice.start_s + seconds * part / parts for part in range(1, parts)]
        for start_s, end_s in pairwise([voice.start_s, *ends, voice.end_s]):
            yield SpeechSegment(start_s, end_s)


def _pyannote() -> Any:
    """Import whisperx's detector (some 20 s), without telemetry, banners, or threads that wait by spinning.

    When another process holds a core, the threads of torch's LSTM spin: 37 s where 0.5 s are due.
    """
    os.environ["PYANNOTE_METRICS_ENABLED"] = "0"
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    logging.getLogger("whisperx").addHandler(logging.NullHandler())  # without one it takes stdout
    made = import_module("whisperx.vads.pyannote").Pyannote
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.ERROR)
    return made
