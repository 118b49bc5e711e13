"""A model endpoint with a fixed latency and a limit on concurrent requests, which counts what it receives.

    python -m bench.candidates.describe.endpoint --latency-s 1 --allowed 32 [--moves-s 20]

With `--moves-s` the limit is half as high after so many seconds, as before after so many more, and so on.
Prints its address; ends when its standard input does. `GET /counted` returns the counts.
"""

import argparse
import json
import sys
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ANSWER = {
    "description": "People walk with flags.",
    "on_screen_text": [{"frame": 1, "text": "FUERZA"}],
    "language": "es",
}


@dataclass
class Counter:
    """How many requests are in flight and allowed; the integrals of both from the first request to the last answer."""

    most_allowed: int
    moves_s: float | None = None
    in_flight: int = 0
    most_in_flight: int = 0
    answered: int = 0
    refused: int = 0
    in_flight_s: float = 0.0
    allowed_s: float = 0.0
    first: float = 0.0
    last: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def change(self, by: int) -> bool:
        """Add 1 or -1 to the requests in flight; False if the limit does not allow one more."""
        with self.lock:
            now = time.perf_counter()
            self.first = self.first or now
            allowed = self.allowed_at(now)
            if by > 0 and self.in_flight >= allowed:
                self.refused += 1
                return False
            self.in_flight_s += self.in_flight * (now - (self.last or now))
            self.allowed_s += allowed * (now - (self.last or now))
            self.last = now
            self.in_flight += by
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
            self.answered += by < 0
            return True

    def allowed_at(self, now: float) -> int:
        is_low = self.moves_s is not None and int((now - self.first) / self.moves_s) % 2
        return self.most_allowed // 2 if is_low else self.most_allowed

    def counts(self) -> dict[str, Any]:
        with self.lock:
            busy_s = self.last - self.first
            return {
                "mean_in_flight": self.in_flight_s / busy_s if busy_s else 0.0,
                "share_of_allowed": self.in_flight_s / self.allowed_s if self.allowed_s else 0.0,
                "most_in_flight": self.most_in_flight,
                "answered": self.answered,
                "refused": self.refused,
                "busy_s": busy_s,
            }


def serve(latency_s: float, allowed: int, moves_s: float | None) -> ThreadingHTTPServer:
    counter = Counter(allowed, moves_s)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._send(200, counter.counts())

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if not counter.change(+1):
                error = {"message": "too many at once", "type": "requests", "code": "rate_limit_exceeded"}
                self._send(429, {"error": error})
                return
            time.sleep(latency_s)
            counter.change(-1)
            self._send(200, _completion(body["model"]))

        def _send(self, status: int, body: dict[str, Any]) -> None:
            content = json.dumps(body).encode()
            self.send_response_only(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Log nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 256

    return Server(("127.0.0.1", 0), Handler)


def _completion(model: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": json.dumps(ANSWER), "refusal": None}
    return {
        "id": "chatcmpl-bench",
        "object": "chat.completion",
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1000, "completion_tokens": 50, "total_tokens": 1050},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency-s", type=float, required=True)
    parser.add_argument("--allowed", type=int, required=True)
    parser.add_argument("--moves-s", type=float)
    given = parser.parse_args()
    server = serve(given.latency_s, given.allowed, given.moves_s)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
