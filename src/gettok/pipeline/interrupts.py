"""Signals in programs that ask nothing: while they import their modules, which takes seconds, and while they write."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from gettok.errors import Interrupted

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def end_quietly() -> None:
    """From now on, Ctrl-C and SIGTERM end the process at once: nothing has begun, and a traceback helps no one."""
    for number in SIGNALS:
        signal.signal(number, _end)


@contextmanager
def quiet_end() -> Iterator[None]:
    """`end_quietly` for a block."""
    with _restored():
        end_quietly()
        yield


@contextmanager
def interrupted_once() -> Iterator[None]:
    """In this block, the first Ctrl-C or SIGTERM raises `Interrupted`; further ones do nothing, so that it can undo."""
    with _restored():
        for number in SIGNALS:
            signal.signal(number, _interrupt)
        yield


@contextmanager
def _restored() -> Iterator[None]:
    before = [signal.getsignal(number) for number in SIGNALS]
    try:
        yield
    finally:
        for number, handler in zip(SIGNALS, before, strict=True):
            signal.signal(number, handler)


def _interrupt(_: int, __: FrameType | None) -> None:
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise Interrupted


def _end(number: int, _: FrameType | None) -> None:
    os._exit(128 + number)
