"""The bench of `tabulate`, at a small size: it runs, and no candidate loses a video."""

import json
import subprocess
import sys

import pytest
from root import ROOT


@pytest.mark.slow
def test_ours_is_compared_with_a_plain_script():
    command = [sys.executable, "bench/tabulate.py", "--rows", "2000", "--rows", "60000"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=280)
    found = json.loads(done.stdout.splitlines()[-1])
    assert (found["rows_small"], found["rows_large"]) == (2000, 60000)
    assert found["peak_mib_large"] < 2048
    ours, plain = (
        found[f"{prefix}peak_mib_large"] - found[f"{prefix}peak_mib_small"] for prefix in ("", "plain_")
    )
    assert ours < plain, "more rows take less more memory than where all of them are held"
