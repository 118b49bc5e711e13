"""Answers whose headers come within a limit on time as a whole.

The time-outs of requests are for each read, so a server that sends a byte of a header now and then would be waited for
without end. The body is up to whoever reads it.
"""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPException
from typing import Any, ClassVar

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPResponse
from urllib3.connection import HTTPConnection


def be_prompt(session: requests.Session, left_s: Callable[[], float]) -> None:
    """Have the session raise `requests.ReadTimeout` for headers that are not whole in `left_s()` seconds."""
    adapter = _Prompt(left_s)
    session.mount("http://", adapter)
    session.mount("https://", adapter)


class _Prompt(HTTPAdapter):
    def __init__(self, left_s: Callable[[], float]) -> None:
        self._left_s = left_s
        super().__init__()

    def get_connection_with_tls_context(self, *request: Any, **how: Any) -> HTTPConnectionPool:
        pool: Any = super().get_connection_with_tls_context(*request, **how)
        # whichever kind of connection it makes: plain, with TLS, or by way of a proxy
        if not issubclass(pool.ConnectionCls, _Hurried):
            bases = (_Hurried, pool.ConnectionCls)
            pool.ConnectionCls = type("Hurried", bases, {"left_s": staticmethod(self._left_s)})
        return pool  # type: ignore[no-any-return]


class _Hurried(HTTPConnection):
    left_s: ClassVar["staticmethod[[], float]"]

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as urllib3's own
        with _hung_up_after(self.left_s(), self.sock.fileno()):
            return super().getresponse()


@contextmanager
def _hung_up_after(seconds: float, number: int) -> Iterator[None]:
    """End the connection of this file number after so many seconds, which wakes whoever reads from it."""
    # a number of our own: the connection's may be closed meanwhile, and belong to another
    variant = socket.socket(fileno=os.dup(number))
    is_late = threading.Event()

    def hang_up() -> None:
        is_late.set()
        with suppress(OSError):
            variant.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(max(0.0, seconds), hang_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    except (OSError, HTTPException):
        if not is_late.is_set():
            raise
    finally:
        timer.cancel()
        variant.close()
    if is_late.is_set():  # headers that end early look whole to http.client
        raise TimeoutError(f"no whole answer within {seconds:.0f} s")
