"""Keeping one page while the next is on its way."""

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Self

from gettok.step import Answer
from gettok.store import Key, Store

#: Python lets a thread run for 5 ms before another gets its turn; a page that arrives must not wait that long.
_TURN_S = 0.0005
_MOMENT_S = 0.002
_NEVER = Event()


class Behind:
    """Does one thing at a time on a thread of its own; for a `with` block.

    Whoever hands over the next thing waits for the one before, so that no more than one is ever behind. A failure is
    raised by the next call.
    """

    def __init__(self, name: str) -> None:
        self._thread = ThreadPoolExecutor(1, name)
        self._pending: Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.settle()
        finally:
            self._thread.shutdown()

    def do(self, work: Callable[[], None]) -> None:
        """Hand work over, as soon as what was handed over before is done."""
        self.settle()
        self._pending = self._thread.submit(_after_a_moment, work)

    def settle(self) -> None:
        """Return when everything that was handed over is done."""
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.result()


def _after_a_moment(work: Callable[[], None]) -> None:
    # Python runs one thread at a time: first the next question is to leave
    _NEVER.wait(_MOMENT_S)
    work()


class StoreWriter:
    """Puts answers into a store behind the scenes, one at a time; for a `with` block.

    An answer is on disk before the next one is handed over, so a kill costs the answer that is being written and the
    question that is on its way, and no more.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._behind = Behind("keeper")
        self._store: Store | None = None
        self._turns = ExitStack()

    def __enter__(self) -> Self:
        self._turns.enter_context(_short_turns())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._turns, self._behind, ExitStack() as last:
            last.callback(self._behind.do, self._close)
            self.settle()

    def put(self, key: Key, subject: str, answer: Answer) -> None:
        """Take an answer over, as soon as the one before is on disk."""
        self._behind.do(partial(self._put, key, subject, answer))

    def settle(self) -> None:
        """Return when everything that was taken over is on disk."""
        self._behind.settle()

    def _put(self, key: Key, subject: str, answer: Answer) -> None:
        if self._store is None:  # a connection belongs to its thread
            self._store = Store(self._root)
        self._store.put(key, subject, answer)

    def _close(self) -> None:
        if self._store is not None:
            self._store.close()


@contextmanager
def _short_turns() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(_TURN_S)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
