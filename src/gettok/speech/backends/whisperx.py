"""Whisper on CTranslate2, as whisperx runs it: batches of chunks with speech, no timestamps, no earlier text.

The model that whisperx uses is called here directly. whisperx's own `transcribe` handles one file in one go: it cannot
stop when there is no speech, it guesses the language from raw sound, including music, and it drops the model's
no-speech probability.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property, lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gettok.engine.cores import cores
from gettok.errors import BadSettings
from gettok.media.recording import RATE_HZ, Sound
from gettok.models.hub import Model, hub_errors, local_model, snapshot_model
from gettok.models.loading import ModelUse, cannot_load, cannot_run, fastest_compute_type
from gettok.settings import Asr
from gettok.speech.recognizer import LanguageOdds, Request, Result, languages_of, likeliest

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
#: On a CPU, two batches at once with half the threads each finish sooner than one with all of them: Whisper base on two
#: cores takes 0.79 of the time with int8, and 0.94 with float32.
_CPU_WORKERS = 2


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
    share = cores()
    workers = min(share, _CPU_WORKERS) if device(asr) == "cpu" else 1
    threads = min(share // workers, _MAX_THREADS)
    try:
        model = whisper(
            str(folder),
            device=device(asr),
            compute_type=compute_type(asr),
            cpu_threads=threads,
            num_workers=workers,
        )
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
    return WhisperxRecognizer(model, asr.window_s, asr.beam_size, workers)


def _lacks(folder: Path, file: str) -> BadSettings:
    advice = (
        f"copy {file} from the model's authors into the folder, or convert the model anew with"
        " ct2-transformers-converter --copy_files tokenizer.json preprocessor_config.json"
    )
    return cannot_load(replace(USE, advice=advice), str(folder), f"it has no {file} of its own")


class WhisperxRecognizer:
    """A loaded model. Two threads may call it at once, so that one batch is prepared while another is recognised."""

    concurrency = 2

    def __init__(self, model: Any, window_s: int, beam_size: int, workers: int) -> None:
        self.workers = workers
        self._model = model
        self._window_s = window_s
        self._beam_size = beam_size

    @cached_property
    def languages(self) -> frozenset[str]:
        """A model of English may have the tokens of others in its vocabulary, too."""
        if not self._model.model.is_multilingual:
            return frozenset({"en"})
        return languages_of(self._model.hf_tokenizer.get_vocab())

    def detect(self, sounds: Sequence[Sound]) -> list[LanguageOdds]:
        both = [*sounds, *sounds] if self._needs_company(len(sounds)) else sounds
        return self._detected(self._encode(both), len(both))[: len(sounds)]

    def transcribe(self, batch: Sequence[Request]) -> list[Result]:
        both = [*batch, *batch] if self._needs_company(len(batch)) else batch
        return self._transcribe(both)[: len(batch)]

    def _needs_company(self, count: int) -> bool:
        """Whether a chunk must not be alone in its batch: with int8 on a CPU.

        CTranslate2 multiplies one row of integers by another kernel than several rows, and the sums differ in their
        third digit. On a GPU the effect was never seen, and there may be no memory for a second chunk.
        """
        model = self._model.model
        return bool(count == 1 and model.device == "cpu" and model.compute_type.startswith("int"))

    def _transcribe(self, batch: Sequence[Request]) -> list[Result]:
        encoded = self._encode([request.sound for request in batch])
        detected = self._detected(encoded, len(batch))
        languages = [
            request.language or likeliest(odds) for request, odds in zip(batch, detected, strict=True)
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
            self._result(language, odds, output)
            for language, odds, output in zip(languages, detected, outputs, strict=True)
        ]

    def _encode(self, sounds: Sequence[Sound]) -> Any:
        return self._model.encode(np.stack([self._features(sound) for sound in sounds]))

    def _features(self, sound: Sound) -> Features:
        """Whisper's spectrogram of the sound, padded with silence to the window; shape (mel bands, rows)."""
        window = np.zeros(self._window_s * RATE_HZ, np.float32)
        window[: sound.size] = sound[: window.size]
        rows = self._window_s * _ROWS_PER_S
        return np.asarray(self._model.feature_extractor(window)[:, :rows], np.float32)

    def _detected(self, encoded: Any, count: int) -> list[LanguageOdds]:
        if not self._model.model.is_multilingual:
            return [{"en": 1.0}] * count
        detected = self._model.model.detect_language(encoded)
        return [{token[2:-2]: float(odds) for token, odds in languages} for languages in detected]

    def _prompt(self, language: str) -> list[int]:
        """Not faster-whisper's own, which leaves out the token of a language that the vocabulary lacks."""
        spoken = [f"<|{language}|>", "<|transcribe|>"] if self._model.model.is_multilingual else []
        return [self._token(name) for name in ("<|startoftranscript|>", *spoken, "<|notimestamps|>")]

    def _token(self, name: str) -> int:
        return int(self._model.hf_tokenizer.token_to_id(name))

    def _result(self, language: str, odds: LanguageOdds, output: Any) -> Result:
        tokens = output.sequences_ids[0]
        # every token from the end token on is a control token
        words = [token for token in tokens if token < self._token("<|endoftext|>")]
        return Result(
            text=str(self._model.hf_tokenizer.decode(words)),
            language=language,
            language_odds=odds,
            # CTranslate2 gives the mean over the tokens that it wrote; Whisper's own counts the end token, too
            avg_logprob=float(output.scores[0]) * len(tokens) / (len(tokens) + 1),
            no_speech_prob=float(output.no_speech_prob),
        )


def max_tokens(window_s: int) -> int:
    """Where a model that repeats itself is cut off; real speech has at most half as many tokens."""
    return _MAX_TOKENS * window_s // 30
