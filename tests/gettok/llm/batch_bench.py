"""Detects stances of made-up videos in batches at a sandbox, in this process or in one that is killed."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

from scripted_endpoint import llm

from gettok.engine import Engine, LocalEngine, Outcome
from gettok.llm import CallLog
from gettok.llm.batch.client import BatchClient
from gettok.llm.batch.engine import BatchEngine
from gettok.llm.batch.log import BatchLog
from gettok.llm.batch.queue import BatchQueue
from gettok.llm.connection import connect
from gettok.llm.error_mapping import ErrorClassifier
from gettok.settings import Llm, StancePrompt, StanceTarget
from gettok.settings.secrets import Secret
from gettok.stance.step import StanceInputs, StanceStep
from gettok.step import Item

KEY = Secret("sandbox")
TARGET = StanceTarget(target="Castillo", labels=("support", "no support", "neutral"))
PROMPT = StancePrompt(name="test", text="Which stance towards {target}? {labels}", inputs=("transcript",))
TEXTS = ("Fuerza presidente Castillo", "Castillo golpista", "Hoy es lunes")


def asked_in_batches(**changes: Any) -> Llm:
    batch = {"requests": 50_000, "bytes": 200_000_000, "poll_s": 0.001} | changes.pop("batch", {})
    return llm(**{"model": "sandbox-vision", "batch": batch, "max_tokens": 800} | changes)


def items(count: int) -> list[Item[StanceInputs]]:
    """Videos with different texts."""
    return [
        Item(str(n), "d", {}, StanceInputs(f"{TEXTS[n % 3]}, {n}", None, None, None, None))
        for n in range(count)
    ]


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
    wanted: Sequence[Item[StanceInputs]],
    messages: list[str] | None = None,
) -> dict[str, Outcome]:
    """The outcome of each video."""
    step = StanceStep(settings, PROMPT, TARGET, url, KEY, folder)
    with (
        CallLog(folder, settings.budget_usd) as call_log,
        engine_for(settings, url, call_log, [] if messages is None else messages) as engine,
    ):
        return {item.video_id: outcome for item, outcome in engine.run(step, wanted, Event())}


def run_to_be_killed(url: str, folder: str, count: int) -> None:
    """A whole run in a process of its own, with its temporary files in its folder."""
    tempfile.tempdir = folder
    asked(asked_in_batches(), url, Path(folder), items(count))
