"""How many questions are in flight: as many as the settings allow and the server grants.

A server that refuses with 429 is believed: fewer are sent at once, and one more is tried after a while. Where its
headers say that the minute's allowance is used up, nobody asks until it is there again.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition, Lock

#: After a refusal, so much of what was in flight is granted.
_LESS = 0.95
#: One more is tried after so many rounds without a refusal.
_ROUNDS = 4
#: Repeated tries: how many to begin with, how many an answer earns, and how many can be saved up.
_FIRST, _EARNED, _MOST = 50.0, 0.2, 500.0
#: So many questions in a row that the host fails on are no accident.
_MOST_IN_A_ROW = 5


class Gate:
    """Lets so many threads through at a time."""

    def __init__(self, most: int) -> None:
        self._most = float(most)
        self._granted = float(most)
        self._inside = 0
        self._round = 0
        self._not_before = 0.0
        self._changed = Condition()

    @property
    def granted(self) -> int:
        """How many may be in flight now."""
        return max(1, int(self._granted))

    @contextmanager
    def through(self) -> Iterator[int]:
        """Waits for its turn. Gives the round in which it went through, which a refusal names."""
        with self._changed:
            while (pause_s := self._waits_s()) > 0 or self._inside >= self.granted:
                self._changed.wait(pause_s or None)
            self._inside += 1
            mine = self._round
        try:
            yield mine
        finally:
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    def answered(self) -> None:
        """The server took a question: in time, one more."""
        with self._changed:
            self._granted = min(self._most, self._granted + 1 / (_ROUNDS * self._granted))
            self._changed.notify_all()

    def refused(self, mine: int, pause_s: float = 0.0) -> None:
        """The server had no room. Of the questions of one round, only the first that is refused counts.

        With a pause nobody goes through for so long.
        """
        with self._changed:
            if mine == self._round:
                self._round += 1
                self._granted = max(1.0, min(self._granted, self._inside * _LESS))
            self._not_before = max(self._not_before, time.monotonic() + pause_s)
            self._changed.notify_all()

    def _waits_s(self) -> float:
        return max(0.0, self._not_before - time.monotonic())


class Allowance:
    """How many tries a run may still repeat: some to begin with, and one more for every few answers.

    Where all fails, each question would be tried so often; the run gives up long before.
    """

    def __init__(self) -> None:
        self._left = _FIRST
        self._answers = 0
        self._given_up_in_a_row = 0
        self._lock = Lock()

    @property
    def answers(self) -> int:
        """How many there have been."""
        return self._answers

    def earn(self) -> None:
        """There is an answer."""
        with self._lock:
            self._left = min(self._left + _EARNED, _MOST)
            self._answers += 1
            self._given_up_in_a_row = 0

    def spend(self) -> bool:
        """Whether one more try may be repeated."""
        with self._lock:
            if self._left < 1:
                return False
            self._left -= 1
            return True

    def give_up(self, answers_before: int) -> bool:
        """A question had all its tries. Whether that is about itself: others have been answered since it began."""
        with self._lock:
            self._given_up_in_a_row += 1
            return self._answers > answers_before and self._given_up_in_a_row < _MOST_IN_A_ROW
