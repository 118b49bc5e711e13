"""Backoff while the API answers nothing: no question is to blame then, so that none is given up."""

from collections.abc import Callable
from dataclasses import dataclass

from gettok.errors import NotNow

_SHORTEST_S, _LONGEST_S = 60.0, 3600.0


@dataclass
class Backoff:
    """Waits between tries, and says so."""

    wait: Callable[[float], None]
    said: Callable[[str], None]
    _answers: int = 0
    _rested_s: float = 0.0

    def rest(self, trouble: NotNow, answers: int) -> None:
        """Wait, longer each time; raises `NotNow` after an hour in which the run's `answers` did not grow."""
        if answers != self._answers:
            self._answers, self._rested_s = answers, 0.0
        if self._rested_s >= _LONGEST_S:
            raise NotNow(f"{trouble.what}; nothing else is answered for an hour", trouble.did, trouble.can)
        rest_s = min(max(_SHORTEST_S, self._rested_s), _LONGEST_S - self._rested_s)
        self.said(f"{trouble.what}; asking again in {rest_s / 60:.0f} min")
        self.wait(rest_s)
        self._rested_s += rest_s
