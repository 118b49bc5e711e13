"""Limits how often one host is asked: a pause between two requests, shared by all threads."""

import random
import threading
import time
from collections.abc import Callable, Mapping

from gettok.http.retry_after import LONGEST_RETRY_AFTER_S, retry_after_s

#: A longer `Retry-After` is cut to this; the server is then asked again too early, and refuses again.
MAX_HOLD_S = LONGEST_RETRY_AFTER_S


class Pace:
    """When each host may be asked again.

    A test may pass its own `sleep`: turns are given out as if every caller had slept.
    """

    def __init__(self, pause_s: float, sleep: Callable[[float], None] = time.sleep) -> None:
        self._pause_s, self._sleep = pause_s, sleep
        self._free_at: dict[str, float] = {}
        self._lock = threading.Lock()

    def wait(self, host: str) -> float:
        """Wait for this host's turn; returns the seconds that took."""
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._free_at.get(host, now))
            self._free_at[host] = turn + self._pause_s * random.uniform(1, 2)
        if turn > now:
            self._sleep(turn - now)
        return turn - now

    def hold(self, host: str, headers: Mapping[str, str]) -> None:
        """Do not ask the host for as long as `Retry-After` says, up to `MAX_HOLD_S`."""
        seconds = min(retry_after_s(headers) or 0.0, MAX_HOLD_S)
        with self._lock:
            self._free_at[host] = max(self._free_at.get(host, 0.0), time.monotonic() + seconds)
