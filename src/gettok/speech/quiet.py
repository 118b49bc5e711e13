"""Keeps libraries from telling people what they cannot act on."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet() -> Iterator[None]:
    """Without the libraries' warnings about each other."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
