"""Whisper by CTranslate2, as whisperx runs it: batches of voiced stretches, no timestamps, no text from before.

whisperx's own `transcribe` asks about one file in one go: it cannot stop between hearing no voice and writing, guesses
the language from raw sound, music included, and throws away how silent the model found a stretch. The model below it
is called here directly.
"""

import os
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gettok.errors import BadSettings
from gettok.media.audio import RATE_HZ, Sound
from gettok.speech.models import cannot_load
from gettok.speech.recognizer import Request, Result

#: faster-whisper takes whole seconds to import
_late = import_module

Features = npt.NDArray[np.float32]

_ROWS_PER_S = 100
#: Whisper's own limit is 448 in 30 s, of which CTranslate2 writes half; a shorter window has its share of it.
_MOST_TOKENS = 448
#: More threads only wait for each other.
_MOST_THREADS = 8


class WhisperxRecognizer:
    """A loaded model; two threads may ask at once, so that the sound of one batch is prepared beside another."""

    lanes = 2

    def __init__(self, model: Any, window_s: int, beam_size: int) -> None:
        self._model = model
        self._window_s = window_s
        self._beam_size = beam_size

    @property
    def languages(self) -> frozenset[str]:
        return frozenset(self._model.supported_languages)

    def write(self, batch: Sequence[Request]) -> list[Result]:
        if len(batch) == 1 and self._is_quantised:
            # CTranslate2 multiplies a single row of whole numbers by another kernel than several, and the sums differ
            # in their third digit: a stretch would say something else alone than in company
            return self._write([*batch, *batch])[:1]
        return self._write(batch)

    @property
    def _is_quantised(self) -> bool:
        """int8 on a CPU; on a GPU nobody has seen it, and a second stretch may have no room there."""
        return bool(self._model.model.device == "cpu" and self._model.model.compute_type.startswith("int"))

    def _write(self, batch: Sequence[Request]) -> list[Result]:
        encoded = self._model.encode(np.stack([self._features(asked.sound) for asked in batch]))
        heard = self._heard(encoded, len(batch))
        languages = [asked.language or _best(odds) for asked, odds in zip(batch, heard, strict=True)]
        results = self._model.model.generate(
            encoded,
            [self._prompt(language) for language in languages],
            beam_size=self._beam_size,
            max_length=most_tokens(self._window_s),
            return_scores=True,
            return_no_speech_prob=True,
        )
        return [
            self._written(language, odds[language], result)
            for language, odds, result in zip(languages, heard, results, strict=True)
        ]

    def _features(self, sound: Sound) -> Features:
        """Whisper's spectrogram of the sound and of silence up to the window's end, shape (bands, rows)."""
        window = np.zeros(self._window_s * RATE_HZ, np.float32)
        window[: sound.size] = sound[: window.size]
        rows = self._window_s * _ROWS_PER_S
        return np.asarray(self._model.feature_extractor(window)[:, :rows], np.float32)

    def _heard(self, encoded: Any, count: int) -> list[Mapping[str, float]]:
        """What the model gives each language, for each stretch."""
        if not self._model.model.is_multilingual:
            return [{"en": 1.0}] * count
        found = self._model.model.detect_language(encoded)
        return [{token[2:-2]: float(odds) for token, odds in languages} for languages in found]

    def _prompt(self, language: str) -> list[int]:
        prompt = self._model.get_prompt(self._tokenizer(language), [], without_timestamps=True)
        return [int(token) for token in prompt]

    def _tokenizer(self, language: str) -> Any:
        return _late("faster_whisper.tokenizer").Tokenizer(
            self._model.hf_tokenizer,
            self._model.model.is_multilingual,
            task="transcribe",
            language=language,
        )

    def _written(self, language: str, odds: float, result: Any) -> Result:
        tokens = result.sequences_ids[0]
        text = self._tokenizer(language).decode(tokens)
        return Result(
            text=text,
            language=language,
            language_probability=odds,
            # CTranslate2 gives the mean over the tokens that it wrote; Whisper's own counts the end as one more
            avg_logprob=float(result.scores[0]) * len(tokens) / (len(tokens) + 1),
            no_speech_prob=float(result.no_speech_prob),
        )


def most_tokens(window_s: int) -> int:
    """A model that repeats itself for ever is cut off: twice as many as are written at most."""
    return _MOST_TOKENS * window_s // 30


def _best(odds: Mapping[str, float]) -> str:
    return max(odds, key=lambda language: odds[language])


def load(folder: Path, device: str, compute_type: str, window_s: int, beam_size: int) -> WhisperxRecognizer:
    """Raises `BadSettings` if the folder holds no such model, or the device cannot run it so."""
    if not (folder / "tokenizer.json").is_file():
        # faster-whisper would ask the hub for another model's
        raise _incomplete(folder, "tokenizer.json")
    whisper = _late("faster_whisper").WhisperModel
    threads = min(os.cpu_count() or 1, _MOST_THREADS)
    try:
        model = whisper(str(folder), device=device, compute_type=compute_type, cpu_threads=threads)
    except (RuntimeError, ValueError, OSError) as error:
        raise cannot_load(str(folder), str(error)) from error
    if model.model.n_mels != len(model.feature_extractor.mel_filters):
        # faster-whisper takes 80 bands for granted where the file is missing
        raise _incomplete(folder, "preprocessor_config.json")
    if window_s * RATE_HZ > model.feature_extractor.n_samples:
        raise BadSettings(
            f"the speech model sees at most {model.feature_extractor.n_samples // RATE_HZ} s of sound at once",
            "stopped before the first video",
            "set asr.window_s to that or less",
        )
    return WhisperxRecognizer(model, window_s, beam_size)


def _incomplete(folder: Path, lacks: str) -> BadSettings:
    return BadSettings(
        f"the speech model {folder} cannot be loaded: it has no {lacks} of its own",
        "stopped before the first video",
        f"copy {lacks} from the model's authors into the folder, or convert the model anew with"
        " ct2-transformers-converter --copy_files tokenizer.json preprocessor_config.json",
    )
