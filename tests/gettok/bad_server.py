"""A loopback server that misbehaves in the ways a test asks for."""

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ENDLESS = threading.Event()
"""Never set: a server pauses by waiting for it with a timeout."""


class Server:
    """A loopback server that answers each path by its function, and records the requested paths."""

    def __init__(
        self, answers: dict[str, Callable[[BaseHTTPRequestHandler], None]], certificate: Path | None = None
    ) -> None:
        self.asked: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                answer = next((do for path, do in answers.items() if self.path.startswith(path)), None)
                if answer is None:
                    self.send_error(404)
                    return
                try:
                    answer(self)
                except (BrokenPipeError, ConnectionResetError):
                    return

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.block_on_close = False
        self._server.handle_error = lambda *_: None  # a client that rejects the certificate hangs up
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.base = f"http://127.0.0.1:{self._server.server_port}"
        self.pages = f"{self.base}/www.tiktok.com"

    @contextmanager
    def running(self) -> Iterator["Server"]:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()


def sends(body: bytes, **headers: str):
    def answer(handler) -> None:
        handler.send_response(200)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def redirects(to: str):
    def answer(handler) -> None:
        handler.send_response(302)
        handler.send_header("Location", to)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def trickles(handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    while not ENDLESS.wait(0.02):
        handler.wfile.write(b"x")


def trickles_headers(handler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not ENDLESS.wait(0.02):
        handler.wfile.write(b"x")


class Ranged:
    """A file that is served in parts, with a plan for each request.

    `plan` has an entry for each request: after how many bytes the connection breaks off, or None for never. What is
    asked is kept in `asked`, as the headers that matter here.
    """

    def __init__(self, body: bytes, *plan: int | None, etag: str = '"one"', **changes) -> None:
        self.body, self.plan, self.etag = body, list(plan), etag
        self.status, self.shift, self.length = 206, 0, True
        self.asked: list[tuple[str, str]] = []
        vars(self).update(changes)

    def __call__(self, handler) -> None:
        wanted = handler.headers.get("Range", "")
        self.asked.append((wanted, handler.headers.get("If-Range", "")))
        start = int(wanted.removeprefix("bytes=").removesuffix("-") or 0)
        status = self.status if start else 200
        part = self.body[start + self.shift :] if status == 206 else self.body if status == 200 else b""
        handler.send_response(status)
        if status == 206:
            first, whole = start + self.shift, len(self.body)
            handler.send_header("Content-Range", f"bytes {first}-{whole - 1}/{whole}")
        if self.etag:
            handler.send_header("ETag", self.etag)
        if self.length:
            handler.send_header("Content-Length", str(len(part)))
        handler.end_headers()
        self.send(handler, part)

    def send(self, handler, part: bytes) -> None:
        stop = self.plan.pop(0) if self.plan else None
        handler.wfile.write(part[:stop])
        if stop is not None and self.length is None:
            ENDLESS.wait(5)


class Slow(Ranged):
    """Steady and slow: two chunks per response, the second a second after its start; then the client hangs up.

    `sent` is how much had been sent at the time of each request.
    """

    piece = 20_000

    def __init__(self, body: bytes) -> None:
        super().__init__(body)
        self._so_far = 0
        self.sent: list[int] = []

    def __call__(self, handler) -> None:
        self.sent.append(self._so_far)
        super().__call__(handler)

    def send(self, handler, part: bytes) -> None:
        for start in (0, self.piece):
            ENDLESS.wait(0.6)
            piece = part[start : start + self.piece]
            handler.wfile.write(piece)
            self._so_far += len(piece)
        if len(part) > 2 * self.piece:
            handler.rfile.read(1)
