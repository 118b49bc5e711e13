"""Writing one page while the next is on its way."""

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

#: Python lets a thread run for 5 ms before it switches to another; a page that arrives must not wait that long.
_SWITCH_INTERVAL_S = 0.0005
_HEAD_START_S = 0.002
_NEVER = Event()


class BackgroundWriter:
    """Writes one thing at a time on a thread of its own, some of it into a store; for a `with` block.

    Each call waits for the previous write, so no more than one is ever pending, and raises the error if that write
    failed. So a kill costs the write in progress and the question that is on its way, and no more.
    """

    def __init__(self, name: str, store: Path | None = None) -> None:
        self._thread = ThreadPoolExecutor(1, name)
        self._pending: Future[None] | None = None
        self._root = store
        self._store: Store | None = None
        self._switching = ExitStack()

    def __enter__(self) -> Self:
        if self._root is not None:
            self._switching.enter_context(_fast_switching())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._switching, ExitStack() as cleanup:
            cleanup.callback(self._thread.shutdown)
            cleanup.callback(self._close_store)
            self.settle()

    def put(self, key: Key, subject: str, answer: Answer) -> None:
        """Put an answer into the store, as soon as the previous write is done."""
        self.write(partial(self._put, key, subject, answer))

    def write(self, work: Callable[[], None]) -> None:
        """Start a write, as soon as the previous one is done."""
        self.settle()
        self._pending = self._thread.submit(_after_head_start, work)

    def settle(self) -> None:
        """Return when every write is done."""
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.result()

    def _put(self, key: Key, subject: str, answer: Answer) -> None:
        assert self._root is not None, "only a writer with a store has answers to put"
        if self._store is None:  # SQLite ties a connection to the thread that opened it
            self._store = Store(self._root)
        self._store.put(key, subject, answer)

    def _close_store(self) -> None:
        if self._store is not None:
            self.write(self._store.close)
            self.settle()


def _after_head_start(work: Callable[[], None]) -> None:
    # Python runs one thread at a time: let the next question leave first
    _NEVER.wait(_HEAD_START_S)
    work()


@contextmanager
def _fast_switching() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
