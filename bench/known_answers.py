"""Measures what `transcribe`, `describe` and `compare_transcripts` cost with nothing to ask.

All answers of a study of synthetic videos, each with its media, are put into a store. Then the three stages rebuild
their tables from it, without the days that they built before. With `--start`, the same stages of another checkout of
this repository rebuild them in turn with ours, and the bench fails if a table has other bytes. The CPU of all processes
counts, start-up included.

    python bench/known_answers.py [--videos 4000] [--repeat 3] [--start FOLDER]
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from bench.candidates.usage import cpu_s, python_path
from gettok.pipeline.shards import FOLDER
from gettok.store.blobs import file_digest

ROOT = Path(__file__).parent.parent
#: The name of each stage in the closing figures, and what it writes.
STAGES = {"transcribe": "transcribe", "describe": "describe", "compare_transcripts": "compare"}
OUTPUTS = {
    "transcribe": ("transcripts",),
    "describe": ("descriptions", "screen_texts"),
    "compare_transcripts": ("comparison",),
}


class Usage(NamedTuple):
    """What a run of a stage took."""

    seconds: float
    cpu_s: float


def run(command: list[str], workspace: Path, checkout: Path) -> Usage:
    """Run a program with this checkout's code."""
    environment = {
        **os.environ,
        "GETTOK_STORE": str(workspace / "store"),
        # so that no sandbox is started, which nothing would be asked of
        "GETTOK_SANDBOX": "http://127.0.0.1:9",
        "PYTHONPATH": python_path(checkout),
    }
    before, began = cpu_s(), time.perf_counter()
    done = subprocess.run(
        [sys.executable, *command],
        cwd=workspace,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{command} of {checkout} ended with {done.returncode}:\n{done.stderr}")
    return Usage(time.perf_counter() - began, cpu_s() - before)


def rebuild(stage: str, workspace: Path, checkout: Path) -> tuple[Usage, dict[str, str]]:
    """What it took, and the digest of each file that the stage wrote."""
    folders = [workspace / "data" / name for name in OUTPUTS[stage]]
    for folder in (*folders, workspace / "store" / FOLDER):
        shutil.rmtree(folder, ignore_errors=True)
    usage = run(["-m", f"stages.{stage}"], workspace, checkout)
    files = sorted(file for folder in folders for file in folder.rglob("*") if file.is_file())
    return usage, {str(file): file_digest(file) for file in files}


def measure(stage: str, workspace: Path, checkouts: list[Path], repeat: int) -> list[Usage]:
    """The median usage of each checkout, whose runs take turns."""
    usages: list[list[Usage]] = [[] for _ in checkouts]
    written: list[dict[str, str]] = []
    for repetition in range(repeat):
        # the other first in each turn: what a run leaves in memory helps the next
        for place in sorted(range(len(checkouts)), reverse=bool(repetition % 2)):
            usage, files = rebuild(stage, workspace, checkouts[place])
            usages[place].append(usage)
            written.append(files)
            if not files or files != written[0]:
                sys.exit(f"{stage}: {checkouts[place]} wrote other files than {checkouts[0]}")
    return [Usage(*map(statistics.median, zip(*of_one, strict=True))) for of_one in usages]


def figures(videos: int, usages: dict[str, list[Usage]]) -> dict[str, float]:
    found: dict[str, float] = {"videos": videos}
    for stage, of_stage in usages.items():
        name, ours = STAGES[stage], of_stage[-1]
        found |= {f"{name}_s": round(ours.seconds, 2), f"{name}_cpu_s": round(ours.cpu_s, 2)}
        if len(of_stage) > 1:
            start = of_stage[0]
            found |= {
                f"{name}_ratio_to_start": round(ours.seconds / start.seconds, 3),
                f"{name}_cpu_ratio_to_start": round(ours.cpu_s / start.cpu_s, 3),
            }
    return found


def show(usages: dict[str, list[Usage]]) -> None:
    print(f"{'stage':22}{'of':8}{'wall':>10}{'CPU':>12}")
    for stage, of_stage in usages.items():
        for whose, usage in zip(("start", "ours")[-len(of_stage) :], of_stage, strict=True):
            print(f"{stage:22}{whose:8}{usage.seconds:8.2f} s{usage.cpu_s:10.2f} s")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--videos", type=int, default=4000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--start", type=Path, help="another checkout, which the same Python can run")
    given = parser.parse_args()
    checkouts = [checkout.absolute() for checkout in (given.start, ROOT) if checkout]
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder)
        run(["-m", "bench.candidates.known_answers", folder, str(given.videos)], workspace, ROOT)
        usages = {stage: measure(stage, workspace, checkouts, given.repeat) for stage in STAGES}
    show(usages)
    print(json.dumps(figures(given.videos, usages)))


if __name__ == "__main__":
    main()
