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


@pytest.fixture
def params() -> dict[str, Any]:
    """The composed settings of the demo, to be changed at will."""
    return deepcopy(_PARAMS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, so that no worker is left alone with them at the end.

    The finished run is made with the first file; what also starts from it comes after the stages, so that no other
    worker waits for it.
    """
    longest_first = ["test_finished_run.py", "stages", "whole"]
    items.sort(key=lambda item: [name not in item.path.parts for name in longest_first])
