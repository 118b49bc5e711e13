"""Collecting the same videos by our stage, by two foreign clients and by a bare loop of requests; prints two tables.

The first is on a sandbox without faults: requests, time and peak memory of each. The second shows what each one loses
where the API is as it often is. Nobody waits for real: a wait moves the sandbox's clock on. Foreign clients run once;
ours is run again on the next virtual day whenever it asks for that.

    python bench/collect.py [--videos 100000] [--seed 1] [--repeat 3] [--troubled-videos 2000]
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from bench.lanes.running import NO_QUOTA, ROOT, Ran, asked, ran, served

NAMES = {
    "ours": "gettok",
    "tiktok_library": "tiktok_research_api_helper",
    "sdk": "TikTokResearchApi",
    "bare_loop": "bare loop of requests",
}
SIDE_BY_SIDE = ("ours", "bare_loop")
TROUBLES = ("realistic", "bad_day", "quota_edge")
NO_TROUBLE = {"p_500": 0.0, "warmup_requests": 0, "quota_used_by_others": 0, "daily_quota": NO_QUOTA}


def corpus_of(videos: int, seed: int, root: Path) -> Path:
    """A corpus of 31 days, so that one search does not hold them all."""
    folder = root / f"corpus_{videos}"
    size = ["--videos", str(videos), "--seed", str(seed), "--start", "2022-11-20", "--days", "31"]
    subprocess.run([sys.executable, "-m", "sandbox.bulk", str(folder), *size], cwd=ROOT, check=True)
    return folder


def without_trouble(lane: str, corpus: Path, root: Path, turn: int = 0) -> Ran:
    folder = root / f"{corpus.name}_{lane}_{turn}"
    with served(corpus, "clean", {"daily_quota": NO_QUOTA}) as base:
        return ran(lane, base, folder, NO_QUOTA)


def medians(runs: Iterable[Ran]) -> Ran:
    every = list(runs)
    return replace(
        every[0],
        seconds=round(statistics.median(run.seconds for run in every), 2),
        peak_mib=statistics.median(run.peak_mib for run in every),
    )


def first_table(corpus: Path, root: Path, repeat: int) -> dict[str, Ran]:
    turns: dict[str, list[Ran]] = {lane: [] for lane in NAMES}
    for turn in range(repeat):
        for lane in NAMES if turn == 0 else SIDE_BY_SIDE:
            turns[lane].append(without_trouble(lane, corpus, root, turn))
    return {lane: medians(runs) for lane, runs in turns.items()}


def second_table(videos: int, seed: int, root: Path) -> dict[str, dict[str, Any]]:
    """By profile: the rows that are there to be had, and each lane. Without videos it is empty."""
    table: dict[str, dict[str, Any]] = {}
    if not videos:
        return table
    corpus = corpus_of(videos, seed, root / "troubled")
    for profile in TROUBLES:
        with served(corpus, profile, NO_TROUBLE) as base:
            there = ran("bare_loop", base, root / profile / "there", NO_QUOTA)
        table[profile] = {"there": there.kept}
        for lane in NAMES:
            with served(corpus, profile) as base:
                table[profile][lane] = ran(lane, base, root / profile / lane, 1000)
    return table


def outcome(run: Ran, there: int) -> str:
    if run.ended == "returned":
        return "complete" if run.kept == there else "as if complete"
    return run.ended


def show(first: dict[str, Ran], second: dict[str, dict[str, Any]], truth: dict[str, int]) -> None:
    print(f"{truth['videos']:,} videos, {truth['requests_needed']:,} pages")
    print(f"{'':28}{'requests':>9}{'rows':>9}{'seconds':>9}{'waits s':>9}{'peak MiB':>9}")
    for lane, name in NAMES.items():
        run = first[lane]
        figures = f"{run.requests:9,}{run.kept:9,}{run.seconds:9.2f}{run.waited_s:9,.0f}{run.peak_mib:9.0f}"
        print(f"{name:28}{figures}")
    for profile, runs in second.items():
        print(f"\n{profile}: {runs['there']:,} videos can be had")
        print(f"{'':28}{'requests':>9}{'rows':>9}{'missing':>9}{'waits s':>9}{'runs':>6}  ended")
        for lane, name in NAMES.items():
            run = runs[lane]
            missing = 100 * (1 - run.kept / runs["there"])
            figures = f"{run.requests:9,}{run.kept:9,}{missing:8.1f}%{run.waited_s:9,.0f}{run.runs:6}"
            print(f"{name:28}{figures}  {outcome(run, runs['there'])}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--videos", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--troubled-videos", type=int, default=2000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        corpus = corpus_of(given.videos, given.seed, root)
        truth = asked("truth", str(corpus))
        first = first_table(corpus, root, given.repeat)
        tenth = without_trouble("ours", corpus_of(given.videos // 10, given.seed, root), root)
        second = second_table(given.troubled_videos, given.seed, root)
    show(first, second, truth)
    ours, loop = first["ours"], first["bare_loop"]
    figures = {
        "videos": truth["videos"],
        "requests": ours.requests,
        "requests_needed": truth["requests_needed"],
        "rows": ours.kept,
        "ratio_to_bare_loop": round(ours.seconds / loop.seconds, 2),
        "peak_mib": ours.peak_mib,
        "peak_mib_tenth": tenth.peak_mib,
        "lanes": {lane: asdict(run) for lane, run in first.items()},
        "troubled": {
            profile: {lane: asdict(runs[lane]) | {"there": runs["there"]} for lane in NAMES}
            for profile, runs in second.items()
        },
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
