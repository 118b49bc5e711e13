"""A proxy that kills its client at one of the requests, before or after the server gets it."""

import http.client
import os
import signal
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Self
from urllib.parse import urlsplit

from loopback_server import LoopbackServer, respond


class DeadlyProxy:
    """Forwards requests. `at` is the number of the fatal one, from 0; with 0.5 more, the server still gets it."""

    def __init__(self, url: str, at: float, victim: Callable[[], int]) -> None:
        self._to = urlsplit(url)
        self._at, self._victim = at, victim
        self._lock = threading.Lock()
        self.seen = 0
        self._server = LoopbackServer(self._handle)

    @property
    def url(self) -> str:
        return self._server.url + self._to.path

    def _handle(self, handler: BaseHTTPRequestHandler, asked: bytes) -> None:
        with self._lock:
            number = self.seen
            self.seen += 1
        if number == self._at:
            os.kill(self._victim(), signal.SIGKILL)
            return
        status, answer = self._forward(handler, asked)
        if number + 0.5 == self._at:
            os.kill(self._victim(), signal.SIGKILL)
            return
        respond(handler, status, answer)

    def _forward(self, handler: BaseHTTPRequestHandler, asked: bytes) -> tuple[int, bytes]:
        headers = {
            name: handler.headers[name]
            for name in ("Authorization", "Content-Type")
            if name in handler.headers
        }
        connection = http.client.HTTPConnection(str(self._to.hostname), self._to.port or 80, timeout=30)
        try:
            connection.request(handler.command, handler.path, asked, headers)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.__exit__()
