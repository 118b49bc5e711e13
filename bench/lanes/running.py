"""Lanes run from outside: each in a process of its own, against a sandbox of its own, which counts what it is asked.

Only the standard library is imported here and in what starts lanes. The peak memory of a process begins with that of
the one that started it (Linux keeps the mark over `exec`), so whoever measures must be small.
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

from bench.lanes.task import tell, told

ROOT = Path(__file__).parents[2]
NO_QUOTA = 10**9
#: Virtual days on which a lane that asks to come back gets to run again.
MOST_RUNS = 60
#: Real seconds; without waits nobody needs as many, unless for a poll without end.
MOST_S = 600


@dataclass(frozen=True)
class Ran:
    """What became of a lane: `ended` is `returned`, the error that it died of, `come back` or `killed`."""

    ended: str
    kept: int
    requests: int
    runs: int
    seconds: float
    waited_s: float
    peak_mib: float


@contextmanager
def served(corpus: Path, profile: str = "clean", switches: Mapping[str, Any] | None = None) -> Iterator[str]:
    """The base address of a new sandbox."""
    command = [sys.executable, "-m", "sandbox", "--corpus", str(corpus), "--profile", profile]
    with subprocess.Popen(
        [*command, "--until-stdin-closes"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            base = json.loads(process.stdout.readline())["base"]
            tell(base, "switches", switches or {})
            yield base
        finally:
            process.stdin.close()


def asked(*arguments: str, most_s: float = MOST_S, log: Path | None = None) -> dict[str, Any]:
    """The answer of `python -m bench.lanes`; raises `subprocess.TimeoutExpired`."""
    command = [sys.executable, "-m", "bench.lanes", *arguments]
    with (log or Path("/dev/null")).open("ab") as said:
        done = subprocess.run(
            command, cwd=ROOT, check=True, stdout=subprocess.PIPE, stderr=said, timeout=most_s
        )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def ran(lane: str, base: str, folder: Path, requests_per_day: int) -> Ran:
    """Run a lane, and again on the next virtual day for as long as it asks for that."""
    folder.mkdir(parents=True)
    reports: list[dict[str, Any]] = []
    while not reports or (reports[-1]["ended"] == "come back" and len(reports) < MOST_RUNS):
        if reports:
            _wait_for_the_next_day(base)
        reports.append(_once(lane, base, folder, requests_per_day))
    entries = [entry for entry in told(base, "requests") if entry["path"].endswith("/video/query/")]
    return Ran(
        ended=reports[-1]["ended"],
        kept=asked("kept", lane, str(folder))["kept"],
        requests=len(entries),
        runs=len(reports),
        seconds=round(sum(report["seconds"] for report in reports), 2),
        waited_s=sum(report["waited_s"] for report in reports),
        peak_mib=max(report["peak_mib"] for report in reports),
    )


def _once(lane: str, base: str, folder: Path, requests_per_day: int) -> dict[str, Any]:
    options = ("--base", base, "--requests-per-day", str(requests_per_day))
    try:
        return asked("collect", lane, str(folder), *options, log=folder / "said.txt")
    except subprocess.TimeoutExpired:
        return {"ended": "killed", "seconds": MOST_S, "waited_s": 0, "peak_mib": 0}


def _wait_for_the_next_day(base: str) -> None:
    """Until five minutes past midnight UTC, when the quota is new."""
    now = datetime.fromisoformat(told(base, "health")["now"])
    morning = datetime.combine(now.date() + timedelta(days=1), time(0, 5), now.tzinfo)
    tell(base, "clock", {"now": morning.isoformat()})
