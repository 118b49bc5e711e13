"""Threads or processes of this machine."""

import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    wait,
)
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import islice
from math import inf
from threading import Event
from typing import Any, TypeVar

from gettok.engine.cores import cores
from gettok.engine.in_order import after_a_while, refuse_if
from gettok.engine.protocol import Outcome
from gettok.errors import GettokError, Stop
from gettok.step import Item, Step, Workers
from gettok.store.disk_space import full_disk_as_no_space

A = TypeVar("A")
R = TypeVar("R")
T = TypeVar("T")

#: How often a signal is looked for while workers are busy.
_LOOK_S = 0.5
#: Shorter work is done without processes: each takes a second to start, and what they give back takes time as well.
_ALONE_S = 5.0
#: The process that takes the results would not keep up with more.
_MAX_PROCESSES = 4


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
                    _cancel_waiting(pool, wait=False)
                    in_flight = {future: item for future, item in in_flight.items() if not future.cancelled()}
                # few in flight: what is not handed back yet takes memory, and is lost if the run is killed
                free = 0 if is_ending else 2 * count - len(in_flight)
                for item in islice(waiting, max(0, free)):
                    in_flight[pool.submit(_ask, step, item)] = item
                if not in_flight:
                    break
                done, _ = wait(in_flight, timeout=_LOOK_S, return_when=FIRST_COMPLETED)
                for future in done:
                    item, error = in_flight.pop(future), future.exception()
                    if error is None:
                        yield item, future.result()
                    else:
                        bug = bug or error
        if bug is not None:
            raise bug

    def map(self, function: Callable[[A], R], arguments: Iterable[A], stop: Event) -> Iterator[R]:
        alone_s = _ALONE_S if self._processes > 1 else inf
        return after_a_while(alone_s, self._map, function, arguments, stop)

    @property
    def _processes(self) -> int:
        return min(self.workers or _MAX_PROCESSES, cores())

    def _map(self, function: Callable[[A], R], arguments: Iterable[A], stop: Event) -> Iterator[R]:
        count = self._processes
        waiting: deque[Future[R]] = deque()
        try:
            with _processes(count, _prepare, function) as pool:
                try:
                    for argument in arguments:
                        waiting.append(pool.submit(_call, argument))
                        if len(waiting) > 2 * count:
                            yield _result(waiting.popleft(), stop)
                    while waiting:
                        yield _result(waiting.popleft(), stop)
                finally:
                    _cancel_waiting(pool, wait=True)
        except BrokenProcessPool as error:
            raise Stop(
                "a process that makes tables ended before its work was done",
                "stopped; nothing was written, and every answer is kept",
                "look whether the machine has enough memory, or lower engine.workers, and run the same command again",
            ) from error


def _pool(step: Step[Any], workers: Workers) -> Executor:
    if workers.kind == "threads":
        step.open()
        return ThreadPoolExecutor(workers.count)
    return _processes(min(workers.count, cores()), _open, step)


def _cancel_waiting(pool: Executor, *, wait: bool) -> None:
    """Cancel what no worker has begun, at once or soon; `wait` for the rest.

    Where each future of a pool of processes is cancelled by itself, the pool may never end (Python 3.11.2).
    """
    pool.shutdown(wait=wait, cancel_futures=True)


def _processes(count: int, prepare: Callable[[T], None], given: T) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), prepare, (given,))


_opened: Step[Any] | None = None


def _open(step: Step[Any]) -> None:
    global _opened  # noqa: PLW0603 - a worker process has one step, with its model
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole process group; the driver decides
    step.open()
    _opened = step


def _ask(step: Step[Any], item: Item[Any]) -> Outcome:
    return outcome_of(_opened or step, item.content)


_function: Callable[[Any], Any] | None = None


def _prepare(function: Callable[[Any], Any]) -> None:
    global _function  # noqa: PLW0603 - sent once to each worker process, since it may hold much
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _function = function


def _call(argument: Any) -> Any:
    assert _function is not None, "it was sent before its first argument"
    return _function(argument)


def _result(future: Future[R], stop: Event) -> R:
    while not future.done():
        refuse_if(stop)
        wait([future], timeout=_LOOK_S)
    return future.result()


def outcome_of(step: Step[Any], content: Any) -> Outcome:
    """Ask one question. Raises only what is a bug."""
    try:
        with full_disk_as_no_space():
            return step.ask(content)
    except GettokError as error:
        return error
