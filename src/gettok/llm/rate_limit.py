"""How many questions are in flight: as many as the settings allow and the server grants.

A server that has no room is believed: fewer are sent at once, and one more is tried after a while. Where it says when
to come back, nobody asks before: a newcomer would take what another has waited for.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Condition, Event, Lock

from gettok.errors import Interrupted

#: After a refusal, so much of what was in flight is granted; half if nothing has been answered since the last one.
_LESS, _HALF = 0.95, 0.5
#: One more is tried after so many rounds without a refusal.
_ROUNDS = 4
#: Asked to wait for longer, we look in between.
LONGEST_PAUSE_S = 60.0
#: A host that has no room for any question for so long is not waited for.
LONGEST_BUSY_S = 600.0
#: Repeated tries: how many to begin with, how many an answer earns, and how many can be saved up.
_FIRST, _EARNED, _MOST = 50.0, 0.2, 500.0
#: So many questions in a row that the host fails on are no accident.
_MOST_IN_A_ROW = 5


@dataclass(frozen=True)
class Clock:
    """Seconds that pass, and how to let them."""

    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.monotonic


CLOCK = Clock()


def interruptible_clock(stop: Event) -> Clock:
    """A clock that nobody waits by once the signal to stop is there: `Interrupted` is raised instead."""

    def sleep(seconds: float) -> None:
        if stop.wait(seconds):
            raise Interrupted

    return Clock(sleep)


class AdaptiveLimiter:
    """Lets so many threads through at a time."""

    def __init__(self, most: int, clock: Clock = CLOCK) -> None:
        self._most = float(most)
        self._granted = float(most)
        self._clock = clock
        self._inside = 0
        self._round = 0
        self._any_answer = True
        self._closed_until = clock.now()
        self._busy_since: float | None = None
        self._changed = Condition()
        self._at_the_door = Lock()

    @property
    def granted(self) -> int:
        """How many may be in flight now."""
        return max(1, int(self._granted))

    @property
    def is_hopeless(self) -> bool:
        """Whether the server has had no room for so long, and no answer meanwhile, that waiting is of no use."""
        return self._busy_since is not None and self._clock.now() - self._busy_since >= LONGEST_BUSY_S

    @contextmanager
    def through(self) -> Iterator[int]:
        """Waits for its turn. Gives the round in which it went through, which a refusal names."""
        mine = self._entered()
        try:
            yield mine
        finally:
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    def _entered(self) -> int:
        while True:
            self._wait_until_open()
            with self._changed:
                self._changed.wait_for(lambda: self._inside < self.granted)
                if self._closed_for_s() <= 0:
                    self._inside += 1
                    return self._round

    def _wait_until_open(self) -> None:
        with self._at_the_door:  # one sleeps, the others stand behind it
            while (pause_s := self._closed_for_s()) > 0:
                self._clock.sleep(pause_s)

    def _closed_for_s(self) -> float:
        return self._closed_until - self._clock.now()

    def answered(self) -> None:
        """The server took a question: in time, one more."""
        with self._changed:
            self._any_answer, self._busy_since = True, None
            self._granted = min(self._most, self._granted + 1 / (_ROUNDS * self._granted))
            self._changed.notify_all()

    def refused(self, mine: int, told_s: float | None = None) -> None:
        """The server had no room. Of the questions of one round, only the first that is refused counts.

        `told_s`: for how long, by its own word. Nobody goes through until then.
        """
        with self._changed:
            now = self._clock.now()
            self._busy_since = now if self._busy_since is None else self._busy_since
            if mine == self._round:
                self._round += 1
                self._grant_less()
            if told_s and not self.is_hopeless:  # whoever still waits then asks once, and gives up
                self._closed_until = max(self._closed_until, now + min(told_s, LONGEST_PAUSE_S))
            self._changed.notify_all()

    def _grant_less(self) -> None:
        fewer = self._inside * _LESS if self._any_answer else self._granted * _HALF
        self._granted = max(1.0, min(self._granted, fewer))
        self._any_answer = False


class RetryBudget:
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
