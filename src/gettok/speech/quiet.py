"""Keeps libraries from telling people what they cannot act on."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock

#: Python's filters belong to the whole process: two threads that set them at once would leave them wrong for good.
_TURN = RLock()


@contextmanager
def quiet() -> Iterator[None]:
    """Without the libraries' warnings about each other. One thread at a time."""
    with _TURN, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
