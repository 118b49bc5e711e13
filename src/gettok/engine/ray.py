"""Workers on the machines of a Ray cluster. The driver hands out the questions, and it alone stores the answers."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from threading import Event
from typing import Any, TypeVar

from gettok.engine.in_order import Call, InOrder, after_a_while
from gettok.engine.local import LocalEngine
from gettok.engine.look_ahead import LongestFirst
from gettok.engine.packing import WorkerBugError, unpack
from gettok.engine.protocol import ComputeEngine, EngineOptions, Outcome
from gettok.engine.ray_cluster import HeadLost, connect, refuse_without_extra
from gettok.engine.ray_pool import Loss, RayPool, Task, WorkerReply
from gettok.engine.ray_worker import SentStep, plain
from gettok.errors import GettokError, Stop, Unusable
from gettok.step import Answer, Item, Sendable, SentContent, Step

A = TypeVar("A")
R = TypeVar("R")

#: A video of which so many workers die has a reason instead of an answer.
_MAX_DEATHS = 3
#: Of so many items the longest comes first.
_AHEAD = 64
_WAIT_S = 0.5
#: A cluster and its workers take about as long to start.
_ALONE_S = 10.0


def ray_engine(options: EngineOptions) -> ComputeEngine:
    """The engine. Raises `BadSettings` if Ray is not installed."""
    refuse_without_extra()
    return RayEngine(options)


@dataclass(frozen=True)
class RayEngine:
    """Actors on a Ray cluster, each with the step opened once.

    A step whose workers share a limit runs in threads here, beside the store that the limit is counted in.
    """

    options: EngineOptions

    def run(
        self, step: Step[Any], items: Iterable[Item[Any]], stop: Event
    ) -> Iterator[tuple[Item[Any], Outcome]]:
        if step.workers.share_a_limit:
            yield from LocalEngine().run(step, items, stop)
            return
        yield from self._run(step, LongestFirst(items, _AHEAD), stop)

    def map(self, function: Callable[[A], R], arguments: Iterable[A], stop: Event) -> Iterator[R]:
        return after_a_while(_ALONE_S, self._map, function, arguments, stop)

    def _map(self, function: Callable[[A], R], arguments: Iterable[A], stop: Event) -> Iterator[R]:
        ordered = InOrder(arguments)
        for item, outcome in self._run(Call(function), ordered, stop):
            for each in ordered.results(item, outcome):
                if not isinstance(each, Answer):
                    raise _too_large(each) if isinstance(each, Unusable) else each
                yield each.body["result"]
        ordered.refuse_missing()

    def _run(
        self, step: Step[Any], items: LongestFirst | InOrder, stop: Event
    ) -> Iterator[tuple[Item[Any], Outcome]]:
        ray = connect(self.options)
        folder = str(Path.cwd()) if self.options.media == "path" else None
        cores = None if self.options.gpus else max(1, ceil(self.options.cpus))
        sent = SentStep(ray.cloudpickle.dumps(step), plain(step.settings), folder, cores)
        with closing(RayPool(ray, self.options, step.workers, sent)) as pool:
            yield from _Run(pool, self.options, items, stop)


class _Run:
    """The questions of one step. An iterator over each item with its outcome."""

    def __init__(
        self, pool: RayPool, options: EngineOptions, items: LongestFirst | InOrder, stop: Event
    ) -> None:
        self._pool, self._options, self._items, self._stop = pool, options, items, stop
        #: To be asked again, since their worker was lost.
        self._again: list[Task] = []
        #: Read, and too large for what is in flight now.
        self._waiting: tuple[Task, Any] | None = None
        self._bug: BaseException | None = None

    def __iter__(self) -> Iterator[tuple[Item[Any], Outcome]]:
        while not self._is_done():
            try:
                if not self._is_ending:
                    yield from self._hand_out()
                yield from self._come_back()
            except HeadLost:
                self._pool.abandon()
                raise
            except Exception as error:  # noqa: BLE001 - raised once what is in flight has come back
                self._bug = self._bug or error
        if self._bug is not None:
            raise self._bug

    @property
    def _is_ending(self) -> bool:
        return self._stop.is_set() or self._bug is not None

    def _is_done(self) -> bool:
        return not self._pool.in_flight and (self._is_ending or not self._left())

    def _left(self) -> int:
        return self._items.known() + len(self._again) + (self._waiting is not None)

    def _hand_out(self) -> Iterator[tuple[Item[Any], Outcome]]:
        """Give free workers something to do. What cannot be read comes back at once."""
        if left := self._left():
            self._pool.start(left + self._pool.in_flight)
        self._give_again()
        while not self._again and self._pool.has_free() and not self._stop.is_set():
            ready = self._waiting or self._next()
            if ready is None:
                break
            task, content = ready
            if isinstance(content, GettokError):
                yield task.item, content
            elif self._fits(task):
                self._waiting = None
                self._pool.give(task, content)
            else:
                self._waiting = ready
                break

    def _give_again(self) -> None:
        """One that a worker may have died of goes to a worker with nothing else, so that it takes no other along."""
        while self._again and self._pool.has_free(idle=self._again[-1].deaths > 0):
            task, content = self._read(self._again.pop())
            if isinstance(content, GettokError):  # it could be read before
                raise content
            self._pool.give(task, content)

    def _next(self) -> tuple[Task, Any] | None:
        item = self._items.pop()
        return None if item is None else self._read(Task(item))

    def _read(self, task: Task) -> tuple[Task, Any]:
        """The task with what is sent for it; an error in its place if that cannot be read."""
        content = task.item.content
        if self._options.media == "bytes" and isinstance(content, Sendable):
            try:
                content = content.send()
            except GettokError as error:
                return task, error
        return task._replace(
            bytes_sent=content.bytes_sent if isinstance(content, SentContent) else 0
        ), content

    def _fits(self, task: Task) -> bool:
        """Whether it may be sent now; one that is larger than the limit goes alone."""
        in_flight = self._pool.bytes_in_flight
        return not in_flight or in_flight + task.bytes_sent <= self._options.bytes_in_flight

    def _come_back(self) -> Iterator[tuple[Item[Any], Outcome]]:
        for event in self._pool.wait(_WAIT_S):
            if isinstance(event, Loss):
                yield from self._lost(event)
            else:
                yield from self._outcome(event)

    def _outcome(self, result: WorkerReply) -> Iterator[tuple[Item[Any], Outcome]]:
        try:
            yield result.task.item, unpack(result.packed)
        except WorkerBugError as bug:
            self._bug = self._bug or bug

    def _lost(self, loss: Loss) -> Iterator[tuple[Item[Any], Outcome]]:
        deaths = loss.task.deaths + (not loss.with_node)
        if deaths >= _MAX_DEATHS:
            yield loss.task.item, _deadly()
        elif not self._is_ending:
            self._again.append(loss.task._replace(deaths=deaths))


def _too_large(error: Unusable) -> Stop:
    """What work without a video is stopped by: its workers were lost, as `_deadly` says."""
    return Stop(
        f"a part of the tables cannot be made: {error.detail}",
        "tried it again each time; nothing was written, and every answer is kept",
        "give a worker more memory with engine.memory_bytes, or run this stage with engine=local",
    )


def _deadly() -> Unusable:
    """As where the system kills a decoder: Ray does not say why a process ended, and the next run asks again."""
    return Unusable(
        "too_large", f"{_MAX_DEATHS} workers ended while they worked on it, most likely for lack of memory"
    )
