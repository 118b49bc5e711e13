"""The bench of collecting, small: it runs to its end, and what it finds is so."""

import json
import subprocess
import sys

import pytest
from root import ROOT

VIDEOS = 310
"""Ten a day: three full pages in the first thirty days, and one of ten."""
LANES = {"ours", "tiktok_library", "sdk", "bare_loop"}


def figures(*arguments):
    command = [sys.executable, "bench/collect.py", "--repeat", "1", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=800)
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_ours_asks_for_as_many_pages_as_there_are_and_is_set_beside_a_bare_loop():
    found = figures("--videos", str(VIDEOS), "--troubled-videos", "0")
    assert found["requests"] == found["requests_needed"] == found["lanes"]["bare_loop"]["requests"] == 4
    assert {lane: run["kept"] for lane, run in found["lanes"].items()} == dict.fromkeys(LANES, VIDEOS)


@pytest.mark.slow
def test_ten_times_the_videos_take_hardly_more_memory_and_no_request_too_many():
    found = figures("--videos", "20000", "--troubled-videos", "0")
    assert found["requests"] == found["requests_needed"] > 200
    assert 0 < found["peak_mib"] < found["peak_mib_tenth"] + 100, (
        "18,000 videos are more, if they are all held"
    )


@pytest.mark.slow
def test_under_trouble_ours_is_whole_or_says_that_it_is_not_and_others_do_neither():
    troubled = figures("--videos", str(VIDEOS), "--troubled-videos", "1100")["troubled"]
    assert set(troubled) == {"realistic", "bad_day", "quota_edge"}
    for profile, runs in troubled.items():
        assert set(runs) == LANES
        ours = runs["ours"]
        assert (ours["kept"], ours["ended"]) == (ours["there"], "returned"), profile
        assert ours["kept"] > 0
    looks_whole = [run for runs in troubled.values() for run in runs.values() if run["ended"] == "returned"]
    assert any(run["kept"] < run["there"] for run in looks_whole)
