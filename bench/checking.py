"""Measures what the checks of bytes cost: the CPU of `dvc repro -f` with all answers known, with and without them.

A stage reads no output, medium or stored answer whose digest it has not compared. The demo, or a study of any number of
the sandbox's videos, is run once in a copy of the repository, which fills its store. Then both run in turn, each stage
anew from the stored answers, without the days that were built before. The CPU of all processes counts: time also
measures what else the machine does.

    python bench/checking.py [--videos 43697] [--repeat 3] [--folder FOLDER]

Without `--videos` it is the demo. A study has the stance alone, and the demo's films over and over: each is decoded
once, and about 100,000 videos take 10 GB. In a FOLDER everything is kept, and the next call goes on from it.
"""

import argparse
import itertools
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path
from typing import NamedTuple

from bench.candidates.collect.runner import ROOT, running_sandbox
from bench.candidates.usage import cpu_s, python_path
from gettok.pipeline.shards import FOLDER
from sandbox import bulk
from sandbox.videos import CORPUS

START, DAYS = date(2022, 11, 20), 101
"""The days of the demo's study."""
SHARDS = Path(".dvc", "gettok-store", FOLDER)
"""Where a repository without `GETTOK_STORE` keeps what it built last."""
PAIR = ("as_it_is", "without_checks")
WHOLE, DVC = "whole", "DVC itself"


class Usage(NamedTuple):
    """What a run took: seconds, and seconds of CPU by part; of these the checks', by part and by check."""

    seconds: float
    cpu_s: Mapping[str, float]
    checks_s: Mapping[str, float]
    by_check_s: Mapping[str, float]


def corpus_of(videos: int, folder: Path, days: int = DAYS) -> Path:
    """That many videos of so many days, each with the page and the film of one of the demo's."""
    if not folder.exists():
        rows = json.loads((CORPUS / "videos.json").read_text("utf-8"))
        whole = [row["page"] for row in rows if row["page"]["media"] and row["page"]["serve"] == "whole"]
        pages = itertools.cycle(whole)
        bulk.write(folder, videos=videos, seed="gettok", start=START, days=days, page=lambda _: next(pages))
        (folder / "media").symlink_to(CORPUS / "media")
    return folder


def copy_of_repository(folder: Path, source: Path = ROOT) -> Path:
    """What git has or would add, with a cache and a store of its own."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(listing, cwd=source, check=True, stdout=subprocess.PIPE, text=True).stdout
    for name in filter(None, listed.split("\0")):
        if (source / name).is_file() and not (name == "dvc.lock" and (folder / name).exists()):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source / name, folder / name)
    site_cache = folder / ".dvc" / "tmp" / "site-cache"
    config = f"[core]\n    no_scm = true\n    site_cache_dir = {site_cache}\n"
    (folder / ".dvc" / "config.local").write_text(config, "utf-8")
    return folder


def program(folder: Path, how: str, notes: Path) -> Path:
    """A folder with the `python` that `dvc.yaml` names, which runs a stage in this way."""
    bin_folder = folder / how
    bin_folder.mkdir(parents=True, exist_ok=True)
    python = bin_folder / "python"
    python.write_text(
        f'#!/bin/sh\nexec "{sys.executable}" -m bench.candidates.checking {how} "{notes}" "$@"\n'
    )
    python.chmod(0o755)
    return bin_folder


def run(repository: Path, how: str, base: str, *options: str) -> Usage:
    """Run the pipeline; the CPU and the time that it took."""
    notes, log = repository.parent / f"{how}.jsonl", repository.parent / "log.txt"
    notes.write_text("", "ascii")
    environment = {
        **os.environ,
        "PATH": f"{program(repository.parent / 'bin', how, notes)}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": python_path(repository),
        "GETTOK_SANDBOX": base,
    }
    command = [sys.executable, "-m", "dvc", "repro", *options]
    before, began = cpu_s(), time.perf_counter()
    with log.open("ab") as output:
        done = subprocess.run(
            command, cwd=repository, env=environment, stdout=output, stderr=output, check=False
        )
    if done.returncode:
        sys.exit("".join(log.read_text("utf-8").splitlines(keepends=True)[-20:]))
    whole, seconds = cpu_s() - before, time.perf_counter() - began
    stages = [json.loads(line) for line in notes.read_text("ascii").splitlines()]
    by_check: Counter[str] = sum((Counter(stage["checks_s"]) for stage in stages), Counter())
    cpu = {stage["stage"]: stage["cpu_s"] for stage in stages}
    checks = {stage["stage"]: sum(stage["checks_s"].values()) for stage in stages}
    return Usage(
        seconds,
        {WHOLE: whole, **cpu, DVC: whole - sum(cpu.values())},
        {WHOLE: by_check.total(), **checks, DVC: 0},
        by_check,
    )


def compose(repository: Path, *overrides: str) -> None:
    """Write the settings of a study that asks for the stance alone."""
    chosen = ["codebook=stance", "prompt_injection=off", *overrides]
    command = [sys.executable, "-m", "gettok.cli.app", "compose", *chosen]
    environment = os.environ | {"PYTHONPATH": python_path(repository)}
    subprocess.run(command, cwd=repository, env=environment, stdout=subprocess.DEVNULL, check=True)


@contextmanager
def filled(videos: int | None, folder: Path) -> Iterator[tuple[Path, str]]:
    """A repository whose store has every answer, and the sandbox that gave them."""
    repository = copy_of_repository(folder / "repository")
    with running_sandbox(corpus_of(videos, folder / "corpus") if videos else CORPUS) as base:
        if videos:
            compose(repository)
        run(repository, "decoding_once", base)
        yield repository, base


def median_of(usages: Sequence[Usage]) -> Usage:
    """Of each number of the runs."""

    def medians(values: Sequence[Mapping[str, float]]) -> dict[str, float]:
        return {name: statistics.median(of_run[name] for of_run in values) for name in values[0]}

    seconds, *by_name = zip(*usages, strict=True)
    return Usage(statistics.median(seconds), *map(medians, by_name))


def show(as_it_is: Usage, without: Usage) -> None:
    print(f"{'CPU':24}{'as it is':>12}{'in checks':>12}{'no checks':>12}{'ratio':>8}")
    for name, cpu in as_it_is.cpu_s.items():
        checks, cpu_without = as_it_is.checks_s[name], without.cpu_s[name]
        print(f"{name:24}{cpu:10.2f} s{checks:10.2f} s{cpu_without:10.2f} s{cpu / cpu_without:8.3f}")
    for name, checks in sorted(as_it_is.by_check_s.items()):
        print(f"{name:36}{checks:10.2f} s")


def measure(videos: int | None, repeat: int, folder: Path) -> None:
    usages: dict[str, list[Usage]] = {how: [] for how in PAIR}
    with filled(videos, folder) as (repository, base):
        for repetition in range(repeat):
            # the other first in each turn: what a run leaves in memory helps the next
            for how in PAIR if repetition % 2 else reversed(PAIR):
                shutil.rmtree(repository / SHARDS, ignore_errors=True)
                usage = run(repository, how, base, "--force")
                print(
                    f"{how}: {usage.cpu_s[WHOLE]:.2f} s of CPU, {usage.checks_s[WHOLE]:.2f} s in checks",
                    flush=True,
                )
                usages[how].append(usage)
    as_it_is, without = (median_of(usages[how]) for how in PAIR)
    show(as_it_is, without)
    cpu, checks, cpu_without = as_it_is.cpu_s[WHOLE], as_it_is.checks_s[WHOLE], without.cpu_s[WHOLE]
    figures = {
        "videos": videos,
        "ratio": round(cpu / cpu_without, 3),
        "ratio_by_cpu_in_checks": round(cpu / (cpu - checks), 3),
        "ratio_of_seconds": round(as_it_is.seconds / without.seconds, 3),
        "cpu_s": round(cpu, 2),
        "cpu_s_in_checks": round(checks, 2),
        "cpu_s_without_checks": round(cpu_without, 2),
    }
    print(json.dumps(figures))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--videos", type=int, help="of a study; the demo by default")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where everything is kept; a temporary one by default")
    given = parser.parse_args()
    with ExitStack() as stack:
        folder = given.folder or stack.enter_context(tempfile.TemporaryDirectory())
        measure(given.videos, given.repeat, Path(folder).absolute())


if __name__ == "__main__":
    main()
