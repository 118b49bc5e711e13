"""A proxy that kills its client at one of the requests, before or after the server gets it."""

import http.client
import os
import signal
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import urlsplit


class DeadlyProxy:
    """Forwards requests. `at` is the number of the fatal one, from 0; with 0.5 more, the server still gets it."""

    def __init__(self, url: str, at: float, victim: Callable[[], int]) -> None:
        self._to = urlsplit(url)
        self._at, self._victim = at, victim
        self._lock = threading.Lock()
        self.seen = 0
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                proxy.handle(self)

            do_POST = do_DELETE = do_GET  # noqa: N815 - names of the standard library

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Log nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}{self._to.path}"

    def handle(self, handler: BaseHTTPRequestHandler) -> None:
        asked = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        with self._lock:
            number = self.seen
            self.seen += 1
        handler.close_connection = True
        if number == self._at:
            os.kill(self._victim(), signal.SIGKILL)
            return
        status, answer = self._forward(handler, asked)
        if number + 0.5 == self._at:
            os.kill(self._victim(), signal.SIGKILL)
            return
        handler.send_response_only(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(answer)))
        handler.send_header(
            "Connection", "close"
        )  # or a client may send its next request while this one closes
        handler.end_headers()
        handler.wfile.write(answer)

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
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
