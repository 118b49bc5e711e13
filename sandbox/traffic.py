"""How many requests each host was sent, and how many at once: whether a client is polite."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from types import TracebackType
from typing import Self

from sandbox.exchange import Request


class Traffic:
    """Counted from a whole request to just before the last byte of its answer.

    Before, so that a client that waits for the end of one answer never seems to have two requests open.
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

    def arrives(self, host: str) -> None:
        with self._lock:
            self._pass_time(host)
            self._requests[host] += 1
            self._open[host] += 1
            self._most[host] = max(self._most[host], self._open[host])

    def leaves(self, host: str) -> None:
        with self._lock:
            self._pass_time(host)
            self._open[host] -= 1

    def told(self) -> dict[str, dict[str, float]]:
        """By host: all requests so far, those open now, the most at once, and the mean over `busy_s`.

        `busy_s` are the real seconds from the first arrival to the last answer: idling afterwards is not in the mean.
        """
        with self._lock:
            return {host: self._of(host) for host in sorted(self._requests)}

    def _of(self, host: str) -> dict[str, float]:
        if self._open[host]:
            self._pass_time(host)
        busy_s = self._last[host] - self._first[host]
        return {
            "requests": self._requests[host],
            "open": self._open[host],
            "most_at_once": self._most[host],
            "mean_at_once": round(self._request_seconds[host] / busy_s, 3) if busy_s else 0.0,
            "busy_s": round(busy_s, 3),
        }

    def _pass_time(self, host: str) -> None:
        now = self._clock()
        self._first.setdefault(host, now)
        passed_s = now - self._last.get(host, now)
        self._request_seconds[host] = self._request_seconds.get(host, 0.0) + self._open[host] * passed_s
        self._last[host] = now


class Visit:
    """One request on its way, for a `with` block; over at `over` or at the block's end."""

    def __init__(self, traffic: Traffic, request: Request) -> None:
        self._traffic = traffic
        self._host = host_of(request.path)
        self._is_over = False

    def __enter__(self) -> Self:
        self._traffic.arrives(self._host)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.over()

    def over(self) -> None:
        if not self._is_over:
            self._is_over = True
            self._traffic.leaves(self._host)


def host_of(path: str) -> str:
    """The host that a path stands for: `v16-webapp` of `/media/v16-webapp/7.mp4`, else the path's first part."""
    first, _, rest = path.removeprefix("/").partition("/")
    return rest.partition("/")[0] if first == "media" else first
