"""Speech to words: Whisper as the paper used it, as others run it, and our step, with the same weights for all.

The clips, of 10 to 60 s, are put together from the speech of the demo's videos. Each lane runs in a process of its
own. Loading and one clip beforehand are not measured; opening the files is.

    python bench/transcribe.py [--clips 200] [--shape demo] [--device cpu] [--asr FILE] [--lanes ours,whisperx]

`demo` is the demo's model, with the settings of conf/asr/demo.yaml. It was trained on speech of up to 25 s without
timestamps, so the lanes that hear windows of 30 s, pauses and all, are wrong more often; their speed is what counts.
`small` and `large-v3` are random models of these sizes, with the settings of conf/asr/large_v3.yaml, whose answers are
all `--tokens` long: speed alone, the words mean nothing. The language is set, and no lane detects it. `compute_type:
auto` is float32 on a CPU here, not int8 as in a study: openai-whisper has no int8.

All lanes may use every core. OpenMP's threads wait without spinning (`OMP_WAIT_POLICY=PASSIVE`): where others use the
machine too, torch would stall. The last line is JSON.
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
#: Not imported from the lanes: whoever starts them must be small, or its own peak of memory counts as theirs.
NAMES = {
    "openai_whisper": "openai-whisper",
    "faster_whisper": "faster-whisper",
    "faster_whisper_batched": "faster-whisper batched",
    "whisperx": "WhisperX",
    "ours": "gettok",
    "ours_one_by_one": "gettok, one by one",
}
MEMORY = ("peak_mib", "peak_mib_of_children")
#: What WhisperX's authors (Bain et al. 2023) give for large-v2, which is as large, on a GPU: not measured here.
PUBLISHED = {"published_whisperx_times_real_time": 70}
SHAPES = ("demo", "tiny", "small", "large-v3")
ENVIRONMENT = {
    "OMP_NUM_THREADS": str(os.cpu_count()),
    "OMP_WAIT_POLICY": "PASSIVE",
    "PYANNOTE_METRICS_ENABLED": "0",
    "PYTHONWARNINGS": "ignore",
}

Ran = Mapping[str, Any]


def _python(*arguments: str) -> Any:
    """The JSON that a module of ours prints last; what its libraries said before is shown if it fails."""
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


def show(lane: str, ran: Ran, clips: int, sound_s: float) -> None:
    hourly, speed = clips / ran["seconds"] * 3600, sound_s / ran["seconds"]
    memory = f"{ran['peak_mib']:10.0f}{ran['peak_mib_of_children']:10.0f}"
    figures = f"{ran['seconds']:10.1f}{hourly:10.0f}{speed:14.1f}{memory}{ran['wer']:7.2f}"
    print(f"{NAMES[lane]:24}{figures}", flush=True)


def summary(found: Mapping[str, Ran], clips: int, sound_s: float) -> dict[str, Any]:
    """Times of the others over ours; what a lane is missing for is null."""
    return {
        **{f"speedup_over_{lane}": _speedup(found, lane) for lane in NAMES if not lane.startswith("ours")},
        "words_equal": found["ours"]["texts"] == found["ours_one_by_one"]["texts"]
        if {"ours", "ours_one_by_one"} <= found.keys()
        else None,
        **{f"wer_{lane}": round(ran["wer"], 4) for lane, ran in found.items()},
        "clips_an_hour": {lane: round(clips / ran["seconds"] * 3600) for lane, ran in found.items()},
        "times_real_time": {lane: round(sound_s / ran["seconds"], 1) for lane, ran in found.items()},
        "seconds": {lane: round(ran["seconds"], 2) for lane, ran in found.items()},
        **{of: {lane: round(ran[of]) for lane, ran in found.items()} for of in MEMORY},
    }


def _speedup(found: Mapping[str, Ran], lane: str) -> float | None:
    if not {"ours", lane} <= found.keys():
        return None
    return round(float(found[lane]["seconds"] / found["ours"]["seconds"]), 2)


def beside(given: argparse.Namespace) -> Mapping[str, float]:
    """What others have published of a like run, to stand beside ours."""
    return PUBLISHED if (given.device, given.shape) == ("cuda", "large-v3") else {}


def _lanes(text: str) -> list[str]:
    named = text.split(",")
    unknown = [lane for lane in named if lane not in NAMES]
    if unknown:
        raise argparse.ArgumentTypeError(f"no lane {', '.join(unknown)}; there are {', '.join(NAMES)}")
    return named


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clips", type=int, default=200)
    parser.add_argument("--shape", choices=SHAPES, default="demo")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--asr", type=Path, help="other settings, as in conf/asr")
    parser.add_argument("--lanes", type=_lanes, default=list(NAMES))
    parser.add_argument("--tokens", type=int, default=40, help="the length of a random model's answers")
    parser.add_argument("--seed", type=int, default=1, help="decides the clips")
    given = parser.parse_args()
    options = {name: str(getattr(given, name)) for name in ("clips", "seed", "shape", "tokens", "device")}
    if given.asr:
        options["asr"] = str(given.asr.absolute())
    with tempfile.TemporaryDirectory() as folder:
        asked = [word for name, value in options.items() for word in (f"--{name}", value)]
        made = _python("bench.speech_lanes.prepare", folder, *asked)
        print(f"{made['clips']} clips with {made['sound_s']:.0f} s of sound; {given.shape}, {given.device}")
        print(
            f"{'':24}{'seconds':>10}{'clips/h':>10}{'× real time':>14}{'peak MiB':>10}{'children':>10}{'WER':>7}",
            flush=True,
        )
        found = {}
        for lane in given.lanes:
            found[lane] = _python("bench.speech_lanes", lane, folder)
            show(lane, found[lane], **made)
    print(
        json.dumps(
            {"shape": given.shape, "device": given.device} | made | summary(found, **made) | beside(given)
        )
    )


if __name__ == "__main__":
    main()
