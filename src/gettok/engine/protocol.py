"""What an engine is, what it hands back, and what settings it reads."""

from collections.abc import Callable, Iterable, Iterator
from threading import Event
from typing import Any, Literal, Protocol, TypeVar

from gettok.errors import GettokError
from gettok.step import Answer, Item, Step

A = TypeVar("A")
R = TypeVar("R")

#: What became of one question: an answer, or the reason why there is none.
Outcome = Answer | GettokError


class Engine(Protocol):
    """Runs a step's questions concurrently."""

    def run(
        self, step: Step[Any], items: Iterable[Item[Any]], stop: Event
    ) -> Iterator[tuple[Item[Any], Outcome]]:
        """Each item with its outcome, as they finish.

        Once `stop` is set, no new question is asked and those in flight are finished. An error that is not a
        `GettokError` is a bug, and is raised once those in flight are finished and handed back.
        """
        ...


class Mapper(Protocol):
    """Does work of which nothing is stored, and that takes CPU time alone."""

    def map(self, function: Callable[[A], R], arguments: Iterable[A], stop: Event) -> Iterator[R]:
        """The result of a function for each argument, in order.

        The function is pure and at the top level of a module of gettok; it, the arguments and the results can be
        pickled. Few of them are in memory at a time. An argument that is `Sendable` may arrive as its copy. Raises
        `Interrupted` once `stop` is set, and the error of the first argument that has one.
        """
        ...


class ComputeEngine(Engine, Mapper, Protocol):
    """An engine for both."""


class EngineOptions(Protocol):
    """The settings of an engine: `workers` of all, the others of those that run on several machines."""

    @property
    def workers(self) -> int | None: ...
    @property
    def address(self) -> str | None: ...
    @property
    def cpus(self) -> float: ...
    @property
    def gpus(self) -> float: ...
    @property
    def memory_bytes(self) -> int | None: ...
    @property
    def media(self) -> Literal["bytes", "path"]: ...
    @property
    def bytes_in_flight(self) -> int: ...
