"""Transcribes by Whisper as the paper used it, by other implementations, and by our step, all with the same weights.

The clips, of 10 to 60 s, are joined from the speech of the demo's videos. Each candidate runs in its own process.
Loading the model and a warm-up on one clip are not timed; opening the files is.

    python bench/transcribe.py [--clips 200] [--model demo] [--device cpu] [--asr FILE] [--candidates ours,whisperx]

`demo` is the demo's model, with the settings of conf/asr/demo.yaml. It was trained on speech of up to 25 s without
timestamps, so candidates that transcribe whole windows of 30 s, pauses included, make more errors; their speed is what
counts. `real` is Whisper base (`make setup-models`), with the settings of conf/asr/_base.yaml. `tiny`, `small`,
`large-v3` and `large-v3-turbo` are random models of these sizes, with the settings of conf/asr/large_v3.yaml. Their
answers are all `--tokens` long and meaningless, so only speed is measured. The language is set, and no candidate
detects it. `× real time` is the sound of all clips over the time for all; measured on your GPU, that of `gettok` is the
setting `plan.asr_times_real_time`.

All use the same number format: on a CPU float32, not int8 as in a study, because openai-whisper has no int8. With
`--own-formats` each uses that of its own defaults, as a study would get it: ours int8 on a CPU, the others float32.

All candidates may use every core. OpenMP's threads wait without spinning (`OMP_WAIT_POLICY=PASSIVE`), because torch
stalls otherwise when other programs use the machine too. The last line is JSON.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
#: Not imported from the candidates: this process must stay small, because a child's peak memory starts at its own.
NAMES = {
    "openai_whisper": "openai-whisper",
    "faster_whisper": "faster-whisper",
    "faster_whisper_batched": "faster-whisper batched",
    "whisperx": "WhisperX",
    "ours": "gettok",
    "ours_one_by_one": "gettok, one by one",
}
MEMORY = ("peak_mib", "peak_mib_of_children")
#: Bain et al. (2023), the authors of WhisperX, for large-v2, which has the same size, on a GPU; not measured here.
PUBLISHED = {"published_whisperx_times_real_time": 70}
MODELS = ("demo", "real", "tiny", "small", "large-v3", "large-v3-turbo")
ENVIRONMENT = {
    "OMP_NUM_THREADS": str(os.cpu_count()),
    "OMP_WAIT_POLICY": "PASSIVE",
    "PYANNOTE_METRICS_ENABLED": "0",
    "PYTHONWARNINGS": "ignore",
}

Figures = Mapping[str, Any]


def _python(*arguments: str) -> Any:
    """The JSON on the last line that one of our modules prints; its error output is shown if it fails."""
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        env=os.environ | ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{' '.join(arguments)} ended with {done.returncode}:\n{done.stderr[-4000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def show(candidate: str, figures: Figures, clips: int, sound_s: float) -> None:
    per_hour, speed = clips / figures["seconds"] * 3600, sound_s / figures["seconds"]
    memory = f"{figures['peak_mib']:10.0f}{figures['peak_mib_of_children']:10.0f}"
    columns = f"{figures['seconds']:10.1f}{per_hour:10.0f}{speed:14.1f}{memory}{figures['wer']:7.2f}"
    print(f"{NAMES[candidate]:24}{columns}", flush=True)


def summary(runs: Mapping[str, Figures], clips: int, sound_s: float) -> dict[str, Any]:
    """Times of the others divided by ours; null where a candidate did not run."""
    return {
        **{
            f"speedup_over_{candidate}": _speedup(runs, candidate)
            for candidate in NAMES
            if not candidate.startswith("ours")
        },
        "words_equal": runs["ours"]["texts"] == runs["ours_one_by_one"]["texts"]
        if {"ours", "ours_one_by_one"} <= runs.keys()
        else None,
        **{f"wer_{candidate}": round(run["wer"], 4) for candidate, run in runs.items()},
        "clips_per_hour": {
            candidate: round(clips / run["seconds"] * 3600) for candidate, run in runs.items()
        },
        "times_real_time": {candidate: round(sound_s / run["seconds"], 1) for candidate, run in runs.items()},
        "seconds": {candidate: round(run["seconds"], 2) for candidate, run in runs.items()},
        **{key: {candidate: round(run[key]) for candidate, run in runs.items()} for key in MEMORY},
    }


def _speedup(runs: Mapping[str, Figures], candidate: str) -> float | None:
    if not {"ours", candidate} <= runs.keys():
        return None
    return round(float(runs[candidate]["seconds"] / runs["ours"]["seconds"]), 2)


def published(given: argparse.Namespace) -> Mapping[str, float]:
    """Published figures of a similar run, for comparison."""
    return PUBLISHED if (given.device, given.model) == ("cuda", "large-v3") else {}


def _candidates(text: str) -> list[str]:
    named = text.split(",")
    unknown = [candidate for candidate in named if candidate not in NAMES]
    if unknown:
        raise argparse.ArgumentTypeError(
            f"no candidate is called {', '.join(unknown)}; there are {', '.join(NAMES)}"
        )
    return named


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clips", type=int, default=200)
    parser.add_argument("--model", choices=MODELS, default="demo")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--asr", type=Path, help="other settings, as in conf/asr")
    parser.add_argument(
        "--own-formats", action="store_true", help="each in the number format of its defaults"
    )
    parser.add_argument("--candidates", type=_candidates, default=list(NAMES))
    parser.add_argument("--tokens", type=int, default=40, help="the length of a random model's answers")
    parser.add_argument("--seed", type=int, default=1, help="decides the clips")
    given = parser.parse_args()
    options = {name: str(getattr(given, name)) for name in ("clips", "seed", "model", "tokens", "device")}
    if given.asr:
        options["asr"] = str(given.asr.absolute())
    with tempfile.TemporaryDirectory() as folder:
        arguments = [word for name, value in options.items() for word in (f"--{name}", value)]
        arguments += ["--own-formats"] if given.own_formats else []
        prepared = _python("bench.candidates.transcribe.prepare", folder, *arguments)
        print(
            f"{prepared['clips']} clips with {prepared['sound_s']:.0f} s of sound; {given.model}, {given.device}"
        )
        print(
            f"{'':24}{'seconds':>10}{'clips/h':>10}{'× real time':>14}{'peak MiB':>10}{'children':>10}{'WER':>7}",
            flush=True,
        )
        runs = {}
        for candidate in given.candidates:
            runs[candidate] = _python("bench.candidates.transcribe", candidate, folder)
            show(candidate, runs[candidate], **prepared)
    print(
        json.dumps(
            {"model": given.model, "device": given.device, "own_formats": given.own_formats}
            | prepared
            | summary(runs, **prepared)
            | published(given)
        )
    )


if __name__ == "__main__":
    main()
