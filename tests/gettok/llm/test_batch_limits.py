"""What ends a batch and its wait: every status, how often, in a row or in all, and what fits into one file."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest
from scripted_endpoint import CANARY, Endpoint, Scripted, completion, llm, new_folder

from gettok.errors import BadSettings, NotNow, Stop, Unusable
from gettok.llm import CallLog
from gettok.llm.batch.client import BatchClient, _status_from
from gettok.llm.batch.engine import BatchEngine, _Round
from gettok.llm.batch.log import BatchLog, SettledCall
from gettok.llm.batch.queue import BatchQueue
from gettok.llm.batch.results import BatchResults
from gettok.llm.connection import connect
from gettok.llm.error_mapping import ErrorClassifier
from gettok.llm.response import Reply
from gettok.settings import Batch
from gettok.settings.secrets import Secret

KEY = Secret(CANARY)


ONE_USD = Decimal(1)
BATCH = Batch(requests=100, bytes=10_000, poll_s=0.01)


@contextmanager
def queue_at(*script: Scripted) -> Iterator[SimpleNamespace]:
    """A queue at a host that answers by a script."""
    with (
        Endpoint() as endpoint,
        closing(connect(llm(), endpoint.url, KEY)) as connection,
        CallLog(new_folder(), None) as call_log,
    ):
        endpoint.plays(*script)
        client = BatchClient(connection, ErrorClassifier(llm(), KEY), 1, lambda _: None)
        log, said = BatchLog(call_log, "host"), list[str]()
        queue = BatchQueue(llm(), BATCH, client, log, said.append)
        yield SimpleNamespace(queue=queue, log=log, endpoint=endpoint, call_log=call_log, said=said)


def begun(log: BatchLog, *requests: str, batch_id: str = "b") -> Any:
    batch = log.begin("model-a", f"file-{batch_id}", dict.fromkeys(requests, ONE_USD))
    assert batch is not None
    return log.set_id(batch, batch_id)


def status(name: str, **body: Any) -> Scripted:
    return Scripted(body=json.dumps({"id": "b", "status": name} | body).encode())


def line(request: str, code: int = 200, body: Any = None) -> bytes:
    answer = json.loads(completion({"a": 1})) if body is None else body
    return json.dumps({"custom_id": request, "response": {"status_code": code, "body": answer}}).encode()


DELETED = Scripted(body=b'{"id": "x", "deleted": true, "object": "file"}')


@pytest.mark.parametrize("name", ["completed", "failed", "expired", "cancelled", "gone"])
def test_every_final_status_ends_a_batch(name: str) -> None:
    assert _status_from({"status": name}).is_final


@pytest.mark.parametrize("name", ["validating", "in_progress", "finalizing", "cancelling", "", None])
def test_no_other_status_ends_a_batch(name: str | None) -> None:
    assert not _status_from({"status": name}).is_final


@pytest.mark.parametrize(
    ("body", "files", "done", "total", "is_queue_full"),
    [
        ({"request_counts": {"completed": 3, "failed": 2, "total": 9}}, (), 5, 9, False),
        ({"request_counts": None, "errors": None}, (), 0, 0, False),
        ({"request_counts": {"failed": 2}}, (), 2, 0, False),
        ({"output_file_id": "o", "error_file_id": "e"}, ("o", "e"), 0, 0, False),
        ({"output_file_id": None, "error_file_id": "e"}, ("e",), 0, 0, False),
        ({"errors": {"data": [{"code": "x"}, {"code": "token_limit_exceeded"}]}}, (), 0, 0, True),
        ({"errors": {"data": [{"code": "x"}, None]}}, (), 0, 0, False),
    ],
)
def test_a_status_is_read_whatever_it_leaves_out(
    body: Any, files: tuple[str, ...], done: int, total: int, is_queue_full: bool
) -> None:
    found = _status_from(body)
    assert (found.files, found.done, found.total) == (files, done, total)
    assert found.is_queue_full is is_queue_full


def test_a_batch_whose_results_are_missing_is_polled_five_times_and_then_counts_in_full() -> None:
    done = status("completed", output_file_id="out")
    incomplete = Scripted(body=line("q1"))
    with queue_at(*[done, incomplete] * 5, DELETED, DELETED) as run:
        batch = begun(run.log, "q1", "q2")
        for _ in range(4):
            assert run.queue.poll() == {batch.number}
            assert run.call_log.spent_usd() == 2
        assert run.queue.poll() == set()
        assert run.queue.attempts == {"q2": 1}
        assert run.queue.has_answers
        assert run.call_log.stored_reply("q1") is not None
        assert run.call_log.spent_usd() == 1 + Decimal("0.002")
        assert run.endpoint.paths[-2:] == ["/v1/files/file-b", "/v1/files/out"]


def test_a_batch_that_is_complete_is_settled_at_the_first_poll() -> None:
    both = Scripted(body=line("q2") + b"\n\nno JSON\n" + line("q1"))
    with queue_at(status("completed", output_file_id="out"), both, DELETED, DELETED) as run:
        begun(run.log, "q1", "q2")
        assert run.queue.poll() == set()
        assert run.queue.attempts == {}


@pytest.mark.parametrize("name", ["expired", "cancelled"])
def test_what_a_batch_left_unanswered_at_its_end_counts_nothing_and_is_counted_once(name: str) -> None:
    left = Scripted(body=line("q1") + b"\n" + json.dumps({"custom_id": "q2", "response": None}).encode())
    with queue_at(status(name, output_file_id="out"), left, DELETED, DELETED) as run:
        begun(run.log, "q1", "q2")
        if name == "cancelled":
            with pytest.raises(Stop, match="was cancelled"):
                run.queue.poll()
        else:
            run.queue.poll()
        assert run.queue.attempts == {"q2": 1}
        assert run.call_log.spent_usd() == Decimal("0.002")


def test_a_batch_without_a_reply_is_no_sign_that_the_host_answers() -> None:
    failed = Scripted(body=line("q1", 500, {"error": {"message": "no"}}))
    with queue_at(status("completed", error_file_id="err"), failed, DELETED, DELETED) as run:
        begun(run.log, "q1")
        run.queue.poll()
        assert not run.queue.has_answers
        assert run.call_log.spent_usd() == 1


FULL = status("failed", errors={"data": [{"code": "token_limit_exceeded"}]})


@pytest.mark.parametrize(("questions", "most"), [(5, 2), (4, 2), (2, 1)])
def test_a_queue_that_does_not_take_a_batch_gets_one_of_half_its_size(questions: int, most: int) -> None:
    with queue_at(FULL, DELETED) as run:
        begun(run.log, *map(str, range(questions)))
        assert run.queue.poll() == set()
        assert (run.queue.most_batches, run.queue.most_requests) == (1, most)
        assert run.call_log.spent_usd() == 0


def test_a_queue_with_other_batches_in_it_takes_as_many_as_those() -> None:
    running = status("in_progress")
    with queue_at(running, running, FULL, DELETED) as run:
        for name in "abc":
            begun(run.log, name, batch_id=name)
        assert len(run.queue.poll()) == 2
        assert (run.queue.most_batches, run.queue.most_requests) == (2, 100)


def test_a_queue_that_does_not_take_a_single_question_is_for_a_person() -> None:
    with queue_at(FULL, DELETED) as run:
        begun(run.log, "q")
        with pytest.raises(BadSettings, match="does not take even one question"):
            run.queue.poll()


def test_a_status_is_reported_once() -> None:
    first, second = (status("in_progress", request_counts={"completed": done, "total": 2}) for done in (0, 1))
    with queue_at(first, first, second) as run:
        begun(run.log, "q")
        for _ in range(3):
            run.queue.poll()
        assert run.said == ["batch b: in_progress, 0 of 2 done", "batch b: in_progress, 1 of 2 done"]


def page(*batches: tuple[str, str], more: bool) -> Scripted:
    data = [{"id": batch_id, "input_file_id": file} for batch_id, file in batches]
    return Scripted(body=json.dumps({"object": "list", "data": data, "has_more": more}).encode())


@pytest.mark.parametrize(
    ("script", "found", "cursors"),
    [
        ([page(("1", "x"), ("2", "f"), more=True)], "2", [""]),
        ([page(("1", "x"), ("2", "y"), more=True), page(("3", "f"), more=False)], "3", ["", "2"]),
        ([page(("1", "x"), more=False)], None, [""]),
        ([page(more=True)], None, [""]),
        ([page(("1", "x"), more=True), page(("1", "x"), more=True)], None, ["", "1"]),
    ],
)
def test_a_batch_is_looked_for_page_by_page(
    script: list[Scripted], found: str | None, cursors: list[str]
) -> None:
    with queue_at(*script) as run:
        assert run.queue._client.find("f") == found
        asked = [path.partition("after=")[2].partition("&")[0] for path in run.endpoint.paths]
        assert asked == cursors


class Host:
    """A queue that is polled with these results: whether the host can be reached."""

    poll_s = 0.0

    def __init__(self, *reached: bool) -> None:
        self.reached = [*reached]
        self.log = SimpleNamespace(call_log=None)
        self.attempts: Counter[str] = Counter()
        self.has_answers = False

    def poll(self) -> set[int]:
        if not self.reached:
            return set()
        if not self.reached.pop(0):
            raise NotNow("no connection", "", "")
        return {1}


def waited(*reached: bool) -> Host:
    host = Host(*reached)
    BatchEngine(llm(), BATCH, host)._wait(_Round({}, batches={1}), Event())  # type: ignore[arg-type]
    return host


def test_polls_that_fail_end_the_wait_only_sixty_in_a_row() -> None:
    assert waited(*[*[False] * 59, True] * 3).reached == []
    with pytest.raises(NotNow, match="no connection"):
        waited(True, *[False] * 60)


@pytest.mark.parametrize(
    ("attempts", "has_answers", "error"),
    [(2, True, None), (3, True, Unusable), (3, False, NotNow), (4, True, Unusable), (2, False, None)],
)
def test_a_question_is_given_up_after_as_many_batches_as_attempts(
    attempts: int, has_answers: bool, error: type[Exception] | None
) -> None:
    host = Host()
    host.has_answers, host.attempts["q"] = has_answers, attempts
    engine = BatchEngine(llm(max_attempts=3), BATCH, host)  # type: ignore[arg-type]
    if error is None:
        engine._refuse_unanswerable(["p", "q"])
    else:
        with pytest.raises(error):
            engine._refuse_unanswerable(["p", "q"])


@pytest.mark.parametrize(
    ("age", "host", "is_recent"),
    [
        ("-2 days", "host", True),
        ("-71 hours", "host", True),
        ("-73 hours", "host", False),
        ("-2 days", "another", False),
    ],
)
def test_answers_of_the_last_three_days_show_that_the_host_answers(
    tmp_path: Path, age: str, host: str, is_recent: bool
) -> None:
    with CallLog(tmp_path, None) as call_log:
        log = BatchLog(call_log, "host")
        batch = begun(log, "q")
        assert not log.has_recent_answers()
        log.settle(batch, [("q", SettledCall(ONE_USD, Reply(200, "{}")))], None)
        with call_log.transaction() as database:
            database.execute("UPDATE batches SET made_at = datetime('now', ?)", (age,))
        assert BatchLog(call_log, host).has_recent_answers() is is_recent


@pytest.mark.parametrize(
    ("others", "usd"),
    [(None, Decimal("2.5")), (Decimal(0), Decimal("0.5")), (Decimal("0.1"), Decimal("0.7"))],
)
def test_each_call_without_an_outcome_costs_what_is_said(
    tmp_path: Path, others: Decimal | None, usd: Decimal
) -> None:
    with CallLog(tmp_path, None) as call_log:
        log = BatchLog(call_log, "host")
        log.settle(begun(log, *"abc"), [("a", SettledCall(Decimal("0.5")))], others)
        assert call_log.spent_usd() == usd


@pytest.mark.parametrize(
    ("code", "body", "usd", "is_kept"),
    [
        (200, None, "0.002", True),
        (429, {"error": {"message": "slow"}}, "0", False),
        (503, {"error": {"message": "no"}}, "0", False),
        (500, {"error": {"message": "no"}}, None, False),
        (502, {"error": {"message": "no"}}, None, False),
        ("x", {"error": {"message": "no"}}, None, False),
        (400, {"error": {"code": "content_filter", "message": "no"}}, "0", True),
        (200, {"error": {"code": 400, "message": "content_filter"}, "usage": {}}, "0", True),
    ],
)
def test_every_line_of_a_result_has_its_cost(code: Any, body: Any, usd: str | None, is_kept: bool) -> None:
    results = BatchResults(ErrorClassifier(llm(), KEY), llm(), "model-a")
    ((_, settled),) = results.read([line("q", code, body)])
    assert settled.usd == (None if usd is None else Decimal(usd))
    assert (settled.reply is not None) is is_kept


def test_what_a_host_does_not_take_is_about_a_video_only_if_it_takes_another_of_the_batch() -> None:
    refused = {"error": {"message": "unsupported picture"}}
    for lines, is_stopped in (
        ([line("a", 400, refused), line("b")], False),
        ([line("a", 400, refused)], True),
    ):
        results = BatchResults(ErrorClassifier(llm(), KEY), llm(), "model-a")
        first, *_ = results.read([b"\n".join(lines)])
        assert (results.stop is not None, first[1].reply is None) == (is_stopped, is_stopped)
