"""Things that many tests need: this repository's settings as plain data."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent
_PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text("utf-8"))


@pytest.fixture
def params() -> dict[str, Any]:
    """The composed settings of the demo, to be changed at will."""
    return deepcopy(_PARAMS)
