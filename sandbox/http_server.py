"""HTTP/1.1 on a socket: reads requests, and sends replies, broken ones too, exactly as the services make them."""

import select
import socket
import struct
import sys
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from sandbox.exchange import Reply, Request
from sandbox.traffic import OpenRequest, Traffic

MAX_BODY_BYTES = 256 * 2**20
Answer = Callable[[Request], tuple[Reply, str]]
"""From a request to its reply and the `Date` of the reply."""


class HttpServer(ThreadingHTTPServer):
    """A server that tracks its open connections, so that stopping it closes all of them."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int | socket.socket, answer: Answer, traffic: Traffic) -> None:
        """On this port, or on a socket that listens already."""
        self.answer = answer
        self.traffic = traffic
        self._open: set[socket.socket] = set()
        if isinstance(port, int):
            super().__init__(("127.0.0.1", port), _Handler)
        else:
            super().__init__(port.getsockname(), _Handler, bind_and_activate=False)
            self.socket.close()
            self.socket = port

    def server_bind(self) -> None:
        """As in the standard library, without its name lookup, which can use the network."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignores clients that disconnect; any other error is a bug of ours, and is printed."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    def hang_up_all(self) -> None:
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: HttpServer

    def __getattr__(self, name: str) -> Any:
        """All methods are handled alike; the services decide which are allowed."""
        if name.startswith("do_"):
            return self._exchange
        raise AttributeError(name)

    def log_message(self, *_: Any) -> None:
        """Logs nothing, because the sandbox has its own request log."""

    def send_error(self, code: int, *_: Any) -> None:
        """Errors of the standard library are sent without its clock and its version."""
        self.close_connection = True
        self.wfile.write(
            f"HTTP/1.1 {code} {_phrase(code)}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
        )

    def _exchange(self) -> None:
        try:
            body = self._body()
        except ValueError:  # a length that is not a number
            self.send_error(400)
            return
        if body is None:
            self.send_error(413)
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers, body)
        with OpenRequest(self.server.traffic, request) as open_request:
            reply, date = self.server.answer(request)
            if reply.hang_up:
                self._hang_up(reply.hang_up)
            else:
                self._send(reply, date, open_request)

    def _body(self) -> bytes | None:
        """None if it is larger than `MAX_BODY_BYTES`."""
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return self._chunks()
        length = int(self.headers.get("Content-Length") or 0)
        return self.rfile.read(max(0, length)) if length <= MAX_BODY_BYTES else None

    def _chunks(self) -> bytes | None:
        body = bytearray()
        while size := int(self.rfile.readline().split(b";")[0], 16):
            if len(body) + size > MAX_BODY_BYTES:
                return None
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            continue
        return bytes(body)

    def _send(self, reply: Reply, date: str, open_request: OpenRequest) -> None:
        lines = [f"HTTP/1.1 {reply.status} {_phrase(reply.status)}", f"Date: {date}"]
        lines += [f"Content-Type: {reply.content_type}"]
        lines += [f"{name}: {value}" for name, value in reply.headers]
        if reply.framing == "length":
            lines.append(f"Content-Length: {len(reply.body)}")
        if reply.framing == "chunked":
            lines.append("Transfer-Encoding: chunked")
        if reply.framing == "close":
            lines.append("Connection: close")
        if reply.sent is not None or reply.framing == "close":
            self.close_connection = True
        head = "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")
        if reply.pace_s:
            self._drip(head, reply)
        else:
            whole = memoryview(head if self.command == "HEAD" else head + _payload(reply))
            self.wfile.write(whole[:-1])
            open_request.finish()
            self.wfile.write(whole[-1:])

    def _drip(self, head: bytes, reply: Reply) -> None:
        """Send byte by byte, until all are sent or the client sends anything or disconnects."""
        self.close_connection = True
        self.wfile.write(head)
        for byte in reply.body:
            self.wfile.write(bytes([byte]))
            if select.select([self.connection], [], [], reply.pace_s)[0]:
                return

    def _hang_up(self, how: str) -> None:
        self.close_connection = True
        if how == "silent":
            self.connection.recv(1)  # returns when the client gives up
        else:
            # with a linger time of 0, closing the socket sends a reset
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _payload(reply: Reply) -> bytes:
    part = reply.body if reply.sent is None else reply.body[: reply.sent]
    if reply.framing != "chunked":
        return part
    end = b"0\r\n\r\n" if reply.sent is None else b""
    return f"{len(part):x}\r\n".encode() + part + b"\r\n" + end


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
