"""Work that is done while the next question is on its way: a fast server answers in the time that a disk takes."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from types import TracebackType
from typing import Self

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
