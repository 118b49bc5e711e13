"""As many are in flight as the settings allow and the server accepts."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from gettok.llm.rate_limit import AdaptiveLimiter, Clock, RetryBudget


def test_no_more_are_in_flight_than_allowed_and_all_get_through():
    limiter, lock = AdaptiveLimiter(3), threading.Lock()
    seen = {"in_flight": 0, "most": 0}

    def go_through(_):
        with limiter.slot():
            with lock:
                seen["in_flight"] += 1
                seen["most"] = max(seen["most"], seen["in_flight"])
            threading.Event().wait(0.002)
            with lock:
                seen["in_flight"] -= 1

    with ThreadPoolExecutor(9) as threads:
        list(threads.map(go_through, range(40)))
    assert seen == {"in_flight": 0, "most": 3}


def enter(limiter, count):
    """Enter this many slots; returns them, and their rounds."""
    slots = [limiter.slot() for _ in range(count)]
    return slots, [slot.__enter__() for slot in slots]


def leave(slots):
    for slot in slots:
        slot.__exit__(None, None, None)


def test_a_refusal_lowers_what_is_in_flight_once_for_all_that_were_sent_together():
    limiter = AdaptiveLimiter(40)
    slots, rounds = enter(limiter, 40)
    for round_ in rounds[:20]:
        limiter.rejected(round_)
    assert limiter.limit == 38
    leave(slots)


def test_the_limit_stays_near_what_the_server_accepts():
    """A server that accepts 32: the mean in flight stays above nine tenths of that, and few are rejected."""
    limiter, capacity = AdaptiveLimiter(64), 32
    flights, rejected = [], 0
    for _ in range(400):
        slots, rounds = enter(limiter, limiter.limit)
        taken = min(len(rounds), capacity)
        for _ in rounds[:taken]:
            limiter.answered()
        for round_ in rounds[taken:]:
            limiter.rejected(round_)
        rejected += len(rounds) - taken
        flights.append(taken)
        leave(slots)
    settled = flights[20:]
    assert sum(settled) / len(settled) > 0.9 * capacity
    assert rejected < 0.05 * sum(flights)


def test_one_may_always_be_in_flight():
    limiter = AdaptiveLimiter(1)
    for _ in range(5):
        with limiter.slot() as round_:
            limiter.rejected(round_)
    assert limiter.limit == 1


def test_refusals_without_an_answer_in_between_halve_what_is_in_flight():
    limiter = AdaptiveLimiter(64)
    for left in (60, 30, 15, 7):
        slots, rounds = enter(limiter, limiter.limit)
        limiter.rejected(rounds[0])
        assert limiter.limit == left
        leave(slots)
    limiter.answered()
    slots, rounds = enter(limiter, limiter.limit)
    limiter.rejected(rounds[0])
    assert limiter.limit == 6
    leave(slots)


def test_a_time_to_wait_applies_to_all_threads_and_is_waited_once():
    pauses = []
    limiter = AdaptiveLimiter(2, Clock(pauses.append, lambda: sum(pauses)))
    with limiter.slot() as round_:
        limiter.rejected(round_, 20)
        limiter.rejected(round_, 8)

    def go_through(_):
        with limiter.slot():
            return sum(pauses)

    with ThreadPoolExecutor(9) as threads:
        assert set(threads.map(go_through, range(40))) == {20}
    assert pauses == [20]


def test_a_run_in_which_all_fails_stops_retrying_and_one_that_goes_well_earns_retries():
    retries = RetryBudget()
    assert sum(retries.spend() for _ in range(200)) == 50
    for _ in range(10):
        retries.earn()
    assert sum(retries.spend() for _ in range(200)) == pytest.approx(2, abs=1)
