"""The stage `collect`, with its answer store and its outputs, run as `dvc repro` runs it."""

import os
from copy import deepcopy
from pathlib import Path
from threading import Event
from typing import cast

import yaml

from bench.candidates.collect.task import KEYWORD, Task, Waits
from gettok.engine import LocalEngine
from gettok.pipeline.runner import Stage
from gettok.settings import Settings, check, select
from gettok.store import Store
from stages.collect import PARAMS, run

DEMO = Path(__file__).parents[3] / "params.yaml"


class NeverSet:
    """An event that is never set; a wait on it advances the sandbox's clock instead."""

    def __init__(self, waits: Waits) -> None:
        self._waits = waits

    def is_set(self) -> bool:
        return False

    def wait(self, timeout: float | None = None) -> bool:
        self._waits(timeout or 0.0)
        return False


def collect(task: Task, waits: Waits) -> None:
    os.chdir(task.folder)
    os.environ["GETTOK_SANDBOX"] = task.base
    with Store(task.folder / "store") as store:
        stop = cast("Event", NeverSet(waits))
        run(Stage("collect", select(settings(task), PARAMS), store, LocalEngine(1), stop))


def settings(task: Task) -> Settings:
    """The demo's settings, with the task's query."""
    raw = deepcopy(yaml.safe_load(DEMO.read_text("utf-8")))
    raw["study"] |= {"start": str(task.start), "end": str(task.end), "events": []}
    raw["study"]["query"] = {"any": {"keywords": [KEYWORD]}, "all": {}, "none": {}, "raw": None}
    raw["collect"] |= {"requests_per_day": task.requests_per_day}
    return check(raw, str(DEMO))
