"""The bench of the engines, at a small size: on one node and on two, each step gives what it gives without Ray."""

import importlib.util
import json
import subprocess
import sys

import pytest
from root import ROOT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="needs the extra: `make setup-ray`"),
]


def test_two_nodes_are_compared_with_one_and_with_none():
    small = [
        "--rounds",
        "1",
        "--films",
        "1",
        "--seconds",
        "5",
        "--clips",
        "4",
        "--repeat",
        "2",
        "--cores",
        "0,0",
    ]
    command = [sys.executable, "bench/engine.py", *small]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    assert (found["model"], found["rounds"]) == ("demo", 1)
    for step in ("frames", "transcribe"):
        assert 0 < found[f"{step}_speedup"] < 5
        assert 0 < found[f"{step}_speedup_of_middle"] < 50
        assert 0.2 < found[f"{step}_speedup_by_cpu"] < 5
