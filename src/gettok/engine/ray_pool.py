"""The workers of one run on a Ray cluster: started where there is room, and replaced when they are lost."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import ceil
from typing import Any, NamedTuple

from gettok.engine.packing import Packed, unpack
from gettok.engine.protocol import EngineOptions
from gettok.engine.ray_cluster import Node, nodes
from gettok.engine.ray_worker import RayWorker, SentStep
from gettok.errors import BadSettings, GettokError, NotNow, Stop
from gettok.step import Item, Workers

#: A run waits so long for its first worker, or for another one when all are lost: a cluster may have to grow.
START_S = 300.0
#: So many workers in a row may end while they open the step.
_MAX_FAILED_STARTS = 3
#: How long a result may take to arrive once it exists.
_RESULT_S = 120.0
_LOOK_S = 2.0


class Task(NamedTuple):
    """An item, the bytes that were sent for it, and how many workers have died of it."""

    item: Item[Any]
    deaths: int = 0
    bytes_sent: int = 0


class WorkerReply(NamedTuple):
    """What a worker returned for a task."""

    task: Task
    packed: Packed


class Loss(NamedTuple):
    """A task whose worker was lost, with its whole machine or without."""

    task: Task
    with_node: bool


@dataclass(eq=False)
class _Worker:
    """An actor; its node is known once it runs, and it takes questions once it has opened the step."""

    actor: Any
    node: str | None = None
    is_open: bool = False
    tasks: dict[Any, Task] = field(default_factory=dict)
    #: Ray's reference to the answer to `node` or `open`.
    starting: Any = None

    def is_free(self, limit: int) -> bool:
        """Whether it may get another question. One that has what another worker died of gets none beside."""
        is_alone = any(task.deaths for task in self.tasks.values())
        return self.is_open and not is_alone and len(self.tasks) < limit


class RayPool:
    """Actors that hold a step. `limit` is the number of questions that each is given at a time."""

    def __init__(self, ray: Any, options: EngineOptions, workers: Workers, sent: SentStep) -> None:
        self._ray, self._options, self._sent = ray, options, ray.put(sent)
        threads = _threads(workers, options)
        self._actor = ray.remote(RayWorker).options(
            num_cpus=options.cpus,
            num_gpus=options.gpus,
            memory=options.memory_bytes,
            max_concurrency=threads,
            max_restarts=0,
            max_task_retries=0,
            scheduling_strategy="SPREAD",
        )
        #: One waits in the worker while the others are answered.
        self.limit = threads + 1
        self._workers: list[_Worker] = []
        self._nodes = nodes(ray)
        self._looked_at = self._had_worker_at = time.monotonic()
        self._failed_starts, self._has_opened = 0, False

    @property
    def bytes_in_flight(self) -> int:
        return sum(task.bytes_sent for worker in self._workers for task in worker.tasks.values())

    @property
    def in_flight(self) -> int:
        return sum(len(worker.tasks) for worker in self._workers)

    def start(self, wanted: int) -> None:
        """Start workers until there are as many as are wanted, and as the settings or the cluster allow."""
        room = self._options.workers or max(1, sum(node.room_for(self._options) for node in self._nodes))
        for _ in range(min(wanted, room) - len(self._workers)):
            actor = self._actor.remote()
            self._workers.append(_Worker(actor, starting=actor.node.remote()))

    def has_free(self, *, idle: bool = False) -> bool:
        """Whether a worker can take another question; an `idle` one has none."""
        return bool(self._free(1 if idle else self.limit))

    def give(self, task: Task, content: Any) -> None:
        """Ask the free worker with the fewest questions."""
        worker = min(self._free(self.limit), key=lambda worker: len(worker.tasks))
        worker.tasks[worker.actor.ask.remote(content)] = task

    def wait(self, timeout_s: float) -> Iterator[WorkerReply | Loss]:
        """What has come back, and what was lost. Raises the error that keeps workers from starting."""
        references = {worker.starting: worker for worker in self._workers if worker.starting is not None}
        references |= {reference: worker for worker in self._workers for reference in worker.tasks}
        done, _ = self._ray.wait(list(references), timeout=timeout_s) if references else ([], [])
        for reference in done:
            yield from self._settle(references[reference], reference)
        yield from self._look_at_nodes()
        self._refuse_endless_wait()

    def close(self) -> None:
        for worker in self._workers:
            self._ray.kill(worker.actor)
        self._workers = []

    def abandon(self) -> None:
        """Forget the workers of a cluster that is lost: to end them would wait for it."""
        self._workers = []

    def _free(self, limit: int) -> list[_Worker]:
        return [worker for worker in self._workers if worker.is_free(limit)]

    def _settle(self, worker: _Worker, reference: Any) -> Iterator[WorkerReply | Loss]:
        try:
            result = self._ray.get(reference, timeout=_RESULT_S)
        except self._ray.exceptions.RayError as error:
            yield from self._lose(worker, str(error))
            return
        if reference == worker.starting:
            self._go_on(worker, result)
        else:
            yield WorkerReply(worker.tasks.pop(reference), result)

    def _go_on(self, worker: _Worker, result: Any) -> None:
        """A worker says which node it is on, then opens its step, then is ready."""
        if worker.node is None:
            worker.node, worker.starting = result, worker.actor.open.remote(self._sent)
            return
        _raise_if(result)
        worker.starting, worker.is_open = None, True
        self._failed_starts, self._has_opened = 0, True

    def _lose(self, worker: _Worker, why: str) -> Iterator[WorkerReply | Loss]:
        """Give a worker up. What it had finished is handed back, the rest is lost."""
        self._workers.remove(worker)
        self._ray.kill(worker.actor)
        alive = {node.id for node in nodes(self._ray)}
        with_node = "node has died" in why or (worker.node is not None and worker.node not in alive)
        if not worker.is_open and not with_node:
            self._failed_starts += 1
            if self._failed_starts >= _MAX_FAILED_STARTS:
                raise _no_start(why)
        for reference, task in worker.tasks.items():
            packed = self._finished(reference)
            yield Loss(task, with_node) if packed is None else WorkerReply(task, packed)

    def _finished(self, reference: Any) -> Packed | None:
        """The result of a lost worker's question, if it is here already."""
        if not self._ray.wait([reference], timeout=0)[0]:
            return None
        try:
            result: Packed = self._ray.get(reference, timeout=1)
        except self._ray.exceptions.RayError:
            return None
        return result

    def _look_at_nodes(self) -> Iterator[WorkerReply | Loss]:
        """Now and then, look which machines there still are: what ran on a lost one may never be heard of again."""
        now = time.monotonic()
        if now - self._looked_at < _LOOK_S:
            return
        self._looked_at, self._nodes = now, nodes(self._ray)
        alive = {node.id for node in self._nodes}
        for worker in list(self._workers):
            if worker.node is not None and worker.node not in alive:
                yield from self._lose(worker, "its node has died")

    def _refuse_endless_wait(self) -> None:
        now = time.monotonic()
        if not self._workers or any(worker.node is not None for worker in self._workers):
            self._had_worker_at = now
        elif now - self._had_worker_at > START_S:
            raise _no_room(self._options, self._nodes, has_worked=self._has_opened)


def _threads(workers: Workers, options: EngineOptions) -> int:
    """How many questions a worker answers at a time: with a GPU as many as the step prefers, else one for each CPU."""
    return workers.count if options.gpus else max(1, min(workers.count, ceil(options.cpus)))


def _raise_if(packed: Packed | None) -> None:
    if packed is not None:
        outcome = unpack(packed)
        assert isinstance(outcome, GettokError)
        raise outcome


def _no_room(options: EngineOptions, found: list[Node], *, has_worked: bool) -> GettokError:
    takes = {"CPU": options.cpus, "GPU": options.gpus, "bytes of memory": options.memory_bytes or 0}
    wanted = ", ".join(f"{amount:g} {name}" for name, amount in takes.items() if amount)
    has = "; ".join(
        f"{node.host}: {', '.join(f'{node.has.get(name, 0):g} {name}' for name in ('CPU', 'GPU', 'memory'))}"
        for node in found
    )
    what = f"no machine of the Ray cluster has room for a worker, which takes {wanted}"
    did = f"waited {START_S:.0f} s for one; every answer so far is kept. The machines have: {has or 'none is left'}"
    if has_worked or any(node.room_for(options) for node in found):
        return NotNow(
            what, did, "wait for the machines, or free what else runs there, then run the same command again"
        )
    return BadSettings(
        what, did, "lower engine.cpus, engine.gpus or engine.memory_bytes, or add such a machine"
    )


def _no_start(why: str) -> Stop:
    return Stop(
        f"workers on the Ray cluster end while they start: {why.strip().splitlines()[-1]}",
        f"tried it {_MAX_FAILED_STARTS} times in a row; every answer so far is kept",
        "look whether the machine has enough memory for the model (engine.memory_bytes reserves it), and into Ray's "
        "logs there",
    )
