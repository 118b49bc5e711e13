"""Voice activity detection: where there is speech, and the chunks that a recogniser is given.

Measured on one core with 676 s of the demo's sound: `silero` (onnxruntime) takes 2.2 s, `pyannote` (torch) 37 s. Of 36
sounds without speech, silero took none for speech, and pyannote one.
"""

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from itertools import pairwise
from math import ceil
from threading import Lock
from types import MappingProxyType
from typing import Any, Protocol

from gettok.media.recording import RATE_HZ, Recording, Sound
from gettok.models.loading import suppress_warnings

# silero's and pyannote's defaults, written out because answers depend on them
_MIN_SPEECH_MS, _MIN_SILENCE_MS, _PADDING_MS = 100, 160, 100
_ONSET, _OFFSET = 0.5, 0.363
#: A longer recording is processed in pieces of this length.
PIECE_S = 300.0
#: Speech that ends nearer than this to the end of a piece may go on in the next.
_EDGE_S = 1.0
_CHATTY_LOGGERS = ("whisperx", "lightning", "lightning.pytorch", "lightning.fabric", "pyannote")


@dataclass(frozen=True)
class SpeechSegment:
    """Speech without a pause."""

    start_s: float
    end_s: float


@dataclass(frozen=True)
class Chunk:
    """A part of the sound that is recognised in one go: at least one speech segment, and the pauses between them."""

    segments: tuple[SpeechSegment, ...]

    @property
    def start_s(self) -> float:
        return self.segments[0].start_s

    @property
    def end_s(self) -> float:
        return self.segments[-1].end_s

    @property
    def speech_s(self) -> float:
        return sum(segment.end_s - segment.start_s for segment in self.segments)

    def stretches(self, max_s: float) -> "list[Chunk]":
        """The same speech segment by segment, those longer than `max_s` seconds in equal parts."""
        return [Chunk((segment,)) for segment in _split(self.segments, max_s)]


class Detector(Protocol):
    def detect(self, sound: Sound, max_s: float) -> list[SpeechSegment]:
        """Speech in its order, each segment at most about `max_s` seconds long. Safe for several threads."""
        ...


class Silero:
    """The detector that comes with faster-whisper."""

    def __init__(self) -> None:
        self._vad = import_module("faster_whisper.vad")
        self._vad.get_vad_model()

    def detect(self, sound: Sound, max_s: float) -> list[SpeechSegment]:
        options = self._vad.VadOptions(
            min_speech_duration_ms=_MIN_SPEECH_MS,
            min_silence_duration_ms=_MIN_SILENCE_MS,
            speech_pad_ms=_PADDING_MS,
            max_speech_duration_s=max_s,
        )
        stamps = self._vad.get_speech_timestamps(sound, options)
        return [SpeechSegment(stamp["start"] / RATE_HZ, stamp["end"] / RATE_HZ) for stamp in stamps]


class Pyannote:
    """The detector that comes with whisperx; a batched torch model."""

    def __init__(self, device: str) -> None:
        with suppress_warnings():
            pyannote = _whisperx_pyannote()
            torch = import_module("torch")
            torch.set_num_threads(1)  # the environment variables have no effect if torch was imported earlier
            self._vad: Any = pyannote(torch.device(device), vad_onset=_ONSET, vad_offset=_OFFSET)
        self._lock = Lock()

    def detect(self, sound: Sound, max_s: float) -> list[SpeechSegment]:
        with self._lock, suppress_warnings():
            scores = self._vad({"waveform": self._vad.preprocess_audio(sound), "sample_rate": RATE_HZ})
            chunks = self._vad.merge_chunks(scores, max_s, onset=_ONSET, offset=_OFFSET)
        end_s = sound.size / RATE_HZ
        stamps = [stamp for chunk in chunks for stamp in chunk["segments"]]
        return [SpeechSegment(float(start), min(float(end), end_s)) for start, end in stamps if start < end_s]


#: The choices of `asr.vad`, each made for a device.
DETECTORS: Mapping[str, Callable[[str], Detector]] = MappingProxyType(
    {"silero": lambda _: Silero(), "pyannote": Pyannote}
)


def detect_speech(recording: Recording, detector: Detector, max_s: float) -> list[SpeechSegment]:
    """The speech in a recording of any length; at most `PIECE_S` seconds of sound are in memory."""
    segments: list[SpeechSegment] = []
    start_s = 0.0
    while start_s < recording.seconds:
        end_s = min(start_s + PIECE_S, recording.seconds)
        detected = detector.detect(recording.cut(start_s, end_s), max_s)
        segments += [SpeechSegment(start_s + part.start_s, start_s + part.end_s) for part in detected]
        if end_s < recording.seconds and segments and _may_go_on(segments[-1], start_s, end_s):
            end_s = segments.pop().start_s
        start_s = end_s
    return segments


def _may_go_on(last: SpeechSegment, start_s: float, end_s: float) -> bool:
    """Whether the speech reaches the end of the piece without filling all of it."""
    return last.start_s > start_s and end_s - last.end_s < _EDGE_S


def merge_segments(segments: Sequence[SpeechSegment], max_s: float) -> list[Chunk]:
    """As few chunks as possible, each of whole segments and at most `max_s` seconds; a longer segment is split."""
    chunks: list[Chunk] = []
    for segment in _split(segments, max_s):
        last = chunks[-1] if chunks else None
        if last is not None and segment.end_s - last.start_s <= max_s:
            chunks[-1] = Chunk((*last.segments, segment))
        else:
            chunks.append(Chunk((segment,)))
    return chunks


def _split(segments: Sequence[SpeechSegment], max_s: float) -> Iterator[SpeechSegment]:
    """A segment that is too long is split into equal parts, so that none of them is tiny."""
    for segment in segments:
        seconds = segment.end_s - segment.start_s
        parts = max(1, ceil(seconds / max_s))
        ends = [segment.start_s + seconds * part / parts for part in range(1, parts)]
        for start_s, end_s in pairwise([segment.start_s, *ends, segment.end_s]):
            yield SpeechSegment(start_s, end_s)


def _whisperx_pyannote() -> Any:
    """Import whisperx's detector (some 20 s) without telemetry, banners, or busy-waiting threads.

    When another process uses a core, the threads of torch's LSTM spin: it then takes 37 s instead of 0.5 s.
    """
    os.environ["PYANNOTE_METRICS_ENABLED"] = "0"
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    logging.getLogger("whisperx").addHandler(logging.NullHandler())  # without one it logs to stdout
    pyannote = import_module("whisperx.vads.pyannote").Pyannote
    for name in _CHATTY_LOGGERS:
        logging.getLogger(name).setLevel(logging.ERROR)
    return pyannote
