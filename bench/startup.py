"""Measures how long the stages take to start: what importing each of them costs before it does anything.

    python bench/startup.py [--start FOLDER] [--repeat 5]

`--start` is another checkout to compare with, such as `git worktree add FOLDER COMMIT`; it runs in this environment.
Each stage is imported in a fresh interpreter, in turn by each checkout, after once to fill the caches. The last line is
JSON: `startup_ratio_to_start` is our CPU seconds over those of the other checkout, summed over the stages of both.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.candidates.usage import cpu_s, python_path

ROOT = Path(__file__).parents[1]

#: The median CPU seconds of each stage.
Seconds = Mapping[str, float]


def stages_of(checkout: Path) -> list[str]:
    return sorted(path.stem for path in (checkout / "stages").glob("[!_]*.py"))


def import_s(checkout: Path, stage: str) -> float:
    """CPU seconds of a fresh interpreter that imports the stage out of the checkout."""
    # without bytecode the compiler would be measured
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPATH"] = python_path(checkout)
    before = cpu_s()
    subprocess.run(
        [sys.executable, "-c", f"import stages.{stage}"], cwd=checkout, env=environment, check=True
    )
    return cpu_s() - before


def measure(checkouts: Sequence[Path], stages: Sequence[str], repeat: int) -> list[Seconds]:
    """For each checkout, the seconds of its stages; one after the other, so that a busy machine slows both alike."""
    times: dict[tuple[Path, str], list[float]] = {}
    for stage in stages:
        for checkout in checkouts:
            import_s(checkout, stage)
        for _ in range(repeat):
            for checkout in checkouts:
                times.setdefault((checkout, stage), []).append(import_s(checkout, stage))
    return [{stage: statistics.median(times[checkout, stage]) for stage in stages} for checkout in checkouts]


def summary(ours: Seconds, start: Seconds | None) -> dict[str, float]:
    total_s = sum(ours.values())
    figures = {"stages": len(ours), "startup_s": round(total_s, 2)}
    if start is None:
        return figures
    start_s = sum(start.values())
    return figures | {"start_s": round(start_s, 2), "startup_ratio_to_start": round(total_s / start_s, 3)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--start", type=Path, help="another checkout; none by default")
    parser.add_argument("--repeat", type=int, default=5)
    given = parser.parse_args()
    checkouts = [ROOT, *([given.start.resolve()] if given.start else [])]
    stages = sorted(set.intersection(*(set(stages_of(checkout)) for checkout in checkouts)))
    ours, *others = measure(checkouts, stages, given.repeat)
    start = others[0] if others else None
    for stage in stages:
        beside = f"{start[stage]:>8.2f}{ours[stage] / start[stage]:>8.2f}" if start else ""
        print(f"{stage:<22}{ours[stage]:>8.2f}{beside}")
    print(json.dumps(summary(ours, start)))


if __name__ == "__main__":
    main()
