"""Threads or processes of this machine."""

import multiprocessing
import os
import signal
from collections.abc import Iterable, Iterator
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
from typing import Any

from gettok.engine.protocol import Outcome
from gettok.errors import GettokError
from gettok.step import Item, Step, Workers
from gettok.store.disk_space import full_disk_as_no_space


@dataclass(frozen=True)
class LocalEngine:
    """Threads or processes of this machine, as many as the settings say, or else as the step prefers."""

    workers: int | None = None

    def run(
        self, step: Step[Any], items: Iterable[Item[Any]], stop: Event
    ) -> Iterator[tuple[Item[Any], Outcome]]:
        count = self.workers or step.workers.count
        waiting = iter(items)
        bug: BaseException | None = None
        with _pool(step, Workers(step.workers.kind, count)) as pool:
            in_flight: dict[Future[Outcome], Item[Any]] = {}
            while True:
                is_ending = stop.is_set() or bug is not None
                if is_ending:
                    in_flight = {future: item for future, item in in_flight.items() if not future.cancel()}
                # few in flight: what is not handed back yet takes memory, and is lost if the run is killed
                free = 0 if is_ending else 2 * count - len(in_flight)
                for item in islice(waiting, max(0, free)):
                    in_flight[pool.submit(_ask, step, item)] = item
                if not in_flight:
                    break
                done, _ = wait(in_flight, timeout=0.5, return_when=FIRST_COMPLETED)
                for future in done:
                    item, error = in_flight.pop(future), future.exception()
                    if error is None:
                        yield item, future.result()
                    else:
                        bug = bug or error
        if bug is not None:
            raise bug


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
    return outcome_of(_opened or step, item.content)


def outcome_of(step: Step[Any], content: Any) -> Outcome:
    """Ask one question. Raises only what is a bug."""
    try:
        with full_disk_as_no_space():
            return step.ask(content)
    except GettokError as error:
        return error
