"""The bench of one more day: the day is cheaper than the study, and nothing is asked for it."""

import json
import subprocess
import sys

import pytest
from root import ROOT


@pytest.mark.slow
def test_one_more_day_is_compared_with_the_build_from_nothing():
    command = [sys.executable, "bench/scale.py", "--videos", "60", "--days", "6"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=800)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert (found["videos"], found["days"]) == (60, 6)
    assert 0 < found["new_day_ratio_to_build_cpu"] < 1
