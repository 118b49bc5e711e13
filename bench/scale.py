"""Measures one more day of a study, with all answers known: beside the build from nothing, and beside another checkout.

A study of the sandbox's videos is built without its last day, then with it. Nothing is asked in either, as a run before
has filled the store. `--start FOLDER` is a checkout of another commit, which does the same in the same run. With
`--more-days` the study is measured once more, with ten times the days and ten times the videos: the cost of a day must
not grow with the days that exist. Everything runs by `dvc repro`, so DVC's own work is part of it.

    python bench/scale.py [--videos 4400] [--days 102] [--start FOLDER] [--more-days] [--folder FOLDER]

In a FOLDER everything is kept, and the next call goes on from it.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

from bench.candidates.collect.runner import ROOT, running_sandbox
from bench.candidates.usage import cpu_s, python_path
from bench.checking import START, compose, copy_of_repository, corpus_of, program
from gettok.pipeline.shards import FOLDER

OURS, THEIRS = "ours", "start"


class Usage(NamedTuple):
    """Seconds, and seconds of CPU of DVC and all stages."""

    seconds: float
    cpu_s: float


class Study(NamedTuple):
    """A study of the sandbox, and the folder of its corpus, its store and the repositories that build it."""

    folder: Path
    videos: int
    days: int

    @property
    def last_day(self) -> date:
        return START + timedelta(days=self.days - 1)

    def ending(self, early: int = 0) -> str:
        """The setting of the last day; `early` leaves out so many days."""
        return f'study.end="{self.last_day - timedelta(days=early)}"'


def repro(repository: Path, source: Path, study: Study, base: str, *, decoding_once: bool = False) -> Usage:
    """Run the pipeline with the code of `source`."""
    environment = {
        **os.environ,
        "PYTHONPATH": python_path(repository),
        "GETTOK_STORE": str(study.folder / "store"),
        "GETTOK_SANDBOX": base,
    }
    pythons = Path(sys.executable).parent
    if decoding_once:
        pythons = program(study.folder / "bin", "decoding_once", study.folder / "notes.jsonl")
    environment["PATH"] = f"{pythons}{os.pathsep}{environment['PATH']}"
    before, began = cpu_s(), time.perf_counter()
    with (study.folder / f"{source.name}.log").open("ab") as log:
        command = [sys.executable, "-m", "dvc", "repro"]
        done = subprocess.run(command, cwd=repository, env=environment, stdout=log, stderr=log, check=False)
    if done.returncode:
        sys.exit(f"dvc repro ended with {done.returncode}: see {log.name}")
    return Usage(time.perf_counter() - began, cpu_s() - before)


def forget_day(store: Path, day: date) -> None:
    """As if the day had never been built."""
    for shard in (store / FOLDER).rglob(f"{day}.*"):
        shard.unlink()


def new_day(source: Path, name: str, study: Study, base: str) -> tuple[Usage, Usage]:
    """What it takes to build the study without its last day, and then with it."""
    repository = copy_of_repository(study.folder / name, source)
    shutil.rmtree(study.folder / "store" / FOLDER, ignore_errors=True)
    compose(repository, study.ending(1))
    without = repro(repository, source, study, base)
    forget_day(study.folder / "store", study.last_day)
    compose(repository, study.ending())
    return without, repro(repository, source, study, base)


def measure(study: Study, sources: dict[str, Path]) -> dict[str, tuple[Usage, Usage]]:
    study.folder.mkdir(parents=True, exist_ok=True)
    with running_sandbox(corpus_of(study.videos, study.folder / "corpus", study.days)) as base:
        filling = copy_of_repository(study.folder / "filling")
        compose(filling, study.ending())
        repro(filling, ROOT, study, base, decoding_once=True)
        found = {name: new_day(source, name, study, base) for name, source in sources.items()}
    for name, (build, day) in found.items():
        print(
            f"{study.videos:>9,} videos {study.days:>5} days  {name:<6}"
            f" build {build.seconds:8.1f} s ({build.cpu_s:8.1f} CPU)"
            f"   one more day {day.seconds:7.1f} s ({day.cpu_s:7.1f} CPU)",
            flush=True,
        )
    return found


def ratios(name: str, first: Usage, second: Usage) -> dict[str, float]:
    return {
        name: round(first.seconds / second.seconds, 3),
        f"{name}_cpu": round(first.cpu_s / second.cpu_s, 3),
    }


def run(studies: Sequence[Study], start: Path | None) -> None:
    sources = {OURS: ROOT} | ({} if start is None else {THEIRS: start})
    first, *more = (measure(study, sources) for study in studies)
    figures: dict[str, float] = {"videos": studies[0].videos, "days": studies[0].days}
    figures |= ratios("new_day_ratio_to_build", first[OURS][1], first[OURS][0])
    if THEIRS in first:
        figures |= ratios("new_day_ratio_to_start", first[OURS][1], first[THEIRS][1])
    for found in more:
        figures |= ratios("new_day_ratio_of_ten_times_the_days", found[OURS][1], first[OURS][1])
    print(json.dumps(figures))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--videos", type=int, default=4400)
    parser.add_argument("--days", type=int, default=102)
    parser.add_argument("--start", type=Path, help="another checkout, to compare with")
    parser.add_argument("--more-days", action="store_true", help="measure ten times the days, too")
    parser.add_argument("--folder", type=Path, help="where everything is kept; a temporary one by default")
    given = parser.parse_args()
    with ExitStack() as stack:
        folder = given.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        sizes = [1, 10] if given.more_days else [1]
        studies = [
            Study(folder.absolute() / str(size), size * given.videos, size * given.days) for size in sizes
        ]
        run(studies, given.start and given.start.absolute())


if __name__ == "__main__":
    main()
