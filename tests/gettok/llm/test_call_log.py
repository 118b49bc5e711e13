"""The call log keeps the budget, whatever happens, and a reply is never paid for twice."""

import json
import sqlite3
import sys
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from decimal import Decimal
from multiprocessing import get_context
from pathlib import Path
from queue import Empty, Queue
from threading import Thread

import pytest

from gettok.errors import BudgetSpent, NoSpace
from gettok.llm import CallLog
from gettok.llm.call_log import AskedFor
from gettok.llm.response import Reply
from gettok.store import disk_space
from gettok.store.database import Database

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


def test_f37_a_call_whose_reply_might_not_fit_on_the_disk_is_not_made(tmp_path, monkeypatch):
    with CallLog(tmp_path, None) as call_log:
        monkeypatch.setattr(disk_space, "RESERVE_BYTES", 10**18)
        with pytest.raises(NoSpace, match=str(tmp_path)), call_log.reserve_budget("m", "r", WORST):
            raise AssertionError("made")
        assert call_log.by_model() == []


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


def test_f48_a_call_whose_settling_fails_leaves_no_other_one_waiting_for_the_budget(tmp_path):
    """The worst case of the failed one stays spent, so the other one is refused."""
    with CallLog(tmp_path, 0.015) as call_log:
        with call_log.transaction() as database:
            database.execute(
                "CREATE TRIGGER broken BEFORE UPDATE ON calls BEGIN SELECT RAISE(ABORT, 'no settling'); END"
            )
        refused: Queue[BudgetSpent] = Queue()

        def ask_another() -> None:
            try:
                one_call(call_log, "b")
            except BudgetSpent as spent:
                refused.put(spent)

        def ask() -> None:
            with call_log.reserve_budget("m", "a", WORST) as cost:
                Thread(target=ask_another, daemon=True).start()
                with pytest.raises(Empty):
                    refused.get(timeout=0.2)
                cost.usd, cost.reply = Decimal("0.001"), REPLY

        with pytest.raises(sqlite3.IntegrityError, match="no settling"):
            ask()
        assert refused.get(timeout=30).exit_code == 76
        assert call_log.spent_usd() == WORST


def one_call(call_log, request, usd="0.001"):
    with call_log.reserve_budget("m", request, WORST) as cost:
        cost.usd, cost.reply = Decimal(usd), REPLY


def test_a_run_that_was_killed_in_a_call_has_spent_its_worst_case(tmp_path):
    process = get_context("fork").Process(target=killed_in_a_call, args=(str(tmp_path),))
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
    with get_context("fork").Pool(3) as pool:
        made = sum(pool.map(spend_all, [str(tmp_path)] * 3))
    assert made == 10
    with CallLog(tmp_path, 0.1) as call_log:
        assert call_log.spent_usd() == Decimal("0.1")


def test_a_log_is_opened_while_another_process_spends(tmp_path, monkeypatch):
    with CallLog(tmp_path, None) as other:
        rows = Database.rows

        def spend_after(file, query, values=()):
            found = rows(file, query, values)
            if query.startswith("SELECT COALESCE(SUM"):
                one_call(other, "a")
            return found

        monkeypatch.setattr(Database, "rows", spend_after)
        with CallLog(tmp_path, None) as call_log:
            assert call_log.spent_usd() == Decimal("0.002")


def spend_all(folder):
    made = 0
    with CallLog(Path(folder), 0.1) as call_log:
        while True:
            try:
                one_call(call_log, f"{id(call_log)}{made}{sys.argv}", usd="0.01")
            except BudgetSpent:
                return made
            made += 1


@pytest.mark.parametrize(("budget_usd", "fits"), [(0.01, True), (0.009999999, False), (0.0, False)])
def test_f48_a_worst_case_of_exactly_what_is_left_is_asked(budget_usd, fits, tmp_path):
    with CallLog(tmp_path, budget_usd) as call_log:
        assert call_log.remaining_usd() == Decimal(str(budget_usd))
        if fits:
            one_call(call_log, "a", usd="0.01")
            assert call_log.remaining_usd() == 0
        else:
            with pytest.raises(BudgetSpent):
                one_call(call_log, "a")


def test_f48_a_cost_is_rounded_up_and_the_budget_down(tmp_path):
    with CallLog(tmp_path, 0.0000000019) as call_log:
        assert call_log.remaining_usd() == Decimal("1e-9")
        with call_log.reserve_budget("m", "a", Decimal("1e-10")) as cost:
            cost.usd = Decimal("1e-12")
        assert call_log.spent_usd() == Decimal("1e-9")


def test_f48_what_each_model_has_cost_is_listed_by_name(tmp_path):
    with CallLog(tmp_path, None) as call_log:
        for model, request, usd in [("b", "1", "0.001"), ("a", "2", "0.002"), ("b", "3", "0.003")]:
            with call_log.reserve_budget(model, request, WORST) as cost:
                cost.usd = Decimal(usd)
        with call_log.reserve_budget("a", "4", WORST):
            pass
        assert call_log.by_model() == [("a", 2, 1, Decimal("0.012")), ("b", 2, 0, Decimal("0.004"))]
        assert call_log.spent_usd() == Decimal("0.016")


def test_f48_a_call_that_ends_above_its_worst_case_is_counted_as_it_was(tmp_path):
    with CallLog(tmp_path, 0.02) as call_log:
        one_call(call_log, "a", usd="0.03")
        assert call_log.spent_usd() == Decimal("0.03")
        assert call_log.remaining_usd() == 0
        with pytest.raises(BudgetSpent):
            one_call(call_log, "b")


SANDBOX, REAL = "sandbox:", "https://models.example/v1"


def test_the_sandbox_s_money_and_real_money_are_counted_apart(tmp_path):
    with CallLog(tmp_path, 0.015, SANDBOX) as call_log:
        one_call(call_log, "a", usd="0.01")
        with pytest.raises(BudgetSpent, match=r"\$0\.0100 so far"):
            one_call(call_log, "b")
    with CallLog(tmp_path, 0.015, REAL) as call_log:
        assert (call_log.spent_usd(), call_log.by_model()) == (0, [])
        one_call(call_log, "c", usd="0.002")
        assert call_log.remaining_usd() == Decimal("0.013")
    with CallLog(tmp_path, None, "https://elsewhere.example/v1") as call_log:
        assert call_log.spent_usd() == Decimal("0.002"), "another real host's money is real, too"
    with CallLog(tmp_path, None, SANDBOX) as call_log:
        assert call_log.spent_usd() == Decimal("0.01")
        assert call_log.stored_reply("c") == REPLY


def test_a_log_from_before_cached_tokens_were_logged_opens_and_measures_what_it_has(tmp_path):
    with CallLog(tmp_path, None, REAL) as call_log:
        counted_call(call_log, "a", AskedFor("stance", 100), (100, 20, None))
    with sqlite3.connect(tmp_path / "calls.sqlite") as old:
        old.executescript("DROP INDEX calls_again; ALTER TABLE calls DROP COLUMN cached;")
        old.execute(f"CREATE INDEX calls_again ON calls ({', '.join(AGAIN_BEFORE)})")
    with CallLog(tmp_path, None, REAL, to_read=True) as call_log:
        assert call_log.measured("m", "stance") == (1, 1.0, 100, 20, 0.0)
    with CallLog(tmp_path, None, REAL) as call_log:
        counted_call(call_log, "b", AskedFor("stance", 100), (300, 20, 200))
        assert call_log.measured("m", "stance") == (2, 2.0, 200, 20, 0.5)


#: The columns that were indexed before.
AGAIN_BEFORE = (
    "model", "request", "reserved", "settled", "uncounted", "status", "batch", "host", "question", "expected",
    "input", "output",
)  # fmt: skip


def counted_call(log: CallLog, request: str, asked: AskedFor, counted: tuple[int, int, int | None]) -> None:
    sent, received, cached = counted
    usage = {"prompt_tokens": sent, "completion_tokens": received}
    usage |= {"prompt_tokens_details": {"cached_tokens": cached}}
    with log.reserve_budget("m", request, WORST, asked) as cost:
        cost.usd, cost.reply = Decimal("0.001"), Reply(200, json.dumps({"usage": usage}))


def test_a_log_from_before_hosts_were_logged_opens_and_its_calls_count_as_real(tmp_path):
    with sqlite3.connect(tmp_path / "calls.sqlite") as old:
        old.executescript(OLD)
    for budget_left, host in [("0.008", REAL), ("0.01", SANDBOX)]:
        with CallLog(tmp_path, 0.01, host) as call_log:
            assert call_log.remaining_usd() == Decimal(budget_left)
            assert call_log.stored_reply("r") == Reply(200, "{}")
            assert call_log.measured("m", "stance") is None
    with CallLog(tmp_path, None, REAL) as call_log:
        one_call(call_log, "s")
        assert call_log.spent_usd() == Decimal("0.003")


#: What the first version of this file made, with one call.
OLD = """
CREATE TABLE IF NOT EXISTS calls (
    n INTEGER PRIMARY KEY, sent_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP, model TEXT NOT NULL, request TEXT NOT NULL,
    reserved INTEGER NOT NULL, settled INTEGER, uncounted INTEGER NOT NULL DEFAULT 0, status INTEGER, reply BLOB,
    batch INTEGER
);
CREATE INDEX IF NOT EXISTS calls_again ON calls (model, request, reserved, settled, uncounted, status, batch);
CREATE TABLE IF NOT EXISTS batches (
    n INTEGER PRIMARY KEY, made_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP, host TEXT NOT NULL, model TEXT NOT NULL,
    file TEXT NOT NULL, id TEXT, is_over INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS batches_again ON batches (host, model, file, id, is_over);
CREATE INDEX IF NOT EXISTS calls_of_batch ON calls (batch, request) WHERE batch IS NOT NULL;
CREATE INDEX IF NOT EXISTS calls_with_reply ON calls (request) WHERE reply IS NOT NULL;
CREATE INDEX IF NOT EXISTS calls_in_batch ON calls (request) WHERE batch IS NOT NULL AND settled IS NULL;
CREATE TABLE IF NOT EXISTS total (one INTEGER PRIMARY KEY CHECK (one = 1), spent INTEGER NOT NULL);
INSERT OR IGNORE INTO total VALUES (1, 2000000);
INSERT INTO calls (model, request, reserved, settled, status, reply)
VALUES ('m', 'r', 10000000, 2000000, 200, x'789cabae0500017500f9');
"""


def test_what_the_host_counted_is_measured_by_question_model_and_host(tmp_path):
    def call(log, request, question, expected, counted):
        counted_call(log, request, AskedFor(question, expected), (*counted, None))

    with CallLog(tmp_path, None, REAL) as call_log:
        call(call_log, "a", "stance", 200, (100, 20))
        call(call_log, "b", "stance", 600, (300, 40))
        call(call_log, "c", "description", 1000, (7, 7))
        one_call(call_log, "d")
        assert call_log.measured("m", "stance") == (2, 0.5, 200, 30, 0.0)
        assert call_log.measured("another", "stance") is None
    with CallLog(tmp_path, None, SANDBOX) as call_log:
        assert call_log.measured("m", "stance") is None, "the sandbox says nothing about a real host"
