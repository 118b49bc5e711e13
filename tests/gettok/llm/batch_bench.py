"""Annotates made-up videos in batches at a sandbox, in this process or in one that is killed."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

from codebook_steps import item, stance
from scripted_endpoint import llm

from gettok.annotate.inputs import AnnotationInputs
from gettok.annotate.step import AnnotateStep
from gettok.engine import Engine, LocalEngine, Outcome
from gettok.llm import CallLog
from gettok.llm.batch.client import BatchClient
from gettok.llm.batch.engine import BatchEngine
from gettok.llm.batch.log import BatchLog
from gettok.llm.batch.queue import BatchQueue
from gettok.llm.connection import connect
from gettok.llm.error_mapping import ErrorClassifier
from gettok.settings import Llm
from gettok.settings.secrets import Secret
from gettok.step import Item

KEY = Secret("sandbox")
GROUP = stance("Which stance towards {target}? {labels}", "Castillo", inputs=["transcript"])
TEXTS = ("Fuerza presidente Castillo", "Castillo golpista", "Hoy es lunes")


class Messages(list[str]):
    """Messages of a run; at one of them something happens."""

    def __init__(self, at: int, action: Callable[[], object]) -> None:
        super().__init__()
        self._at, self._action = at, action

    def append(self, line: str) -> None:
        super().append(line)
        if len(self) == self._at:
            self._action()


def asked_in_batches(**changes: Any) -> Llm:
    batch = {"requests": 50_000, "bytes": 200_000_000, "poll_s": 0.001} | changes.pop("batch", {})
    return llm(**{"model": "sandbox-vision", "batch": batch, "max_tokens": 800} | changes)


def items(count: int) -> list[Item[AnnotationInputs]]:
    """Videos with different texts."""
    return [item(number, f"{TEXTS[number % 3]}, {number}") for number in range(count)]


def step_of(settings: Llm, url: str, folder: Path) -> AnnotateStep:
    return AnnotateStep(settings, GROUP, 1, 1, url, KEY, folder)


@contextmanager
def engine_for(settings: Llm, url: str, call_log: CallLog, messages: list[str]) -> Iterator[Engine]:
    if settings.batch is None:
        yield LocalEngine()
        return
    with connect(settings, url, KEY) as connection:
        client = BatchClient(
            connection, ErrorClassifier(settings, KEY), settings.max_attempts, lambda _: None
        )
        log = BatchLog(call_log, settings.base_url)
        queue = BatchQueue(settings, settings.batch, client, log, messages.append)
        yield BatchEngine(settings, settings.batch, queue)


def asked(
    settings: Llm,
    url: str,
    folder: Path,
    wanted: Sequence[Item[AnnotationInputs]],
    messages: list[str] | None = None,
) -> dict[str, Outcome]:
    """The outcome of each video."""
    step = step_of(settings, url, folder)
    with (
        CallLog(folder, settings.budget_usd) as call_log,
        engine_for(settings, url, call_log, [] if messages is None else messages) as engine,
    ):
        return {item.video_id: outcome for item, outcome in engine.run(step, wanted, Event())}


def run_to_be_killed(url: str, folder: str, count: int) -> None:
    """A whole run in a process of its own, with its temporary files in its folder."""
    tempfile.tempdir = folder
    asked(asked_in_batches(), url, Path(folder), items(count))
