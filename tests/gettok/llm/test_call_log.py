"""The call log keeps the budget, whatever happens, and a reply is never paid for twice."""

import sys
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from decimal import Decimal
from multiprocessing import get_context
from pathlib import Path

import pytest

from gettok.errors import BudgetSpent
from gettok.llm import CallLog
from gettok.llm.response import Reply

WORST = Decimal("0.01")
REPLY = Reply(200, '{"choices": [{"message": {"content": "¡sí!"}}]}')


def test_a_call_is_on_disk_before_it_leaves_and_counts_in_full_until_it_is_settled(tmp_path):
    with CallLog(tmp_path, None) as call_log, CallLog(tmp_path, None) as another:
        with call_log.reserve_budget("m", "r", WORST) as cost:
            assert another.spent_usd() == WORST
            cost.usd, cost.reply = Decimal("0.002"), REPLY
        assert another.spent_usd() == Decimal("0.002")
        assert another.stored_reply("r") == REPLY
        assert another.stored_reply("s") is None


def test_f48_a_call_without_a_known_cost_counts_as_its_worst_case(tmp_path):
    with CallLog(tmp_path, None) as call_log:
        with call_log.reserve_budget("m", "r", WORST) as cost:
            cost.reply = REPLY
        assert call_log.spent_usd() == WORST
        assert call_log.by_model() == [("m", 1, 1, WORST)]


def test_f47_a_call_that_ended_in_silence_counts_in_full_and_has_no_reply(tmp_path):
    with CallLog(tmp_path, None) as call_log:
        with pytest.raises(KeyboardInterrupt), call_log.reserve_budget("m", "r", WORST):
            raise KeyboardInterrupt
        assert call_log.stored_reply("r") is None
        assert call_log.by_model() == [("m", 1, 1, WORST)]


def test_f48_a_call_that_the_budget_does_not_reach_for_is_not_made(tmp_path):
    with CallLog(tmp_path, 0.025) as call_log:
        for request in "ab":
            with call_log.reserve_budget("m", request, WORST) as cost:
                cost.reply = REPLY
        with (
            pytest.raises(BudgetSpent, match=r"0\.0200 so far") as stopped,
            call_log.reserve_budget("m", "c", WORST),
        ):
            raise AssertionError("made")
        assert stopped.value.exit_code == 76
        assert "llm.budget_usd" in stopped.value.can
        assert call_log.spent_usd() == 2 * WORST


def test_f48_near_its_end_the_budget_waits_for_what_is_in_flight(tmp_path):
    """Two worst cases exceed the budget, two real costs do not."""
    with CallLog(tmp_path, 0.015) as call_log, ThreadPoolExecutor(1) as other:
        with call_log.reserve_budget("m", "a", WORST) as cost:
            waiting = other.submit(one_call, call_log, "b")
            with pytest.raises(FutureTimeout):
                waiting.result(0.2)
            assert call_log.spent_usd() == WORST
            cost.usd, cost.reply = Decimal("0.001"), REPLY
        waiting.result(30)
        assert call_log.spent_usd() == Decimal("0.002")


def one_call(call_log, request, usd="0.001"):
    with call_log.reserve_budget("m", request, WORST) as cost:
        cost.usd, cost.reply = Decimal(usd), REPLY


def test_a_run_that_was_killed_in_a_call_has_spent_its_worst_case(tmp_path):
    process = get_context("spawn").Process(target=killed_in_a_call, args=(str(tmp_path),))
    process.start()
    process.join(60)
    assert process.exitcode == -9
    with CallLog(tmp_path, None) as call_log:
        assert call_log.spent_usd() == WORST
        assert call_log.stored_reply("r") is None


def killed_in_a_call(folder):
    import os  # noqa: PLC0415
    import signal  # noqa: PLC0415

    with CallLog(Path(folder), None) as call_log, call_log.reserve_budget("m", "r", WORST):
        os.kill(os.getpid(), signal.SIGKILL)


def test_several_processes_share_one_budget(tmp_path):
    with get_context("spawn").Pool(3) as pool:
        made = sum(pool.map(spend_all, [str(tmp_path)] * 3))
    assert made == 10
    with CallLog(tmp_path, 0.1) as call_log:
        assert call_log.spent_usd() == Decimal("0.1")


def spend_all(folder):
    made = 0
    with CallLog(Path(folder), 0.1) as call_log:
        while True:
            try:
                one_call(call_log, f"{id(call_log)}{made}{sys.argv}", usd="0.01")
            except BudgetSpent:
                return made
            made += 1
