"""Engines: they spread a step over workers and hand back each outcome as soon as it exists.

An engine does not know the store. Only its caller writes answers, so an engine on many machines needs no shared disk,
and losing a worker costs only what was not handed back yet.
"""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import (
    FIRST_COMPLETED,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    wait,
)
from dataclasses import dataclass
from itertools import islice
from threading import Event
from types import MappingProxyType
from typing import Any, Protocol

from gettok.errors import GettokError
from gettok.step import Answer, Item, Step, Workers

#: What became of one question: an answer, or the reason why there is none.
Outcome = Answer | GettokError


class Engine(Protocol):
    """Runs a step's questions concurrently."""

    def run(
        self, step: Step[Any], items: Iterable[Item[Any]], stop: Event
    ) -> Iterator[tuple[Item[Any], Outcome]]:
        """Each item with its outcome, as they finish.

        Once `stop` is set, no new question is asked and those in flight are finished. An error that is not a
        `GettokError` is a bug, and is raised.
        """
        ...


@dataclass(frozen=True)
class LocalEngine:
    """Threads or processes of this machine, as many as the settings say, or else as the step prefers."""

    workers: int | None = None

    def run(
        self, step: Step[Any], items: Iterable[Item[Any]], stop: Event
    ) -> Iterator[tuple[Item[Any], Outcome]]:
        count = self.workers or step.workers.count
        waiting = iter(items)
        with _pool(step, Workers(step.workers.kind, count)) as pool:
            in_flight: dict[Future[Outcome], Item[Any]] = {}
            while True:
                if stop.is_set():
                    in_flight = {future: item for future, item in in_flight.items() if not future.cancel()}
                # few in flight: what is not handed back yet takes memory, and is lost if the run is killed
                free = 0 if stop.is_set() else 2 * count - len(in_flight)
                for item in islice(waiting, max(0, free)):
                    in_flight[pool.submit(_ask, step, item)] = item
                if not in_flight:
                    return
                done, _ = wait(in_flight, timeout=0.5, return_when=FIRST_COMPLETED)
                for future in done:
                    yield in_flight.pop(future), future.result()


#: Each engine by its name in the settings.
ENGINES: Mapping[str, Callable[[int | None], Engine]] = MappingProxyType({"local": LocalEngine})


def _pool(step: Step[Any], workers: Workers) -> Executor:
    if workers.kind == "threads":
        step.open()
        return ThreadPoolExecutor(workers.count)
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(min(workers.count, os.cpu_count() or 1), context, _open, (step,))


_opened: Step[Any] | None = None


def _open(step: Step[Any]) -> None:
    global _opened  # noqa: PLW0603 - a worker process has one step, with its model
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole process group; the driver decides
    step.open()
    _opened = step


def _ask(step: Step[Any], item: Item[Any]) -> Outcome:
    try:
        return (_opened or step).ask(item.content)
    except GettokError as error:
        return error
