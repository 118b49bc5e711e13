"""Describing the same videos by our stage and by the paper's loop, at an endpoint that takes a second; prints a table.

The endpoint grants so many questions at once and refuses more with 429. Ours is set to ask twice as many, and has to
find out. Four times as many videos show that memory does not grow with them. The paper's loop, one video after the
other, is timed on fewer videos and compared by the time for each. Each lane runs in a process of its own.

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
def endpoint(latency_s: float, allowed: int) -> Iterator[str]:
    """The address of an endpoint of this run's own."""
    module = [sys.executable, "-m", "bench.model_lanes.endpoint"]
    options = ["--latency-s", str(latency_s), "--allowed", str(allowed)]
    with subprocess.Popen(
        [*module, *options], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()


def lane(name: str, folder: Path, address: str, videos: int, at_once: int) -> dict[str, Any]:
    environment = os.environ | {
        "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}",
        "GETTOK_BENCH_KEY": "none",
        "PYTHONWARNINGS": "ignore",
    }
    done = subprocess.run(
        [sys.executable, "-m", "bench.model_lanes", name, address, str(videos), str(at_once)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{name} ended with {done.returncode}:\n{done.stderr[-4000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def measured(given: argparse.Namespace, name: str, videos: int, at_once: int) -> dict[str, Any]:
    """A lane at an endpoint of its own, and what that has counted."""
    with tempfile.TemporaryDirectory() as folder, endpoint(given.latency_s, given.allowed) as address:
        lane("prepare", Path(folder), address, videos, at_once)
        found = lane(name, Path(folder), address, videos, at_once)
        with urllib.request.urlopen(f"{address}/counted") as answer:
            counted: dict[str, Any] = json.loads(answer.read())
        return found | counted


def show(name: str, videos: int, found: dict[str, Any]) -> None:
    told = (
        f"{found['busy_s']:9.1f}{found['mean_in_flight']:11.1f}{found['refused']:9}{found['peak_mib']:10.0f}"
    )
    print(f"{name:24}{videos:7}{told}", flush=True)


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
        "gettok, as granted": measured(given, "ours", given.videos, given.allowed),
        "gettok, asks for double": measured(given, "ours", given.videos, 2 * given.allowed),
        "gettok, four times": measured(given, "ours", 4 * given.videos, given.allowed),
        "the paper's loop": measured(given, "paper", given.loop_videos, 1),
    }
    counts = (given.videos, given.videos, 4 * given.videos, given.loop_videos)
    for (name, found), videos in zip(runs.items(), counts, strict=True):
        show(name, videos, found)
    granted, double, four, paper = runs.values()
    print(
        json.dumps(
            {
                "allowed": given.allowed,
                "mean_in_flight": round(granted["mean_in_flight"], 2),
                "mean_in_flight_when_asking_for_double": round(double["mean_in_flight"], 2),
                "speedup_over_loop": round(
                    (paper["busy_s"] / given.loop_videos) / (granted["busy_s"] / given.videos), 1
                ),
                "peak_mib": round(granted["peak_mib"]),
                "peak_mib_four_times": round(four["peak_mib"]),
                "described": [found["ok"] for found in runs.values()],
            }
        )
    )


if __name__ == "__main__":
    main()
