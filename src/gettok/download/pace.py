"""How gently one host is asked: so much time between two requests, for all threads together."""

import random
import threading
import time
from collections.abc import Callable, Mapping

from gettok.http.retry_after import retry_after_s

#: The longest that a server's `Retry-After` is complied; a server that says more is asked again, and refuses again.
LONGEST_HOLD_S = 120.0


class Pace:
    """The times from which each host may be asked again.

    `sleep` may be a stand-in: times are handed out as if everybody had slept.
    """

    def __init__(self, pause_s: float, sleep: Callable[[float], None] = time.sleep) -> None:
        self._pause_s, self._sleep = pause_s, sleep
        self._free_at: dict[str, float] = {}
        self._lock = threading.Lock()

    def wait(self, host: str) -> float:
        """Wait for this host's turn; gives back the seconds that took."""
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._free_at.get(host, now))
            self._free_at[host] = turn + self._pause_s * random.uniform(1, 2)
        if turn > now:
            self._sleep(turn - now)
        return turn - now

    def hold(self, host: str, headers: Mapping[str, str]) -> None:
        """Leave the host alone for as long as its answer says, within reason."""
        seconds = min(retry_after_s(headers) or 0.0, LONGEST_HOLD_S)
        with self._lock:
            self._free_at[host] = max(self._free_at.get(host, 0.0), time.monotonic() + seconds)
