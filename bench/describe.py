"""Describes the same videos by our stage and by the paper's loop, at an endpoint that takes a second; prints a table.

The endpoint allows a number of requests at once and refuses more with 429. Ours also runs with twice that number in its
settings, and must find the limit; and so once more while the limit is halved and doubled again every 20 seconds. A run
with four times as many videos shows that memory does not grow with them. The paper's loop, one video after the other,
is timed on fewer videos, and the time per video is compared. Each candidate runs in its own process.

    python bench/describe.py [--videos 500] [--latency-s 1] [--allowed 32] [--loop-videos 20]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


@contextmanager
def endpoint(latency_s: float, allowed: int, moves_s: float | None) -> Iterator[str]:
    """Start an endpoint for one run, and yield its address."""
    module = [sys.executable, "-m", "bench.candidates.describe.endpoint"]
    options = ["--latency-s", str(latency_s), "--allowed", str(allowed)]
    options += [] if moves_s is None else ["--moves-s", str(moves_s)]
    with subprocess.Popen(
        [*module, *options], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()


def run_candidate(name: str, folder: Path, address: str, videos: int, concurrency: int) -> dict[str, Any]:
    environment = os.environ | {
        "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}",
        "GETTOK_BENCH_KEY": "none",
        "PYTHONWARNINGS": "ignore",
    }
    done = subprocess.run(
        [sys.executable, "-m", "bench.candidates.describe", name, address, str(videos), str(concurrency)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{name} ended with {done.returncode}:\n{done.stderr[-4000:]}")
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def measured(
    given: argparse.Namespace, name: str, videos: int, concurrency: int, moves_s: float | None = None
) -> dict[str, Any]:
    """The figures of a candidate at its own endpoint, with what the endpoint counted."""
    with (
        tempfile.TemporaryDirectory() as folder,
        endpoint(given.latency_s, given.allowed, moves_s) as address,
    ):
        run_candidate("prepare", Path(folder), address, videos, concurrency)
        figures = run_candidate(name, Path(folder), address, videos, concurrency)
        with urllib.request.urlopen(f"{address}/counted") as answer:
            counted: dict[str, Any] = json.loads(answer.read())
        return figures | counted


def show(name: str, videos: int, figures: dict[str, Any]) -> None:
    columns = f"{figures['busy_s']:9.1f}{figures['mean_in_flight']:11.1f}{figures['refused']:9}"
    print(f"{name:24}{videos:7}{columns}{figures['peak_mib']:10.0f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--videos", type=int, default=500)
    parser.add_argument("--latency-s", type=float, default=1.0)
    parser.add_argument("--allowed", type=int, default=32)
    parser.add_argument("--loop-videos", type=int, default=20)
    given = parser.parse_args()
    print(f"{'':24}{'videos':>7}{'seconds':>9}{'in flight':>11}{'refused':>9}{'peak MiB':>10}")
    runs = {
        "gettok, as allowed": measured(given, "ours", given.videos, given.allowed),
        "gettok, set to double": measured(given, "ours", given.videos, 2 * given.allowed),
        "gettok, a moving limit": measured(
            given, "ours", 3 * given.videos, 2 * given.allowed, 20 * given.latency_s
        ),
        "gettok, four times": measured(given, "ours", 4 * given.videos, given.allowed),
        "the paper's loop": measured(given, "paper", given.loop_videos, 1),
    }
    counts = (given.videos, given.videos, 3 * given.videos, 4 * given.videos, given.loop_videos)
    for (name, figures), videos in zip(runs.items(), counts, strict=True):
        show(name, videos, figures)
    within_limit, double, moving, four, paper = runs.values()
    print(
        json.dumps(
            {
                "allowed": given.allowed,
                "mean_in_flight": round(within_limit["mean_in_flight"], 2),
                "mean_in_flight_when_set_to_double": round(double["mean_in_flight"], 2),
                "share_of_allowed": round(within_limit["share_of_allowed"], 3),
                "share_of_allowed_four_times": round(four["share_of_allowed"], 3),
                "share_of_allowed_when_it_moves": round(moving["share_of_allowed"], 3),
                "speedup_over_loop": round(
                    (paper["busy_s"] / given.loop_videos) / (within_limit["busy_s"] / given.videos), 1
                ),
                "peak_mib": round(within_limit["peak_mib"]),
                "peak_mib_four_times": round(four["peak_mib"]),
                "described": [figures["ok"] for figures in runs.values()],
            }
        )
    )


if __name__ == "__main__":
    main()
