"""An HTTP server on loopback that hands every request to a function."""

import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self


class LoopbackServer:
    """Calls `answer` with each request and its body, in a thread of its own; it answers by `respond`, or not at all."""

    def __init__(self, answer: Callable[[BaseHTTPRequestHandler, bytes], None]) -> None:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self.close_connection = True
                answer(self, body)

            do_POST = do_DELETE = do_GET  # noqa: N815 - names of the standard library

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Log nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def respond(
    request: BaseHTTPRequestHandler,
    status: int,
    body: bytes,
    headers: Mapping[str, str] | None = None,
    *,
    with_length: bool = True,
) -> None:
    """Send a response of JSON and close the connection; without a length, the body ends where the connection does."""
    length = {"Content-Length": str(len(body))} if with_length else {}
    request.send_response_only(status)
    for name, value in ({"Content-Type": "application/json"} | dict(headers or {}) | length).items():
        request.send_header(name, value)
    request.send_header("Connection", "close")  # or a client may send its next request while this one closes
    request.end_headers()
    request.wfile.write(body)
