"""A pure function over many arguments, on the workers of an engine: the results come in the order of the arguments."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from threading import Event
from typing import Any, TypeAlias, TypeVar

from gettok.errors import Interrupted
from gettok.step import Answer, Item, Json, Row, Workers

A = TypeVar("A")
R = TypeVar("R")
#: Gives the results in order, and raises `Interrupted` once the event is set.
Map: TypeAlias = Callable[[Callable[[A], R], Iterable[A], Event], Iterator[R]]

#: So many results may wait for an earlier one.
_AHEAD = 64


def after_a_while(
    alone_s: float, on_workers: Map[A, R], function: Callable[[A], R], arguments: Iterable[A], stop: Event
) -> Iterator[R]:
    """Begin in this process; after so many seconds, give what is left to workers, unless that is one call alone.

    Workers take as long to start, so shorter work is done without them.
    """
    waiting, began = iter(arguments), time.monotonic()
    for argument in waiting:
        refuse_if(stop)
        yield function(argument)
        if time.monotonic() - began > alone_s:
            break
    following = list(islice(waiting, 2))
    if len(following) > 1:
        yield from on_workers(function, chain(following, waiting), stop)
        return
    for argument in following:
        refuse_if(stop)
        yield function(argument)


def refuse_if(stop: Event) -> None:
    """Raise `Interrupted` if a signal has come."""
    if stop.is_set():
        raise Interrupted


@dataclass(frozen=True)
class Call:
    """The function as a step, for an engine that knows nothing else."""

    function: Callable[[Any], Any]
    stage = "call"
    version = 1
    workers = Workers("processes", 1)

    @property
    def settings(self) -> Mapping[str, Json]:
        return {}

    def open(self) -> None: ...

    def ask(self, content: Any) -> Answer:
        return Answer({"result": self.function(content)})

    def read(self, answer: Answer) -> list[Row]:
        raise NotImplementedError


class InOrder:
    """The arguments as items in their order, few of them beyond the first whose result is not there yet."""

    def __init__(self, arguments: Iterable[Any]) -> None:
        self._items = (Item(str(number), "", {}, argument) for number, argument in enumerate(arguments))
        self._next: deque[Item[Any]] = deque()
        self._handed_out = 0
        self._returned = 0
        self._results: dict[str, Any] = {}

    def pop(self) -> Item[Any] | None:
        """The next item; None if there are no more, or none may be handed out now."""
        if not self.known() or self._handed_out - self._returned == _AHEAD:
            return None
        self._handed_out += 1
        return self._next.popleft()

    def known(self) -> int:
        """How many items there still are, as far as it looks."""
        self._next.extend(islice(self._items, _AHEAD - len(self._next)))
        return len(self._next)

    def results(self, item: Item[Any], result: Any) -> Iterator[Any]:
        """Take the result of an item. Gives all results that are next in the order."""
        self._results[item.video_id] = result
        while (name := str(self._returned)) in self._results:
            self._returned += 1
            yield self._results.pop(name)

    def refuse_missing(self) -> None:
        """Raise `Interrupted` unless all arguments have their results."""
        if self.known() or self._returned < self._handed_out:
            raise Interrupted
