"""Extracts every 300th frame as JPEG by the paper's loop, by OpenCV, FFmpeg, decord and PyAV as usual, and by ours.

Each candidate runs in its own process on the same one-minute files, H.264 and HEVC with a key frame every 7 and every
2 seconds, then on the demo's videos; and ours on the same film in ten bits, tagged as SDR and as HDR. Every frame
carries its number, so a wrong frame is detected and reported.

    python bench/frames.py [--repeat 3] [--seconds 60] [--videos 47]

The floor is decoding just the pictures between a key frame and each wanted one. With a key frame every two seconds each
wanted picture of these films is a key frame itself, so the floor is six pictures, and the rest of ours is finding out
when pictures are shown, and making the JPEGs.

The last line is JSON. The times exclude start-up; `start_s` is that of the step's child process, once per run.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
STRIDE = 300
SIZE, SMALL = (720, 1280), (192, 342)
CODECS = ("libx264", "libx265")
KEY_EVERY_S = (7, 2)
#: Not imported from the candidates: this process must stay small, because a child's peak memory starts at its own.
#: BT.709; and PQ in BT.2020, whose colours must be converted.
TAGS = {"sdr": (1, 1, 1), "hdr": (9, 16, 9)}
NAMES = ("paper", "opencv grab", "opencv seek", "ffmpeg select", "decord", "pyav", "ours")
_FILM = "import json, sys; from bench.candidates.frames.film import Form, film; from pathlib import Path; "
_FILM += "film(Path(sys.argv[1]), sys.argv[2], Form(**json.loads(sys.argv[3])))"

Figures = Mapping[str, Any]


def run_candidate(
    name: str, files: Sequence[Path], repeat: int, stride: int = STRIDE, *, numbered: bool = True
) -> Figures:
    output = _python(
        "-m", "bench.candidates.frames", name, str(stride), str(repeat), str(int(numbered)), *map(str, files)
    )
    figures: Figures = json.loads(output.splitlines()[-1])
    wrong = f"  WRONG in {len(figures['wrong'])} files" if figures["wrong"] else ""
    print(
        f"  {name:14}{figures['seconds']:8.3f} s{figures['frames']:5} frames{figures['peak_mib']:7.0f} MiB{wrong}",
        flush=True,
    )
    return figures


def run_floor(path: Path, repeat: int) -> float:
    """Our CPU, relative to that of decoding just the pictures that must be decoded."""
    output = _python("-m", "bench.candidates.frames.floor", str(STRIDE), str(max(1, repeat)), str(path))
    figures: Figures = json.loads(output)
    print(
        f"  CPU: {figures['ours_s']:.3f} s, floor {figures['floor_s']:.3f} s: {figures['ratio']}", flush=True
    )
    return float(figures["ratio"])


def make_film(path: Path, codec: str, **form: Any) -> Path:
    _python("-c", _FILM, str(path), codec, json.dumps(form))
    return path


def _python(*arguments: str) -> str:
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


Minutes = dict[tuple[int, str], dict[str, Figures]]


def minutes(folder: Path, seconds: int, repeat: int) -> tuple[Minutes, dict[int, float]]:
    """What each candidate takes; and the greater ratio to the floor, by seconds between key frames."""
    results: Minutes = {}
    ratios: dict[int, float] = {}
    for key_every_s in KEY_EVERY_S:
        for codec in CODECS:
            path = folder / f"{codec}_{key_every_s}.mp4"
            make_film(path, codec, seconds=seconds, key_every_s=key_every_s, size=SIZE)
            print(
                f"{codec}, {seconds} s, a key frame every {key_every_s} s, {path.stat().st_size / 1e6:.1f} MB"
            )
            results[key_every_s, codec] = {name: run_candidate(name, [path], repeat) for name in NAMES}
            ratios[key_every_s] = max(ratios.get(key_every_s, 0), run_floor(path, repeat))
    return results, ratios


def hdr_ratio(folder: Path, seconds: int, repeat: int) -> float:
    """Our time for a film in HDR, relative to that for the same film in SDR; short, with a frame every second."""
    times = {}
    for name, tags in TAGS.items():
        path = folder / f"{name}.mp4"
        make_film(path, "libx265", seconds=max(1, seconds // 6), key_every_s=7, size=SIZE, tags=tags)
        print(f"libx265, ten bits, {name}")
        times[name] = run_candidate("ours", [path], repeat, 30, numbered=name == "sdr")["seconds"]
    return round(float(times["hdr"] / times["sdr"]), 2)


def peaks(folder: Path) -> dict[str, int]:
    """Our peak MiB for one minute and for one hour of the same small film, at one frame every ten seconds."""
    results = {}
    for name, seconds in (("one_minute", 60), ("one_hour", 3600)):
        path = make_film(
            folder / f"{name}.mp4", "libx264", seconds=seconds, key_every_s=7, size=SMALL, rate=5
        )
        results[f"peak_mib_{name}"] = round(run_candidate("ours", [path], 0, 50)["peak_mib"])
    return results


def start_s() -> float:
    """Seconds that Python and the decoders take to load, once for each child process of a run."""
    began = time.perf_counter()
    _python("-c", "import gettok.frames.extraction")
    return round(time.perf_counter() - began, 2)


def summary(results: Mapping[tuple[int, str], Mapping[str, Figures]]) -> dict[str, float]:
    """The slower of the two codecs counts; a candidate that extracts a wrong frame is not compared."""
    speedups = {
        key_every_s: min(
            results[key_every_s, codec]["paper"]["seconds"] / results[key_every_s, codec]["ours"]["seconds"]
            for codec in CODECS
        )
        for key_every_s in KEY_EVERY_S
    }
    ratio = max(
        runs["ours"]["seconds"]
        / min(other["seconds"] for name, other in runs.items() if name != "ours" and not other["wrong"])
        for runs in results.values()
    )
    return {
        "speedup_over_paper_loop": round(speedups[7], 1),
        "speedup_over_paper_loop_2s_gop": round(speedups[2], 1),
        "ratio_to_fastest_other": round(ratio, 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--videos", type=int, default=None, help="how many of the demo's; all by default")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        results, to_floor = minutes(folder, given.seconds, given.repeat)
        files = sorted((ROOT / "sandbox" / "corpus" / "media").glob("*.mp4"))[: given.videos]
        print(f"{len(files)} videos of the demo")
        corpus = {name: run_candidate(name, files, 0, numbered=False) for name in NAMES}
        hdr = {"hdr_ratio_to_sdr": hdr_ratio(folder, given.seconds, given.repeat)}
        print("memory")
        figures = summary(results) | hdr | peaks(folder) | {"start_s": start_s()}
    of_corpus = corpus["paper"]["seconds"] / corpus["ours"]["seconds"]
    figures["speedup_over_paper_loop_on_the_demo"] = round(of_corpus, 1)
    figures["frames_ratio_to_floor"] = to_floor[7]
    figures["frames_ratio_to_floor_2s_gop"] = to_floor[2]
    figures["wrong_candidates"] = len(
        {name for runs in results.values() for name, run in runs.items() if run["wrong"]}
    )
    if any(runs["ours"]["wrong"] for runs in results.values()):
        sys.exit("ours extracted a wrong frame")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
