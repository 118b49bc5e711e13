"""Things that many tests need: this repository's settings as plain data."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import yaml

# the same examples every time: a test that fails now and then is a bug of its own
hypothesis.settings.register_profile("fixed", derandomize=True, deadline=None)
hypothesis.settings.load_profile("fixed")

ROOT = Path(__file__).parent.parent
_PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text("utf-8"))


@pytest.hookimpl(tryfirst=True)  # before the groups are read
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A file of tests keeps to one process, and those of the whole pipeline, which share a run, to one as well.

    What takes longest begins, so that no process is left with a long file at the end.
    """
    items.sort(key=lambda item: ("whole" not in item.path.parts, "stages" not in item.path.parts))
    for item in items:
        item.add_marker(pytest.mark.xdist_group("whole" if "whole" in item.path.parts else str(item.path)))


@pytest.fixture
def params() -> dict[str, Any]:
    """The composed settings of the demo, to be changed at will."""
    return deepcopy(_PARAMS)
