"""The bench of the release and the report, at small sizes: it runs, and memory does not follow the number of videos."""

import json
import subprocess
import sys

import pytest
from root import ROOT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
]


def figures(folder, *arguments):
    command = [sys.executable, "bench/release.py", "--folder", str(folder), *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def test_release_and_report_are_compared_with_duckdb_and_with_another_checkout(tmp_path):
    found = figures(tmp_path, "--videos", "300", "--start", str(ROOT))
    assert found["videos"] == 300
    assert found["files_that_differ"] == []
    for name in ("release", "report"):
        assert found[f"{name}_memory_ratio_to_duckdb"] > 0
        assert found[f"{name}_memory_ratio_to_start"] == pytest.approx(1, abs=0.2)
    assert 0 < found["peak_rss_gib"] < 1
    assert found["check_cpu_ratio_to_sha256sum"] > 0


def test_four_times_the_videos_take_little_more_memory(tmp_path):
    small, large = (figures(tmp_path, "--videos", videos) for videos in ("12000", "48000"))
    assert large["release_peak_mib"] < 1.4 * small["release_peak_mib"]
    assert large["report_peak_mib"] < 1.4 * small["report_peak_mib"]
    assert large["check_peak_mib"] < 1.5 * small["check_peak_mib"]
