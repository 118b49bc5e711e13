"""Stances of made-up videos asked in batches, at a sandbox, in this process or in one that is killed."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

from scripted_endpoint import llm

from gettok.engine import Engine, LocalEngine, Outcome
from gettok.llm import Calls
from gettok.llm.batch.client import BatchClient
from gettok.llm.batch.engine import BatchEngine
from gettok.llm.batch.log import BatchLog
from gettok.llm.batch.queue import BatchQueue
from gettok.llm.client import client_of
from gettok.llm.error_mapping import ErrorClassifier
from gettok.settings import Llm, StancePrompt, StanceTarget
from gettok.settings.secrets import Secret
from gettok.stance import StanceInputs, StanceStep
from gettok.step import Item

KEY = Secret("sandbox")
TARGET = StanceTarget(target="Castillo", labels=("support", "no support", "neutral"))
PROMPT = StancePrompt(name="test", text="Which stance towards {target}? {labels}", inputs=("transcript",))
SAID = ("Fuerza presidente Castillo", "Castillo golpista", "Hoy es lunes")


def asked_in_batches(**changes: Any) -> Llm:
    batch = {"requests": 50_000, "bytes": 200_000_000, "poll_s": 0.001} | changes.pop("batch", {})
    return llm(**{"model": "sandbox-vision", "batch": batch, "max_tokens": 800} | changes)


def items(count: int) -> list[Item[StanceInputs]]:
    """Videos of which each has something else to judge."""
    return [
        Item(str(n), "d", {}, StanceInputs(f"{SAID[n % 3]}, {n}", None, None, None, None))
        for n in range(count)
    ]


@contextmanager
def engine_for(settings: Llm, url: str, calls: Calls, told: list[str]) -> Iterator[Engine]:
    if settings.batch is None:
        yield LocalEngine()
        return
    with client_of(settings, url, KEY) as client:
        host = BatchClient(client, ErrorClassifier(settings, KEY), settings.tries, lambda _: None)
        desk = BatchQueue(settings, settings.batch, host, BatchLog(calls, settings.base_url), told.append)
        yield BatchEngine(settings, settings.batch, desk)


def asked(
    settings: Llm, url: str, folder: Path, wanted: Sequence[Item[StanceInputs]], told: list[str] | None = None
) -> dict[str, Outcome]:
    """The outcome of each video."""
    step = StanceStep(settings, PROMPT, TARGET, url, KEY, folder)
    with (
        Calls(folder, settings.budget_usd) as calls,
        engine_for(settings, url, calls, [] if told is None else told) as engine,
    ):
        return {item.video_id: outcome for item, outcome in engine.run(step, wanted, Event())}


def run_to_be_killed(url: str, folder: str, count: int) -> None:
    """All of it in a process of its own, whose temporary files go with its folder."""
    tempfile.tempdir = folder
    asked(asked_in_batches(), url, Path(folder), items(count))
