"""Whisper on CTranslate2, as whisperx runs it: batches of chunks with speech, no timestamps, no earlier text.

The model that whisperx uses is called here directly. whisperx's own `transcribe` handles one file in one go: it cannot
stop when there is no speech, it guesses the language from raw sound, including music, and it drops the model's
no-speech probability.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gettok.errors import BadSettings
from gettok.media.audio import RATE_HZ, Sound
from gettok.models.hub import Model, hub_errors, local_model, snapshot_model
from gettok.models.loading import ModelUse, cannot_load, cannot_run, fastest_compute_type
from gettok.settings import Asr
from gettok.speech.recognizer import Request, Result

Features = npt.NDArray[np.float32]

#: What faster-whisper downloads and reads; a folder may hold more.
FILES = ("config.json", "preprocessor_config.json", "model.bin", "tokenizer.json", "vocabulary.*")
USE = ModelUse(
    "speech model",
    "asr.model",
    "stopped before the first video",
    "set asr.model to a folder or a name that the backend knows; check asr.backend, device and compute_type",
)
_ROWS_PER_S = 100
#: Whisper's own limit is 448 tokens in 30 s, of which CTranslate2 writes half; a shorter window gets its share.
_MAX_TOKENS = 448
#: More threads only wait for each other.
_MAX_THREADS = 8


def find(asr: Asr) -> Model:
    folder = Path(asr.model)
    if folder.is_dir():
        return local_model(folder, FILES)
    with hub_errors(USE, asr.model):
        repository, folder = _downloaded(asr.model, asr.revision)
    return snapshot_model(folder, repository, asr.revision, FILES)


@lru_cache(maxsize=4)
def _downloaded(name: str, revision: str | None) -> tuple[str, Path]:
    utils = import_module("faster_whisper.utils")
    repository = name if "/" in name else str(utils._MODELS.get(name, name))  # noqa: SLF001 - its list of names is nowhere else
    return repository, Path(utils.download_model(name, revision=revision))


def device(asr: Asr) -> str:
    if asr.device != "auto":
        return asr.device
    return "cuda" if import_module("ctranslate2").get_cuda_device_count() else "cpu"


def compute_type(asr: Asr) -> str:
    if asr.compute_type != "auto":
        return asr.compute_type
    chosen = device(asr)
    try:
        supported = import_module("ctranslate2").get_supported_compute_types(chosen)
    except RuntimeError as error:  # the settings ask for a GPU, and there is none
        raise cannot_run(chosen, str(error)) from error
    return fastest_compute_type(chosen, supported)


def load(folder: Path, asr: Asr) -> "WhisperxRecognizer":
    if not (folder / "tokenizer.json").is_file():
        # faster-whisper would download another model's
        raise _lacks(folder, "tokenizer.json")
    whisper = import_module("faster_whisper").WhisperModel
    threads = min(os.cpu_count() or 1, _MAX_THREADS)
    try:
        model = whisper(str(folder), device=device(asr), compute_type=compute_type(asr), cpu_threads=threads)
    except (RuntimeError, ValueError, OSError) as error:
        raise cannot_load(USE, str(folder), str(error)) from error
    if model.model.n_mels != len(model.feature_extractor.mel_filters):
        # faster-whisper assumes 80 mel bands where the file is missing
        raise _lacks(folder, "preprocessor_config.json")
    if asr.window_s * RATE_HZ > model.feature_extractor.n_samples:
        raise BadSettings(
            f"the speech model takes at most {model.feature_extractor.n_samples // RATE_HZ} s of sound at once",
            USE.stopped,
            "set asr.window_s to that or less",
        )
    return WhisperxRecognizer(model, asr.window_s, asr.beam_size)


def _lacks(folder: Path, file: str) -> BadSettings:
    advice = (
        f"copy {file} from the model's authors into the folder, or convert the model anew with"
        " ct2-transformers-converter --copy_files tokenizer.json preprocessor_config.json"
    )
    return cannot_load(replace(USE, advice=advice), str(folder), f"it has no {file} of its own")


class WhisperxRecognizer:
    """A loaded model. Two threads may call it at once, so that one batch is prepared while another is recognised."""

    concurrency = 2

    def __init__(self, model: Any, window_s: int, beam_size: int) -> None:
        self._model = model
        self._window_s = window_s
        self._beam_size = beam_size

    @property
    def languages(self) -> frozenset[str]:
        return frozenset(self._model.supported_languages)

    def transcribe(self, batch: Sequence[Request]) -> list[Result]:
        if len(batch) == 1 and self._is_quantised:
            # CTranslate2 multiplies one row of integers by another kernel than several rows, and the sums differ in
            # their third digit: the result would depend on whether a chunk has a batch to itself
            return self._transcribe([*batch, *batch])[:1]
        return self._transcribe(batch)

    @property
    def _is_quantised(self) -> bool:
        """int8 on a CPU. On a GPU the effect was never seen, and there may be no memory for a second chunk."""
        return bool(self._model.model.device == "cpu" and self._model.model.compute_type.startswith("int"))

    def _transcribe(self, batch: Sequence[Request]) -> list[Result]:
        encoded = self._model.encode(np.stack([self._features(request.sound) for request in batch]))
        detected = self._detected_languages(encoded, len(batch))
        languages = [
            request.language or _likeliest(odds) for request, odds in zip(batch, detected, strict=True)
        ]
        outputs = self._model.model.generate(
            encoded,
            [self._prompt(language) for language in languages],
            beam_size=self._beam_size,
            max_length=max_tokens(self._window_s),
            return_scores=True,
            return_no_speech_prob=True,
        )
        return [
            self._result(language, odds[language], output)
            for language, odds, output in zip(languages, detected, outputs, strict=True)
        ]

    def _features(self, sound: Sound) -> Features:
        """Whisper's spectrogram of the sound, padded with silence to the window; shape (mel bands, rows)."""
        window = np.zeros(self._window_s * RATE_HZ, np.float32)
        window[: sound.size] = sound[: window.size]
        rows = self._window_s * _ROWS_PER_S
        return np.asarray(self._model.feature_extractor(window)[:, :rows], np.float32)

    def _detected_languages(self, encoded: Any, count: int) -> list[Mapping[str, float]]:
        """The probability of each language, for each chunk."""
        if not self._model.model.is_multilingual:
            return [{"en": 1.0}] * count
        detected = self._model.model.detect_language(encoded)
        return [{token[2:-2]: float(odds) for token, odds in languages} for languages in detected]

    def _prompt(self, language: str) -> list[int]:
        prompt = self._model.get_prompt(self._tokenizer(language), [], without_timestamps=True)
        return [int(token) for token in prompt]

    def _tokenizer(self, language: str) -> Any:
        return import_module("faster_whisper.tokenizer").Tokenizer(
            self._model.hf_tokenizer,
            self._model.model.is_multilingual,
            task="transcribe",
            language=language,
        )

    def _result(self, language: str, odds: float, output: Any) -> Result:
        tokens = output.sequences_ids[0]
        text = self._tokenizer(language).decode(tokens)
        return Result(
            text=text,
            language=language,
            language_probability=odds,
            # CTranslate2 gives the mean over the tokens that it wrote; Whisper's own counts the end token, too
            avg_logprob=float(output.scores[0]) * len(tokens) / (len(tokens) + 1),
            no_speech_prob=float(output.no_speech_prob),
        )


def max_tokens(window_s: int) -> int:
    """Where a model that repeats itself is cut off; real speech has at most half as many tokens."""
    return _MAX_TOKENS * window_s // 30


def _likeliest(odds: Mapping[str, float]) -> str:
    return max(odds, key=lambda language: odds[language])
