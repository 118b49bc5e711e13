"""How many questions are in flight: as many as the settings allow and the server accepts.

When a server says that it is overloaded, fewer requests are sent at once, and after a while one more is tried. If that
goes well, more and more are tried, since the server may allow many more by now. When it says how long to wait, no
request at all is sent until then: a new one would take the place of one that has waited.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Condition, Event, Lock

from gettok.errors import Interrupted
from gettok.http.retry_after import LONGEST_RETRY_AFTER_S

#: The limit after a rejection, as a share of what was in flight; the second if nothing was answered since the last one.
_REDUCED, _HALVED = 0.95, 0.5
#: By how much the limit grows in a round of answers. This doubles with each round without a rejection, up to a share of
#: the limit.
_INCREASE, _MOST_INCREASE = 0.25, 0.25
#: The longest single wait of our own choice.
LONGEST_PAUSE_S = 60.0
#: How long a server may reject every question before we give up. Not shorter than a wait that it may ask for.
LONGEST_OVERLOAD_S = LONGEST_RETRY_AFTER_S
#: Retries: how many to begin with, how many each answer earns, and how many can be saved up.
_INITIAL_RETRIES, _RETRIES_PER_ANSWER, _MOST_RETRIES = 50.0, 0.2, 500.0
#: When this many questions fail in a row, the server is at fault and not the questions.
_MOST_FAILED_IN_A_ROW = 5


@dataclass(frozen=True)
class Clock:
    """The time in seconds, and how to wait; tests replace both."""

    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.monotonic


CLOCK = Clock()


def interruptible_clock(stop: Event) -> Clock:
    """A clock whose `sleep` raises `Interrupted` as soon as `stop` is set."""

    def sleep(seconds: float) -> None:
        if stop.wait(seconds):
            raise Interrupted

    return Clock(sleep)


class AdaptiveLimiter:
    """Limits how many threads send at a time, and adapts the limit to what the server accepts."""

    def __init__(self, max_concurrency: int, clock: Clock = CLOCK) -> None:
        self._most = float(max_concurrency)
        self._limit = float(max_concurrency)
        self._clock = clock
        self._in_flight = 0
        self._round = 0
        self._increase, self._answers = _INCREASE, 0
        self._has_answers = True
        self._paused_until = clock.now()
        self._overloaded_since: float | None = None
        self._changed = Condition()
        self._pausing = Lock()

    @property
    def limit(self) -> int:
        """How many may be in flight now."""
        return max(1, int(self._limit))

    @property
    def is_hopeless(self) -> bool:
        """Whether the server has rejected every question for so long that waiting is pointless."""
        since = self._overloaded_since
        return since is not None and self._clock.now() - since >= LONGEST_OVERLOAD_S

    @contextmanager
    def slot(self) -> Iterator[int]:
        """Wait for a free slot and hold it. Yields the current round, which `rejected` needs."""
        round_ = self._acquire()
        try:
            yield round_
        finally:
            with self._changed:
                self._in_flight -= 1
                self._changed.notify_all()

    def _acquire(self) -> int:
        while True:
            self._wait_while_paused()
            with self._changed:
                self._changed.wait_for(lambda: self._in_flight < self.limit)
                if self._pause_left_s() <= 0:
                    self._in_flight += 1
                    return self._round

    def _wait_while_paused(self) -> None:
        with self._pausing:  # one thread sleeps, and the others wait for it
            while (pause_s := self._pause_left_s()) > 0:
                self._clock.sleep(pause_s)

    def _pause_left_s(self) -> float:
        return self._paused_until - self._clock.now()

    def answered(self) -> None:
        """Report that the server answered a question: the limit grows, slowly at first."""
        with self._changed:
            self._has_answers, self._overloaded_since = True, None
            self._answers += 1
            if self._answers >= self._limit:
                most = max(_INCREASE, _MOST_INCREASE * self._limit)
                self._answers, self._increase = 0, min(2 * self._increase, most)
            self._limit = min(self._most, self._limit + self._increase / self._limit)
            self._changed.notify_all()

    def rejected(self, round_: int, wait_s: float | None = None) -> None:
        """Report that the server was overloaded. Within a round, only the first rejection lowers the limit.

        `wait_s` is how long the server asks to wait; nothing is sent until then, unless it is longer than any wait.
        """
        with self._changed:
            now = self._clock.now()
            self._overloaded_since = now if self._overloaded_since is None else self._overloaded_since
            if round_ == self._round:
                self._round += 1
                self._lower()
            asked_s = 0.0 if wait_s is None or wait_s > LONGEST_RETRY_AFTER_S else wait_s
            if not self.is_hopeless:  # once hopeless, waiting threads try once more and give up
                self._paused_until = max(self._paused_until, now + asked_s)
            self._changed.notify_all()

    def _lower(self) -> None:
        fewer = self._in_flight * _REDUCED if self._has_answers else self._limit * _HALVED
        self._limit = max(1.0, min(self._limit, fewer))
        self._increase, self._answers = _INCREASE, 0
        self._has_answers = False


class RetryBudget:
    """How many retries a run may make: some to begin with, and one more for every few answers.

    If every request fails, each question would be retried up to its limit; the budget ends such a run much earlier.
    """

    def __init__(self) -> None:
        self._left = _INITIAL_RETRIES
        self._answers = 0
        self._failed_in_a_row = 0
        self._lock = Lock()

    @property
    def answers(self) -> int:
        """How many questions were answered."""
        return self._answers

    def earn(self) -> None:
        """Count an answer."""
        with self._lock:
            self._left = min(self._left + _RETRIES_PER_ANSWER, _MOST_RETRIES)
            self._answers += 1
            self._failed_in_a_row = 0

    def spend(self) -> bool:
        """Take one retry; whether there was one left."""
        with self._lock:
            if self._left < 1:
                return False
            self._left -= 1
            return True

    def give_up(self, answers_before: int) -> bool:
        """Count a question that failed on every try; whether the question is at fault and not the server.

        It is if others were answered since it began, and not too many failed in a row.
        """
        with self._lock:
            self._failed_in_a_row += 1
            return self._answers > answers_before and self._failed_in_a_row < _MOST_FAILED_IN_A_ROW
