"""As many are in flight as the settings allow and the server accepts."""

import queue
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from gettok.errors import Interrupted
from gettok.llm.rate_limit import AdaptiveLimiter, Clock, RetryBudget, interruptible_clock


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


@pytest.mark.parametrize(("low", "most_rejected"), [(32, 0.05), (16, 0.15)])
def test_the_limit_stays_near_what_the_server_accepts(low, most_rejected):
    """A server that accepts 32, or fewer every other 20 rounds: nine tenths of that are in flight, few are rejected."""
    limiter = AdaptiveLimiter(64)
    flights, capacities, rejected = [], [], 0
    for number in range(400):
        capacity = low if number // 20 % 2 else 32
        slots, rounds = enter(limiter, limiter.limit)
        taken = min(len(rounds), capacity)
        for _ in rounds[:taken]:
            limiter.answered()
        for round_ in rounds[taken:]:
            limiter.rejected(round_)
        rejected += len(rounds) - taken
        flights.append(taken)
        capacities.append(capacity)
        leave(slots)
    assert sum(flights[20:]) > 0.9 * sum(capacities[20:])
    assert rejected < most_rejected * sum(flights)


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


def test_f36_a_stop_ends_the_threads_that_wait_for_a_pause_and_for_a_slot():
    """One is in flight, one waits for the slot, and the others for the pause that the first asks for."""
    stop, ended = threading.Event(), queue.Queue()
    limiter = AdaptiveLimiter(1, interruptible_clock(stop))

    def go_through():
        try:
            with limiter.slot():
                ended.put("sent")
        except Interrupted:
            ended.put("interrupted")

    with limiter.slot() as round_:
        for _ in range(3):
            threading.Thread(target=go_through, daemon=True).start()
        limiter.rejected(round_, 500)
        stop.set()
    assert [ended.get(timeout=30) for _ in range(3)] == ["interrupted"] * 3
    with pytest.raises(Interrupted), limiter.slot():
        pass


def test_a_question_that_fails_in_its_slot_frees_it():
    limiter, entered = AdaptiveLimiter(1), queue.Queue()

    def go_through():
        with limiter.slot():
            entered.put("in")

    def fail():
        with limiter.slot():
            threading.Thread(target=go_through, daemon=True).start()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert entered.get(timeout=30) == "in"


def test_a_run_in_which_all_fails_stops_retrying_and_one_that_goes_well_earns_retries():
    retries = RetryBudget()
    assert sum(retries.spend() for _ in range(200)) == 50
    for _ in range(10):
        retries.earn()
    assert sum(retries.spend() for _ in range(200)) == pytest.approx(2, abs=1)


def spent(retries):
    """How many retries are left; takes them all."""
    taken = 0
    while retries.spend():
        taken += 1
    return taken


def test_five_answers_earn_one_retry_and_no_more_than_500_are_saved_up():
    retries = RetryBudget()
    spent(retries)
    for _ in range(4):
        retries.earn()
    assert spent(retries) == 0
    retries.earn()
    assert spent(retries) == 1
    for _ in range(5000):
        retries.earn()
    assert spent(retries) == 500


def test_only_five_failures_in_a_row_are_the_servers_fault():
    retries = RetryBudget()
    for _ in range(4):
        retries.earn()
        assert [retries.give_up(0) for _ in range(4)] == [True] * 4
    assert retries.give_up(0) is False


def test_a_question_is_at_fault_only_if_another_was_answered_since_it_began():
    retries = RetryBudget()
    retries.earn()
    assert (retries.give_up(1), retries.give_up(0)) == (False, True)


def test_the_limit_grows_by_a_quarter_in_the_first_round_and_by_more_in_each_one_after_it():
    limiter = AdaptiveLimiter(14)
    slots, rounds = enter(limiter, 12)
    limiter.rejected(rounds[0])  # 11.4
    limits = []
    for _ in range(60):
        limiter.answered()
        limits.append(limiter.limit)
    assert [limits.count(limit) for limit in (11, 12, 13)] == [19, 15, 8]
    assert limits[-1] == 14, "and not above the settings"
    limiter.rejected(1)
    limiter.answered()
    leave(slots)
    slots, rounds = enter(limiter, 11)
    limiter.rejected(rounds[0])  # 10.45
    for _ in range(11):
        limiter.answered()
    assert limiter.limit == 10, "slowly again after a rejection"
    leave(slots)


def test_refusals_of_an_earlier_round_do_not_lower_the_limit_again():
    limiter = AdaptiveLimiter(40)
    slots, rounds = enter(limiter, 40)
    limiter.rejected(rounds[0])
    later, (round_,) = enter_one_more(limiter, slots)
    limiter.rejected(rounds[1])
    assert limiter.limit == 38
    limiter.answered()
    limiter.rejected(round_)
    assert limiter.limit < 38
    leave(later)


def enter_one_more(limiter, slots):
    """Enter one slot after all others were left."""
    leave(slots)
    return enter(limiter, 1)


def test_a_server_that_rejects_all_is_hopeless_after_exactly_ten_minutes_without_an_answer():
    passed = [0.0]
    limiter = AdaptiveLimiter(2, Clock(lambda _: None, lambda: passed[0]))
    limiter.rejected(0)
    passed[0] = 599.9
    limiter.rejected(1)
    assert not limiter.is_hopeless
    passed[0] = 600.0
    assert limiter.is_hopeless
    limiter.answered()
    assert not limiter.is_hopeless


@pytest.mark.parametrize(("asked_s", "paused_s"), [(600.0, 600.0), (600.1, 0.0), (0.0, 0.0), (None, 0.0)])
def test_a_time_to_wait_of_up_to_ten_minutes_pauses_all(asked_s, paused_s):
    pauses = []
    limiter = AdaptiveLimiter(2, Clock(pauses.append, lambda: sum(pauses)))
    limiter.rejected(0, asked_s)
    with limiter.slot():
        assert sum(pauses) == paused_s
