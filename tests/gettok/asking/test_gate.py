"""As many are in flight as the settings allow and the server grants."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from gettok.llm.rate_limit import AdaptiveLimiter, Clock, RetryBudget


def test_no_more_are_inside_than_allowed_and_all_get_through():
    gate, lock = AdaptiveLimiter(3), threading.Lock()
    seen = {"inside": 0, "most": 0}

    def go_through(_):
        with gate.through():
            with lock:
                seen["inside"] += 1
                seen["most"] = max(seen["most"], seen["inside"])
            threading.Event().wait(0.002)
            with lock:
                seen["inside"] -= 1

    with ThreadPoolExecutor(9) as threads:
        list(threads.map(go_through, range(40)))
    assert seen == {"inside": 0, "most": 3}


def inside(gate, count):
    """So many in flight; gives their rounds, and what lets them out."""
    entered = [gate.through() for _ in range(count)]
    return entered, [one.__enter__() for one in entered]


def out(entered):
    for one in entered:
        one.__exit__(None, None, None)


def test_a_refusal_lowers_what_is_in_flight_once_for_all_that_were_sent_together():
    gate = AdaptiveLimiter(40)
    entered, rounds = inside(gate, 40)
    for one in rounds[:20]:
        gate.refused(one)
    assert gate.granted == 38
    out(entered)


def test_what_the_server_grants_is_found_and_kept_near():
    """A server with room for 32: the mean in flight stays above nine tenths of it, and few are refused."""
    gate, room = AdaptiveLimiter(64), 32
    flights, refused = [], 0
    for _ in range(400):
        entered, rounds = inside(gate, gate.granted)
        taken = min(len(rounds), room)
        for _ in rounds[:taken]:
            gate.answered()
        for one in rounds[taken:]:
            gate.refused(one)
        refused += len(rounds) - taken
        flights.append(taken)
        out(entered)
    settled = flights[20:]
    assert sum(settled) / len(settled) > 0.9 * room
    assert refused < 0.05 * sum(flights)


def test_one_may_always_go():
    gate = AdaptiveLimiter(1)
    for _ in range(5):
        with gate.through() as mine:
            gate.refused(mine)
    assert gate.granted == 1


def test_refusals_without_an_answer_in_between_halve_what_is_in_flight():
    gate = AdaptiveLimiter(64)
    for left in (60, 30, 15, 7):
        entered, rounds = inside(gate, gate.granted)
        gate.refused(rounds[0])
        assert gate.granted == left
        out(entered)
    gate.answered()
    entered, rounds = inside(gate, gate.granted)
    gate.refused(rounds[0])
    assert gate.granted == 6
    out(entered)


def test_a_time_that_is_told_holds_everybody_back_and_passes_once_for_all():
    pauses = []
    gate = AdaptiveLimiter(2, Clock(pauses.append, lambda: sum(pauses)))
    with gate.through() as mine:
        gate.refused(mine, 20)
        gate.refused(mine, 8)

    def go_through(_):
        with gate.through():
            return sum(pauses)

    with ThreadPoolExecutor(9) as threads:
        assert set(threads.map(go_through, range(40))) == {20}
    assert pauses == [20]


def test_a_run_in_which_all_fails_stops_repeating_and_one_that_goes_well_may_go_on():
    allowance = RetryBudget()
    assert sum(allowance.spend() for _ in range(200)) == 50
    for _ in range(10):
        allowance.earn()
    assert sum(allowance.spend() for _ in range(200)) == pytest.approx(2, abs=1)
