"""The record of calls keeps the budget, whatever happens, and never pays for a reply twice."""

import sys
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from decimal import Decimal
from multiprocessing import get_context
from pathlib import Path

import pytest

from gettok.errors import BudgetSpent
from gettok.llm import Calls
from gettok.llm.response import Reply

WORST = Decimal("0.01")
REPLY = Reply(200, '{"choices": [{"message": {"content": "¡sí!"}}]}')


def test_a_call_is_on_disk_before_it_leaves_and_counts_in_full_until_it_is_settled(tmp_path):
    with Calls(tmp_path, None) as calls, Calls(tmp_path, None) as another:
        with calls.reserve_budget("m", "r", WORST) as bill:
            assert another.spent_usd() == WORST
            bill.usd, bill.reply = Decimal("0.002"), REPLY
        assert another.spent_usd() == Decimal("0.002")
        assert another.known("r") == REPLY
        assert another.known("s") is None


def test_f48_a_call_whose_cost_nobody_counted_costs_its_worst_case(tmp_path):
    with Calls(tmp_path, None) as calls:
        with calls.reserve_budget("m", "r", WORST) as bill:
            bill.reply = REPLY
        assert calls.spent_usd() == WORST
        assert calls.by_model() == [("m", 1, 1, WORST)]


def test_f47_a_call_that_ended_in_silence_counts_in_full_and_has_no_reply(tmp_path):
    with Calls(tmp_path, None) as calls:
        with pytest.raises(KeyboardInterrupt), calls.reserve_budget("m", "r", WORST):
            raise KeyboardInterrupt
        assert calls.known("r") is None
        assert calls.by_model() == [("m", 1, 1, WORST)]


def test_f48_a_call_that_the_budget_does_not_reach_for_is_not_made(tmp_path):
    with Calls(tmp_path, 0.025) as calls:
        for request in "ab":
            with calls.reserve_budget("m", request, WORST) as bill:
                bill.reply = REPLY
        with (
            pytest.raises(BudgetSpent, match=r"0\.0200 so far") as stopped,
            calls.reserve_budget("m", "c", WORST),
        ):
            raise AssertionError("made")
        assert stopped.value.exit_code == 76
        assert "llm.budget_usd" in stopped.value.can
        assert calls.spent_usd() == 2 * WORST


def test_f48_near_its_end_the_budget_waits_for_what_is_in_flight(tmp_path):
    """Two worst cases do not fit, two true costs do."""
    with Calls(tmp_path, 0.015) as calls, ThreadPoolExecutor(1) as other:
        with calls.reserve_budget("m", "a", WORST) as bill:
            waiting = other.submit(one_call, calls, "b")
            with pytest.raises(FutureTimeout):
                waiting.result(0.2)
            assert calls.spent_usd() == WORST
            bill.usd, bill.reply = Decimal("0.001"), REPLY
        waiting.result(30)
        assert calls.spent_usd() == Decimal("0.002")


def one_call(calls, request, usd="0.001"):
    with calls.reserve_budget("m", request, WORST) as bill:
        bill.usd, bill.reply = Decimal(usd), REPLY


def test_a_run_that_was_killed_in_a_call_has_spent_its_worst_case(tmp_path):
    process = get_context("spawn").Process(target=killed_in_a_call, args=(str(tmp_path),))
    process.start()
    process.join(60)
    assert process.exitcode == -9
    with Calls(tmp_path, None) as calls:
        assert calls.spent_usd() == WORST
        assert calls.known("r") is None


def killed_in_a_call(folder):
    import os  # noqa: PLC0415
    import signal  # noqa: PLC0415

    with Calls(Path(folder), None) as calls, calls.reserve_budget("m", "r", WORST):
        os.kill(os.getpid(), signal.SIGKILL)


def test_several_processes_share_one_budget(tmp_path):
    with get_context("spawn").Pool(3) as pool:
        made = sum(pool.map(spend_all, [str(tmp_path)] * 3))
    assert made == 10
    with Calls(tmp_path, 0.1) as calls:
        assert calls.spent_usd() == Decimal("0.1")


def spend_all(folder):
    made = 0
    with Calls(Path(folder), 0.1) as calls:
        while True:
            try:
                one_call(calls, f"{id(calls)}{made}{sys.argv}", usd="0.01")
            except BudgetSpent:
                return made
            made += 1
