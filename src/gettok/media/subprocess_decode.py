"""Runs a function in a child process, which contains a decoder that crashes, hangs or fills the memory.

Decoders are C code that reads untrusted files. Each child has a memory limit, writes no core dump, and ends with its
parent, however that ends. The message for a failure is the same in every run: it has no path, process id or time.
"""

import math
import os
import resource
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from copy import copy
from functools import cache
from multiprocessing import get_context, parent_process
from multiprocessing.resource_tracker import ensure_running
from multiprocessing.util import Finalize
from queue import Empty, LifoQueue
from threading import BoundedSemaphore, Thread
from typing import Any, NoReturn, TypeVar

from pebble import ProcessExpired, ProcessPool

from gettok.engine.cores import cores
from gettok.errors import Interrupted, Stop, Unusable

#: Decoding an hour of 1080p takes some minutes of two cores.
DECODE_S = 600.0
#: A picture of 8K in ten bits takes 100 MB, and a decoder may hold more than sixteen of them.
MOST_GIB = 4
#: A child is replaced after so many calls, so that leaks of a decoder do not add up.
_MAX_CALLS = 500
#: Starting Python and importing the parent's main module again; generous, for a machine that swaps.
_START_S = 120
_GRACE_S = 5
#: Only the next call notices that an idle child has died.
_MAX_STARTS = 2
#: After one of these the child may be in any state, so it is not used again.
_FATAL = (TimeoutError, ProcessExpired, BrokenProcessPool, CancelledError, KeyboardInterrupt, SystemExit)

T = TypeVar("T")


def run_in_subprocess(function: Callable[..., T], *args: Any, timeout_s: float = DECODE_S) -> T:
    """What the function returns or raises in a child process; function, arguments and result must be picklable.

    Raises `Unusable`: `undecodable` if the child crashes, `too_large` if it takes more time or memory than allowed; and
    `Stop` if no child starts. Any other error is a bug in the function, and is raised. In a child this is a plain call.
    """
    if _is_child:
        return function(*args)
    for _ in range(_MAX_STARTS):
        try:
            return _pools().call(function, args, timeout_s)
        except BrokenProcessPool:  # the child died before it took the call
            continue
        except TimeoutError as error:
            raise _too_slow(timeout_s) from error
        except ProcessExpired as error:
            _raise_for_exit(error.exitcode, timeout_s)
    raise Stop(
        "a child process that decodes media does not start",
        f"tried it {_MAX_STARTS} times",
        "read what it printed above; a script of yours must call us under `if __name__ == '__main__':`",
    )


class _Pools:
    """Pools of one child each, made when needed: a failed child affects no other."""

    def __init__(self) -> None:
        self._idle: LifoQueue[ProcessPool] = LifoQueue()
        self._all: set[ProcessPool] = set()
        self._turns = BoundedSemaphore(cores())
        # not `atexit`: a spawned process waits for its own children before it runs those functions
        Finalize(None, self.close, exitpriority=100)

    def call(self, function: Callable[..., T], args: tuple[Any, ...], timeout_s: float) -> T:
        """Raises what the function raises, or the error that says how the child failed."""
        with self._turns:
            pool = self._take()
            try:
                return _result(_scheduled(pool, function, args, timeout_s), timeout_s + _START_S)
            except _FATAL:
                self._drop(pool)
                raise
            finally:
                if pool in self._all:
                    self._idle.put(pool)

    def close(self) -> None:
        for pool in list(self._all):
            self._drop(pool)

    def _take(self) -> ProcessPool:
        try:
            while not (pool := self._idle.get_nowait()).active:
                self._drop(pool)
        except Empty:
            pool = ProcessPool(1, _MAX_CALLS, initializer=_prepare, context=get_context("spawn"))
            self._all.add(pool)
        return pool

    def _drop(self, pool: ProcessPool) -> None:
        self._all.discard(pool)
        pool.stop()  # type: ignore[no-untyped-call]
        pool.join()


def _scheduled(
    pool: ProcessPool, function: Callable[..., T], args: tuple[Any, ...], timeout_s: float
) -> Future[T]:
    try:
        with _interrupts_blocked():
            return pool.schedule(_run, (function, args, timeout_s), timeout=timeout_s)
    except RuntimeError as error:  # it has died since its last call
        raise BrokenProcessPool from error


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """A child that starts in this block never gets Ctrl-C, which reaches the whole group: its parent decides."""
    ensure_running()  # when it starts, it unblocks the signal
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _result(future: Future[T], timeout_s: float) -> T:
    """Waits a second at a time: a signal that arrives just as a wait begins is handled only when the wait ends."""
    for _ in range(math.ceil(timeout_s)):
        if wait([future], 1).done:
            break
    error = future.exception(0)
    if error is not None:
        # a copy: the pool keeps its last error, whose traceback would keep alive everything that our callers hold
        raise copy(error) from error.__cause__
    return future.result(0)


@cache
def _pools() -> _Pools:
    return _Pools()


def _too_slow(timeout_s: float) -> Unusable:
    return Unusable("too_large", f"decoding takes longer than {timeout_s:g} s")


def _raise_for_exit(status: int, timeout_s: float) -> NoReturn:
    """Raise what the exit of a child means; status -n is an end by signal n."""
    if status == -signal.SIGALRM:
        raise _too_slow(timeout_s)
    if status == -signal.SIGKILL:  # we send none, so it is most likely the system's out-of-memory killer
        raise Unusable("too_large", "the system killed the decoder, most likely for lack of memory")
    if abs(status) == signal.SIGTERM:  # someone ends all our processes; nothing is wrong with the file
        raise Interrupted
    how = signal.Signals(-status).name if status < 0 else f"exit status {status}"
    raise Unusable("undecodable", f"the decoder crashed ({how})")


_is_child = False


def _prepare() -> None:
    """Limit this process before its first call, for the rest of its life."""
    global _is_child  # noqa: PLW0603 - a process is a child for life
    _is_child = True
    _limit(resource.RLIMIT_CORE, 0)
    # not the address space, since threads reserve far more of that than they use
    _limit(resource.RLIMIT_DATA, MOST_GIB * 1024**3)
    Thread(target=_end_with_parent, daemon=True).start()


def _limit(kind: int, most: int) -> None:
    hard = resource.getrlimit(kind)[1]
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(kind, (most, most))


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    parent.join()
    os.kill(os.getpid(), signal.SIGKILL)


def _run(function: Callable[..., T], args: tuple[Any, ...], timeout_s: float) -> T:
    signal.alarm(math.ceil(timeout_s) + _GRACE_S)  # ends even code that holds the GIL
    try:
        return function(*args)
    except MemoryError:
        raise Unusable("too_large", f"decoding takes more than {MOST_GIB} GiB of memory") from None
    finally:
        signal.alarm(0)
