"""The sandbox of a stage starts when it is first asked something, and ends with the stage."""

import shutil
import sys

import psutil
import pytest
import requests

from gettok.errors import Stop
from gettok.pipeline.embedded_sandbox import embedded_sandbox


def sandboxes():
    """The processes of this one that are a sandbox."""
    return [child for child in psutil.Process().children() if "sandbox" in child.cmdline()]


def test_no_sandbox_starts_where_nothing_is_asked():
    with embedded_sandbox() as base:
        assert base.startswith("http://127.0.0.1:")
        assert sandboxes() == []


def test_the_first_request_starts_the_sandbox_and_is_answered():
    with embedded_sandbox() as base:
        for _ in range(2):
            answer = requests.get(
                f"{base}/v1/models", headers={"Authorization": "Bearer sandbox"}, timeout=60
            )
            assert answer.ok
        (process,) = sandboxes()
    assert not process.is_running()
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{base}/v1/models", timeout=1)


def test_a_sandbox_that_cannot_start_stops_the_stage(monkeypatch):
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    with pytest.raises(Stop, match="the sandbox did not start"), embedded_sandbox() as base:
        requests.get(f"{base}/v1/models", timeout=60)
