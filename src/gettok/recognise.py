"""A loaded speech recogniser: whisperx's voice activity detection and its batched Whisper, in three questions.

whisperx's own `transcribe` asks them in one go: it cannot stop between hearing no voice and writing, and it guesses
the language from raw sound, music included. Its parts are called here one by one.
"""

import hashlib
import logging
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from gettok.errors import BadSettings, NotNow, Stop
from gettok.sound import RATE_HZ, Sound, seconds

# whisperx takes some 20 s to import, and must find the variables that `_whisperx` sets
_late = import_module

_WINDOW_S = 30
# whisperx's defaults, spelled out because answers depend on them
_ONSET, _OFFSET = 0.5, 0.363
_CHATTY = ("whisperx", "faster_whisper", "lightning", "lightning.pytorch", "lightning.fabric", "pyannote")


@dataclass(frozen=True)
class Chunk:
    """A stretch of sound to be recognised in one go: voices, and the short pauses between them."""

    start_s: float
    end_s: float
    speech_s: float

    def cut(self, sound: Sound) -> Sound:
        return sound[int(self.start_s * RATE_HZ) : int(self.end_s * RATE_HZ)]


@dataclass(frozen=True)
class Written:
    """What the model wrote for one chunk, and the mean log-probability of its tokens."""

    text: str
    avg_logprob: float


@dataclass(frozen=True)
class Loading:
    """What a recogniser is loaded from; `identity` tells a changed model apart at the same place."""

    model: str
    revision: str | None
    identity: str
    device: str
    compute_type: str
    beam_size: int


class Recogniser:
    """Not safe for several threads at once."""

    def __init__(self, pipeline: Any) -> None:
        self._pipeline = pipeline

    def voices(self, sound: Sound, chunk_s: float) -> list[Chunk]:
        """Chunks of at most `chunk_s` seconds (one frame of the detector aside), in order."""
        vad = self._pipeline.vad_model
        with _quiet():
            scores = vad({"waveform": vad.preprocess_audio(sound), "sample_rate": RATE_HZ})
            merged = vad.merge_chunks(scores, chunk_s, onset=_ONSET, offset=_OFFSET)
        end_s = seconds(sound)
        chunks = [_chunk(found["start"], min(found["end"], end_s), found["segments"]) for found in merged]
        return [chunk for chunk in chunks if chunk.cut(sound).size]

    def language(self, sound: Sound, chunks: Sequence[Chunk]) -> str:
        """The language of the first 30 s of voices, as the model hears it; `en` for a model of English only."""
        if not self._pipeline.model.model.is_multilingual:
            return "en"
        voiced = np.concatenate([chunk.cut(sound) for chunk in chunks])[: _WINDOW_S * RATE_HZ]
        return str(self._pipeline.detect_language(voiced))

    def write(self, sound: Sound, chunks: Sequence[Chunk], language: str, batch_size: int) -> list[Written]:
        """Every chunk's text, verbatim. Out of memory, it tries once more with one chunk at a time."""
        try:
            return self._write(sound, chunks, language, batch_size)
        except RuntimeError as error:
            if "out of memory" not in str(error):
                raise
        try:
            return self._write(sound, chunks, language, 1)
        except RuntimeError as error:
            raise _too_small(error) from error

    def _write(self, sound: Sound, chunks: Sequence[Chunk], language: str, batch_size: int) -> list[Written]:
        model, heard = self._pipeline.model, self._pipeline.preprocess
        tokenizer = _late("faster_whisper.tokenizer").Tokenizer(
            model.hf_tokenizer, model.model.is_multilingual, task="transcribe", language=language
        )
        written: list[Written] = []
        for first in range(0, len(chunks), batch_size):
            batch = [heard({"inputs": chunk.cut(sound)})["inputs"] for chunk in chunks[first:][:batch_size]]
            made = model.generate_segment_batched(np.stack(batch), tokenizer, self._pipeline.options)
            written += map(Written, made["text"], map(float, made["avg_logprob"]))
        return written

    def check_language(self, language: str) -> None:
        """Refuse a language that the model lacks: a model of English only would pass over it in silence."""
        if language not in self._pipeline.model.supported_languages:
            raise BadSettings(
                f"the speech model does not know the language {language!r}",
                "stopped before the first video",
                "set asr.language to one that it knows, or to null to let it detect the language",
            )


def _chunk(start_s: float, end_s: float, voices: Sequence[tuple[float, float]]) -> Chunk:
    return Chunk(start_s, end_s, sum(min(end, end_s) - start for start, end in voices if start < end_s))


def _too_small(error: Exception) -> Stop:
    return Stop(
        f"the device's memory does not hold the speech model and 30 s of sound: {error}",
        "tried a batch of one chunk; every answer so far is kept",
        "free the device's memory, or choose a smaller model, a compute_type of int8, or device: cpu",
    )


def model_digest(folder: Path) -> str:
    """SHA-256 over the names and contents of the folder's files, hidden ones aside."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.name.startswith(".")]
    facts = [(path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    return _digest(
        folder, tuple(zip((path.relative_to(folder).as_posix() for path in files), facts, strict=True))
    )


@lru_cache(maxsize=8)
def _digest(folder: Path, files: tuple[tuple[str, tuple[int, int]], ...]) -> str:
    whole = hashlib.sha256()
    for name, _ in files:
        with (folder / name).open("rb") as file:
            whole.update(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {name}\n".encode())
    return whole.hexdigest()


@lru_cache(maxsize=1)
def load(loading: Loading) -> Recogniser:
    """Load once for each process. A folder and a name from the Hugging Face hub take the same path."""
    with _quiet():
        whisperx = _whisperx()
        folder = _fetched(loading.model, loading.revision)
        device = loading.device if loading.device != "auto" else _device()
        try:
            return Recogniser(
                whisperx.load_model(
                    str(folder),
                    device,
                    compute_type=_compute_type(loading.compute_type, device),
                    vad_method="pyannote",
                    vad_options={"vad_onset": _ONSET, "vad_offset": _OFFSET},
                    asr_options={"beam_size": loading.beam_size},
                    threads=min(os.cpu_count() or 1, 8),  # more of them only wait for each other
                )
            )
        except (RuntimeError, ValueError) as error:
            raise _cannot_load(loading.model, str(error)) from error


def _whisperx() -> Any:
    """Import whisperx (some 20 s), without telemetry, banners, or threads that wait by spinning.

    When another process holds a core, the threads of torch's LSTM spin: 37 s where 0.5 s are due.
    """
    os.environ["PYANNOTE_METRICS_ENABLED"] = "0"
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    logging.getLogger("whisperx").addHandler(logging.NullHandler())  # without one it takes stdout
    whisperx = _late("whisperx.asr")
    _late("torch").set_num_threads(1)  # the variables come too late for a torch that was imported before
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.ERROR)
    return whisperx


@contextmanager
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _device() -> str:
    return "cuda" if _late("torch").cuda.is_available() else "cpu"


def _compute_type(wanted: str, device: str) -> str:
    if wanted != "auto":
        return wanted
    return "float16" if device == "cuda" else "int8"


def _fetched(model: str, revision: str | None) -> Path:
    """The model's folder: the one that is named, or the hub's, downloaded at its first use."""
    if Path(model).is_dir():
        return Path(model)
    hub = _late("huggingface_hub.errors")
    try:
        return Path(_late("faster_whisper.utils").download_model(model, revision=revision))
    except hub.LocalEntryNotFoundError as error:
        raise _hub_away(model) from error
    except (hub.RepositoryNotFoundError, hub.RevisionNotFoundError, ValueError) as error:
        raise _cannot_load(model, str(error)) from error
    except OSError as error:
        raise _hub_away(model) from error


def _hub_away(model: str) -> NotNow:
    return NotNow(
        f"the speech model {model} cannot be fetched from the Hugging Face hub",
        "stopped before the first video",
        "run the same command when the hub can be reached, or set asr.model to a folder with the model",
    )


def _cannot_load(model: str, why: str) -> BadSettings:
    return BadSettings(
        f"the speech model {model} cannot be loaded: {why}",
        "stopped before the first video",
        "set asr.model to a folder or a name that faster-whisper knows; check asr.device and asr.compute_type",
    )
