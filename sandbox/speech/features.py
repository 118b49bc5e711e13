"""Mel features, computed once and stored before normalisation, so that sounds can be mixed afterwards.

A row is a hundredth of a second: 80 numbers, the log10 of the power in each mel band, as Whisper has it before
it clips and scales. Powers add up, so speech, background and gain can be combined without the sounds themselves.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from faster_whisper.feature_extractor import FeatureExtractor

from sandbox.speech.recipe import Line, Sound

Rows = npt.NDArray[np.float32]

BANDS = 80
ROWS_PER_SECOND = 100
SILENCE = -10.0  # digital silence, which is the floor of the logarithm
RANGE = 8.0  # Whisper keeps the loudest 80 dB of a clip


@dataclass(frozen=True)
class FeatureSet:
    """Features of many sounds, one after another on disk; sound k is rows `starts[k]` to `starts[k + 1]`."""

    rows: npt.NDArray[np.float16]
    starts: npt.NDArray[np.int64]
    texts: tuple[str, ...]
    languages: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.starts) - 1

    def length(self, k: int) -> int:
        return int(self.starts[k + 1] - self.starts[k])

    def power(self, k: int) -> Rows:
        return np.float32(10) ** self.rows[self.starts[k] : self.starts[k + 1]].astype(np.float32)


def raw_features(sound: Sound) -> npt.NDArray[np.float16]:
    """The log10 mel power of a 16 kHz sound, shape (rows, 80), neither clipped nor scaled."""
    signal = torch.from_numpy(np.pad(sound, (0, 160)))
    spectrum = torch.stft(signal, 400, 160, window=torch.hann_window(400), return_complex=True)
    power = torch.from_numpy(_FILTERS) @ spectrum[:, :-1].abs() ** 2
    logs = power.clamp(min=10**SILENCE).log10().T.contiguous()
    return np.asarray(logs.numpy(), np.float16)


_FILTERS: Rows = np.asarray(FeatureExtractor(feature_size=BANDS).mel_filters, np.float32)


def whisper_features(power: Rows) -> Rows:
    """From powers to the network's input: the logarithm, clipped to the loudest 80 dB, scaled to about -1 … 1."""
    logs = np.log10(np.maximum(power, 10**SILENCE))
    return np.asarray((np.maximum(logs, logs.max() - RANGE) + 4) / 4, np.float32)


def write_features(folder: Path, lines: Iterable[tuple[Line, npt.NDArray[np.float16]]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    starts, lines_json = [0], []
    with (folder / "rows.f16").open("wb") as file:
        for line, rows in lines:
            file.write(rows.tobytes())
            starts.append(starts[-1] + len(rows))
            lines_json.append((line.text, line.language))
    (folder / "index.json").write_text(
        json.dumps({"starts": starts, "lines": lines_json}, ensure_ascii=False)
    )


def open_features(folder: Path) -> FeatureSet:
    index = json.loads((folder / "index.json").read_text())
    rows = np.memmap(folder / "rows.f16", np.float16, "r").reshape(-1, BANDS)
    texts, languages = zip(*index["lines"], strict=True)
    return FeatureSet(rows, np.asarray(index["starts"]), texts, languages)
