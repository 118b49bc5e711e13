"""Counts the requests to each host, and how many are open at once: whether a client is polite."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from types import TracebackType
from typing import Self

from sandbox.exchange import Request


class Traffic:
    """A request is open from its last byte until just before the last byte of its answer.

    The end is just before, so that a client which waits for each answer never seems to have two requests open.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._requests: Counter[str] = Counter()
        self._open: Counter[str] = Counter()
        self._most: Counter[str] = Counter()
        self._first: dict[str, float] = {}
        self._last: dict[str, float] = {}
        self._request_seconds: dict[str, float] = {}
        self._lock = threading.Lock()

    def start(self, host: str) -> None:
        with self._lock:
            self._add_elapsed(host)
            self._requests[host] += 1
            self._open[host] += 1
            self._most[host] = max(self._most[host], self._open[host])

    def end(self, host: str) -> None:
        with self._lock:
            self._add_elapsed(host)
            self._open[host] -= 1

    def totals(self) -> dict[str, dict[str, float]]:
        """By host: all requests so far, those open now, and the maximum and mean open at once.

        The mean is over `busy_s`, the real seconds from the first request to the last answer.
        """
        with self._lock:
            return {host: self._of(host) for host in sorted(self._requests)}

    def _of(self, host: str) -> dict[str, float]:
        if self._open[host]:
            self._add_elapsed(host)
        busy_s = self._last[host] - self._first[host]
        return {
            "requests": self._requests[host],
            "open": self._open[host],
            "most_at_once": self._most[host],
            "mean_at_once": round(self._request_seconds[host] / busy_s, 3) if busy_s else 0.0,
            "busy_s": round(busy_s, 3),
        }

    def _add_elapsed(self, host: str) -> None:
        now = self._clock()
        self._first.setdefault(host, now)
        elapsed_s = now - self._last.get(host, now)
        self._request_seconds[host] = self._request_seconds.get(host, 0.0) + self._open[host] * elapsed_s
        self._last[host] = now


class OpenRequest:
    """An open request, for a `with` block; it ends at `finish` or at the end of the block."""

    def __init__(self, traffic: Traffic, request: Request) -> None:
        self._traffic = traffic
        self._host = host_of(request.path)
        self._is_finished = False

    def __enter__(self) -> Self:
        self._traffic.start(self._host)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.finish()

    def finish(self) -> None:
        if not self._is_finished:
            self._is_finished = True
            self._traffic.end(self._host)


def host_of(path: str) -> str:
    """The host that a path represents: `v16-webapp` for `/media/v16-webapp/7.mp4`, else the path's first part."""
    first, _, rest = path.removeprefix("/").partition("/")
    return rest.partition("/")[0] if first == "media" else first
