"""Collects the same videos by our stage, two foreign clients and a bare loop of requests; prints two tables.

The first table is on a sandbox without faults: the requests, time and peak memory of each candidate. The second shows
what each one loses when the API misbehaves as it often does. Waits take no real time: they advance the sandbox's clock.
Foreign clients run once; ours runs again on the next virtual day whenever it ends with the exit code for that.

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

from bench.candidates.collect.runner import (
    NO_QUOTA,
    ROOT,
    CandidateRun,
    call,
    run_candidate,
    running_sandbox,
)

NAMES = {
    "ours": "gettok",
    "tiktok_library": "tiktok_research_api_helper",
    "sdk": "TikTokResearchApi",
    "bare_loop": "bare loop of requests",
}
#: These run `--repeat` times, and their medians count.
REPEATED = ("ours", "bare_loop")
TROUBLED_PROFILES = ("realistic", "bad_day", "quota_edge")
NO_TROUBLE = {"p_500": 0.0, "warmup_requests": 0, "quota_used_by_others": 0, "daily_quota": NO_QUOTA}


def corpus_of(videos: int, seed: int, root: Path) -> Path:
    """A corpus of 31 days, so that it takes more than one search."""
    folder = root / f"corpus_{videos}"
    size = ["--videos", str(videos), "--seed", str(seed), "--start", "2022-11-20", "--days", "31"]
    subprocess.run([sys.executable, "-m", "sandbox.bulk", str(folder), *size], cwd=ROOT, check=True)
    return folder


def without_trouble(candidate: str, corpus: Path, root: Path, repetition: int = 0) -> CandidateRun:
    folder = root / f"{corpus.name}_{candidate}_{repetition}"
    with running_sandbox(corpus, "clean", {"daily_quota": NO_QUOTA}) as base:
        return run_candidate(candidate, base, folder, NO_QUOTA)


def medians(runs: Iterable[CandidateRun]) -> CandidateRun:
    all_runs = list(runs)
    return replace(
        all_runs[0],
        seconds=round(statistics.median(run.seconds for run in all_runs), 2),
        peak_mib=statistics.median(run.peak_mib for run in all_runs),
    )


def first_table(corpus: Path, root: Path, repeat: int) -> dict[str, CandidateRun]:
    runs_of: dict[str, list[CandidateRun]] = {candidate: [] for candidate in NAMES}
    for repetition in range(repeat):
        for candidate in NAMES if repetition == 0 else REPEATED:
            runs_of[candidate].append(without_trouble(candidate, corpus, root, repetition))
    return {candidate: medians(runs) for candidate, runs in runs_of.items()}


def second_table(videos: int, seed: int, root: Path) -> dict[str, dict[str, Any]]:
    """By profile: how many videos are available, and each candidate's run. Empty if `videos` is 0."""
    table: dict[str, dict[str, Any]] = {}
    if not videos:
        return table
    corpus = corpus_of(videos, seed, root / "troubled")
    for profile in TROUBLED_PROFILES:
        with running_sandbox(corpus, profile, NO_TROUBLE) as base:
            reference = run_candidate("bare_loop", base, root / profile / "available", NO_QUOTA)
        table[profile] = {"available": reference.collected}
        for candidate in NAMES:
            with running_sandbox(corpus, profile) as base:
                table[profile][candidate] = run_candidate(candidate, base, root / profile / candidate, 1000)
    return table


def outcome(run: CandidateRun, available: int) -> str:
    if run.ended == "returned":
        return "complete" if run.collected == available else "incomplete, not reported"
    return run.ended


def show(first: dict[str, CandidateRun], second: dict[str, dict[str, Any]], truth: dict[str, int]) -> None:
    print(f"{truth['videos']:,} videos, {truth['requests_needed']:,} pages")
    print(f"{'':28}{'requests':>9}{'rows':>9}{'seconds':>9}{'waits s':>9}{'peak MiB':>9}")
    for candidate, name in NAMES.items():
        run = first[candidate]
        figures = (
            f"{run.requests:9,}{run.collected:9,}{run.seconds:9.2f}{run.waited_s:9,.0f}{run.peak_mib:9.0f}"
        )
        print(f"{name:28}{figures}")
    for profile, runs in second.items():
        print(f"\n{profile}: {runs['available']:,} videos are available")
        print(f"{'':28}{'requests':>9}{'rows':>9}{'missing':>9}{'waits s':>9}{'runs':>6}  ended")
        for candidate, name in NAMES.items():
            run = runs[candidate]
            missing = 100 * (1 - run.collected / runs["available"])
            figures = f"{run.requests:9,}{run.collected:9,}{missing:8.1f}%{run.waited_s:9,.0f}{run.runs:6}"
            print(f"{name:28}{figures}  {outcome(run, runs['available'])}")


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
        truth = call("truth", str(corpus))
        first = first_table(corpus, root, given.repeat)
        tenth = without_trouble("ours", corpus_of(given.videos // 10, given.seed, root), root)
        second = second_table(given.troubled_videos, given.seed, root)
    show(first, second, truth)
    ours, loop = first["ours"], first["bare_loop"]
    figures = {
        "videos": truth["videos"],
        "requests": ours.requests,
        "requests_needed": truth["requests_needed"],
        "rows": ours.collected,
        "ratio_to_bare_loop": round(ours.seconds / loop.seconds, 2),
        "peak_mib": ours.peak_mib,
        "peak_mib_tenth": tenth.peak_mib,
        "candidates": {candidate: asdict(run) for candidate, run in first.items()},
        "troubled": {
            profile: {
                candidate: asdict(runs[candidate]) | {"available": runs["available"]} for candidate in NAMES
            }
            for profile, runs in second.items()
        },
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
