"""The step that describes videos."""

from pathlib import Path

from gettok.describe.step import DescribeStep
from gettok.llm import CLOCK, Clock
from gettok.settings import Settings
from gettok.settings.secrets import Secret


def step_of(settings: Settings, address: str, key: Secret, store: Path, clock: Clock = CLOCK) -> DescribeStep:
    """The step that describes videos, with these settings."""
    return DescribeStep(settings.llm, settings.prompts.describe, address, key, store, clock)
