"""Runs candidates, each in its own process and against its own sandbox, which counts their requests.

This module, and every module that starts candidates, imports only the standard library. A child's peak memory starts
at that of its parent (Linux keeps the high-water mark over `exec`), so the parent must be small.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

from bench.candidates.collect.task import read_control, set_control

ROOT = Path(__file__).parents[3]
NO_QUOTA = 10**9
#: Virtual days on which a candidate that ended with `resumable` runs again.
MAX_RUNS = 60
#: Real seconds. As waits take no time, only an endless poll needs as many.
TIMEOUT_S = 600


@dataclass(frozen=True)
class CandidateRun:
    """A candidate's figures; `ended` is `returned`, an error's name, `resumable` or `killed`."""

    ended: str
    collected: int
    requests: int
    runs: int
    seconds: float
    waited_s: float
    peak_mib: float


@contextmanager
def running_sandbox(
    corpus: Path, profile: str = "clean", switches: Mapping[str, Any] | None = None
) -> Iterator[str]:
    """Start a sandbox, and yield its base address."""
    command = [sys.executable, "-m", "sandbox", "--corpus", str(corpus), "--profile", profile]
    with subprocess.Popen(
        [*command, "--until-stdin-closes"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            base = json.loads(process.stdout.readline())["base"]
            set_control(base, "switches", switches or {})
            yield base
        finally:
            process.stdin.close()


def call(*arguments: str, timeout_s: float = TIMEOUT_S, log: Path | None = None) -> dict[str, Any]:
    """What `python -m bench.candidates.collect` prints; raises `subprocess.TimeoutExpired`."""
    command = [sys.executable, "-m", "bench.candidates.collect", *arguments]
    with (log or Path("/dev/null")).open("ab") as output:
        done = subprocess.run(
            command, cwd=ROOT, check=True, stdout=subprocess.PIPE, stderr=output, timeout=timeout_s
        )
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def run_candidate(candidate: str, base: str, folder: Path, requests_per_day: int) -> CandidateRun:
    """Run a candidate, and run it again on each next virtual day while it ends with `resumable`."""
    folder.mkdir(parents=True)
    reports: list[dict[str, Any]] = []
    while not reports or (reports[-1]["ended"] == "resumable" and len(reports) < MAX_RUNS):
        if reports:
            _wait_for_the_next_day(base)
        reports.append(_once(candidate, base, folder, requests_per_day))
    entries = [entry for entry in read_control(base, "requests") if entry["path"].endswith("/video/query/")]
    return CandidateRun(
        ended=reports[-1]["ended"],
        collected=call("count", candidate, str(folder))["collected"],
        requests=len(entries),
        runs=len(reports),
        seconds=round(sum(report["seconds"] for report in reports), 2),
        waited_s=sum(report["waited_s"] for report in reports),
        peak_mib=max(report["peak_mib"] for report in reports),
    )


def _once(candidate: str, base: str, folder: Path, requests_per_day: int) -> dict[str, Any]:
    options = ("--base", base, "--requests-per-day", str(requests_per_day))
    try:
        return call("collect", candidate, str(folder), *options, log=folder / "log.txt")
    except subprocess.TimeoutExpired:
        return {"ended": "killed", "seconds": TIMEOUT_S, "waited_s": 0, "peak_mib": 0}


def _wait_for_the_next_day(base: str) -> None:
    """Set the clock to five minutes past midnight UTC, when the quota is new."""
    now = datetime.fromisoformat(read_control(base, "health")["now"])
    morning = datetime.combine(now.date() + timedelta(days=1), time(0, 5), now.tzinfo)
    set_control(base, "clock", {"now": morning.isoformat()})
