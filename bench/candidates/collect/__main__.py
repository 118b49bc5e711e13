"""Runs one candidate in its own process; prints a line of JSON.

    python -m bench.candidates.collect collect ours DIR --base http://127.0.0.1:8080
    python -m bench.candidates.collect count ours DIR
    python -m bench.candidates.collect truth CORPUS

A candidate's waits take no time: they advance the sandbox's clock.
"""

import argparse
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import redirect_stdout
from datetime import UTC, date, datetime
from importlib import import_module
from math import ceil
from pathlib import Path
from typing import Any

from bench.candidates.collect.task import Task, Waits
from bench.candidates.usage import peak_mib

STUDY = (date(2022, 11, 20), date(2022, 12, 20))


def collect(options: argparse.Namespace) -> dict[str, Any]:
    """Run the candidate until it ends, successfully or not; `peak_mib` covers this process alone."""
    start, end = options.days
    task = Task(options.base, options.folder, start, end, options.requests_per_day)
    waits = Waits(task.base)
    # before the candidate is imported, because a function's default argument may be time.sleep
    time.sleep = waits  # type: ignore[assignment]
    run = import_module(f"bench.candidates.collect.{options.candidate}").collect
    began = time.perf_counter()
    ended = _ended(lambda: run(task, waits) if options.candidate == "ours" else run(task))
    return {
        "ended": ended,
        "seconds": round(time.perf_counter() - began, 2),
        "waited_s": round(waits.total_s),
        "peak_mib": round(peak_mib(), 1),
    }


def _ended(run: Callable[[], object]) -> str:
    """`returned`, or the error's name; `resumable` for an error that asks for the same command again."""
    try:
        run()
    except Exception as error:  # noqa: BLE001 - however a foreign client ends is a result
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return "resumable" if getattr(error, "exit_code", None) == os.EX_TEMPFAIL else type(error).__name__
    return "returned"


def count(options: argparse.Namespace) -> dict[str, Any]:
    # its imports would count as the candidate's memory
    from bench.candidates.collect.collected import video_ids  # noqa: PLC0415

    return {"collected": len(video_ids(options.candidate, options.folder))}


def truth(options: argparse.Namespace) -> dict[str, Any]:
    """How many videos a corpus holds, and how many pages they take if the days are requested in windows of thirty."""
    rows = json.loads((options.folder / "videos.json").read_text("utf-8"))
    days = Counter(datetime.fromtimestamp(row["api"]["create_time"], UTC).date() for row in rows)
    windows = Task("", options.folder, *options.days).windows(30)
    counts = [sum(days[day] for day in days if start <= day <= end) for start, end in windows]
    return {"videos": sum(counts), "requests_needed": sum(max(1, ceil(count / 100)) for count in counts)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True)
    for run in (collect, count, truth):
        command = commands.add_parser(run.__name__)
        command.set_defaults(run=run)
        if run is not truth:
            command.add_argument("candidate")
        command.add_argument("folder", type=Path)
        command.add_argument("--days", nargs=2, type=date.fromisoformat, default=STUDY)
        command.add_argument("--base", default="")
        command.add_argument("--requests-per-day", type=int, default=1000)
    options = parser.parse_args()
    options.folder = options.folder.absolute()
    with redirect_stdout(sys.stderr):  # some clients print
        result = options.run(options)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
