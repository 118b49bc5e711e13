"""The benches of the store, downloads, frames and descriptions, at a small size: each runs, with every candidate."""

import json
import subprocess
import sys

import pytest
from root import ROOT

from gettok.books import STAGES

pytestmark = pytest.mark.slow


def figures(bench, *arguments):
    command = [sys.executable, f"bench/{bench}.py", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=280)
    return json.loads(done.stdout.splitlines()[-1])


def test_the_store_is_compared_with_plain_files():
    found = figures("store", "--answers", "300")
    assert found["answers"] == 300
    assert found["write_ms"] > 0
    assert found["write_ratio_to_json_file"] == pytest.approx(
        found["write_ms"] / found["json_file_with_fsync_ms"], rel=0.1
    )


def test_start_up_is_compared_with_that_of_another_checkout():
    found = figures("startup", "--start", ".", "--repeat", "1")
    assert found["stages"] == len(STAGES)
    assert 0.5 < found["startup_ratio_to_start"] < 2, "of the same checkout"


def test_downloads_are_compared_with_pyktok():
    found = figures("download", "--videos", "3", "--megabytes", "1", "--latency-s", "0.02")
    assert found["same_bytes"] is True
    assert {name: run["files"] for name, run in found["candidates"].items()} == {
        "gettok": 3,
        "loop over pyktok": 3,
        "gettok, four times": 12,
    }
    assert found["peak_mib_four_times"] < 1.5 * found["peak_mib"] > 0


def test_frames_are_compared_with_every_other_library():
    found = figures("frames", "--repeat", "1", "--seconds", "12", "--videos", "2")
    assert found["speedup_over_paper_loop"] > 1, "and the bench fails if ours extracts a wrong frame"
    assert found["speedup_over_paper_loop_2s_gop"] > 1
    assert 0 < found["frames_ratio_to_floor"] < found["frames_ratio_to_floor_2s_gop"] * 10
    assert 0 < found["hdr_ratio_to_sdr"] < 10
    assert found["peak_mib_one_hour"] < 1.5 * found["peak_mib_one_minute"]


def test_descriptions_are_compared_with_the_paper_s_loop():
    found = figures(
        "describe", "--videos", "12", "--latency-s", "0.3", "--allowed", "4", "--loop-videos", "3"
    )
    assert found["described"] == [12, 12, 36, 48, 3], "every video in every candidate"
    assert 0 < found["share_of_allowed_when_it_moves"] <= 1
    assert found["peak_mib_four_times"] < 1.2 * found["peak_mib"]
    assert found["allowed"] == 4
    assert 1 < found["mean_in_flight"] <= 4
    assert found["speedup_over_loop"] > 1


def test_rebuilding_from_known_answers_is_compared_with_another_checkout():
    found = figures("known_answers", "--videos", "60", "--repeat", "1", "--start", str(ROOT))
    assert found["videos"] == 60
    for stage in ("transcribe", "describe", "compare"):
        assert found[f"{stage}_cpu_s"] > 0
        assert 0.4 < found[f"{stage}_cpu_ratio_to_start"] < 2.5, "of two equal checkouts"


def test_a_codebook_is_compared_with_a_run_for_each_of_its_variables():
    found = figures("codebook", "--videos", "8", "--latency-s", "0.2", "--allowed", "4")
    assert found["same_labels"] == found["same_labels_in_four_groups"] == 1
    assert 0 < found["cost_ratio"] < found["cost_ratio_in_four_groups"] < 1
    assert 0 < found["cached_share"] < 1
    assert 0 < found["mean_in_flight_ratio"] <= 1
    assert found["peak_mib_four_times"] < 1.2 * found["peak_mib"]
