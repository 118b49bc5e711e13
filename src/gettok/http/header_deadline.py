"""A time limit for all headers of a response together.

The timeouts of requests apply to each read, so a server that sends one byte of a header now and then would never time
out. The time for the body is limited by the code that reads it.
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


def limit_header_time(session: requests.Session, left_s: Callable[[], float]) -> None:
    """Have the session raise `requests.ReadTimeout` for headers that are incomplete after `left_s()` seconds."""
    adapter = DeadlineAdapter(left_s)
    session.mount("http://", adapter)
    session.mount("https://", adapter)


class DeadlineAdapter(HTTPAdapter):
    """Makes connections whose headers have a deadline."""

    def __init__(self, left_s: Callable[[], float]) -> None:
        self._left_s = left_s
        super().__init__()

    def get_connection_with_tls_context(self, *request: Any, **options: Any) -> HTTPConnectionPool:
        pool: Any = super().get_connection_with_tls_context(*request, **options)
        # a subclass of whichever class the pool uses: plain, with TLS, or through a proxy
        if not issubclass(pool.ConnectionCls, _DeadlineConnection):
            bases = (_DeadlineConnection, pool.ConnectionCls)
            members = {"left_s": staticmethod(self._left_s)}
            pool.ConnectionCls = type("DeadlineConnection", bases, members)
        return pool  # type: ignore[no-any-return]


class _DeadlineConnection(HTTPConnection):
    left_s: ClassVar["staticmethod[[], float]"]

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as in urllib3 itself
        with _closed_after(self.left_s(), self.sock.fileno()):
            return super().getresponse()


@contextmanager
def _closed_after(seconds: float, file_number: int) -> Iterator[None]:
    """Shut the connection with this file number down after so many seconds, which ends any read from it."""
    # a duplicate: the connection's own number may be closed meanwhile and given to another file
    duplicate = socket.socket(fileno=os.dup(file_number))
    is_late = threading.Event()

    def shut_down() -> None:
        is_late.set()
        with suppress(OSError):
            duplicate.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(max(0.0, seconds), shut_down)
    timer.daemon = True
    timer.start()
    try:
        yield
    except (OSError, HTTPException):
        if not is_late.is_set():
            raise
    finally:
        timer.cancel()
        duplicate.close()
    if is_late.is_set():  # http.client takes headers that end early for complete ones
        raise TimeoutError(f"the headers were incomplete after {seconds:.0f} s")
