"""One lane in a process of its own; prints a line of JSON.

    python -m bench.lanes collect ours DIR --base http://127.0.0.1:8080
    python -m bench.lanes kept ours DIR
    python -m bench.lanes truth CORPUS

A lane's waits take no time: they move the sandbox's clock on.
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

from bench.lanes.task import Task, Waits
from bench.measuring.memory import peak_mib

STUDY = (date(2022, 11, 20), date(2022, 12, 20))


def collect(asked: argparse.Namespace) -> dict[str, Any]:
    """Run the lane to its end, whatever that is; `peak_mib` is of this process alone."""
    start, end = asked.days
    task = Task(asked.base, asked.folder, start, end, asked.requests_per_day)
    waits = Waits(task.base)
    # before the lane is imported: defaults of functions may hold on to it
    time.sleep = waits  # type: ignore[assignment]
    run = import_module(f"bench.lanes.{asked.lane}").collect
    began = time.perf_counter()
    ended = _ended(lambda: run(task, waits) if asked.lane == "ours" else run(task))
    return {
        "ended": ended,
        "seconds": round(time.perf_counter() - began, 2),
        "waited_s": round(waits.total_s),
        "peak_mib": round(peak_mib(), 1),
    }


def _ended(run: Callable[[], object]) -> str:
    """`returned`, or the name of what was raised; `come back` for an error that asks for the same command again."""
    try:
        run()
    except Exception as error:  # noqa: BLE001 - any end of a foreign program is a result
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return "come back" if getattr(error, "exit_code", None) == os.EX_TEMPFAIL else type(error).__name__
    return "returned"


def kept(asked: argparse.Namespace) -> dict[str, Any]:
    from bench.lanes.kept import ids  # noqa: PLC0415 - what it imports would count as the lane's memory

    return {"kept": len(ids(asked.lane, asked.folder))}


def truth(asked: argparse.Namespace) -> dict[str, Any]:
    """The videos of a corpus, and the pages that hold them when the days are asked for in windows of thirty."""
    rows = json.loads((asked.folder / "videos.json").read_text("utf-8"))
    days = Counter(datetime.fromtimestamp(row["api"]["create_time"], UTC).date() for row in rows)
    windows = Task("", asked.folder, *asked.days).windows(30)
    counts = [sum(days[day] for day in days if start <= day <= end) for start, end in windows]
    return {"videos": sum(counts), "requests_needed": sum(max(1, ceil(count / 100)) for count in counts)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True)
    for does in (collect, kept, truth):
        command = commands.add_parser(does.__name__)
        command.set_defaults(does=does)
        if does is not truth:
            command.add_argument("lane")
        command.add_argument("folder", type=Path)
        command.add_argument("--days", nargs=2, type=date.fromisoformat, default=STUDY)
        command.add_argument("--base", default="")
        command.add_argument("--requests-per-day", type=int, default=1000)
    asked = parser.parse_args()
    asked.folder = asked.folder.absolute()
    with redirect_stdout(sys.stderr):  # a client may print
        answer = asked.does(asked)
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
