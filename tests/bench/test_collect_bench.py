"""The bench of `collect`, at a small size: it runs, and its figures are right."""

import json
import subprocess
import sys

import pytest
from root import ROOT

VIDEOS = 310
"""Ten a day: three full pages in the first thirty days, and a page of ten."""
CANDIDATES = {"ours", "tiktok_library", "sdk", "bare_loop"}


def figures(*arguments):
    command = [sys.executable, "bench/collect.py", "--repeat", "1", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=800)
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_ours_requests_exactly_the_pages_that_exist_and_is_compared_with_a_bare_loop():
    found = figures("--videos", str(VIDEOS), "--troubled-videos", "0")
    assert found["requests"] == found["requests_needed"] == found["candidates"]["bare_loop"]["requests"] == 4
    assert {candidate: run["collected"] for candidate, run in found["candidates"].items()} == dict.fromkeys(
        CANDIDATES, VIDEOS
    )


@pytest.mark.slow
def test_ten_times_the_videos_take_hardly_more_memory_and_no_request_too_many():
    found = figures("--videos", "20000", "--troubled-videos", "0")
    assert found["requests"] == found["requests_needed"] > 200
    assert 0 < found["peak_mib"] < found["peak_mib_tenth"] + 100, (
        "holding 18,000 more videos in memory would take more"
    )


@pytest.mark.slow
def test_under_trouble_ours_is_complete_while_others_lose_videos_silently():
    troubled = figures("--videos", str(VIDEOS), "--troubled-videos", "1100")["troubled"]
    assert set(troubled) == {"realistic", "bad_day", "quota_edge"}
    for profile, runs in troubled.items():
        assert set(runs) == CANDIDATES
        ours = runs["ours"]
        assert (ours["collected"], ours["ended"]) == (ours["available"], "returned"), profile
        assert ours["collected"] > 0
    looks_complete = [
        run for runs in troubled.values() for run in runs.values() if run["ended"] == "returned"
    ]
    assert any(run["collected"] < run["available"] for run in looks_complete)
