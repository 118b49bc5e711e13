"""The bench of the checks of bytes: it removes those that there are, and measures what they cost."""

import json
import subprocess
import sys
from importlib import import_module
from operator import attrgetter

import pytest
from root import ROOT

from bench.candidates.checking.checks import CHECKS


@pytest.mark.parametrize(("module", "name"), CHECKS)
def test_a_check_that_the_bench_removes_is_there(module, name):
    assert callable(attrgetter(name)(import_module(module)))


@pytest.mark.slow
def test_a_run_with_checks_is_paired_with_one_without():
    command = [sys.executable, "bench/checking.py", "--videos", "20", "--repeat", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=800)
    *_, last = done.stdout.splitlines()
    found = json.loads(last)
    parts = {line.split()[0] for line in done.stdout.splitlines()}
    assert {"whole", "code", "download", "report", "DVC", "_refuse_changed", "StoredRow._matches"} <= parts
    assert found["videos"] == 20
    assert 0 < found["cpu_s_in_checks"] < found["cpu_s"]
    assert 1 < found["ratio_by_cpu_in_checks"] < 2
