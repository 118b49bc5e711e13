"""The Batch API gives the same answers, and each is paid for once, whatever happens."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from threading import Event
from typing import Any

import openai
import pytest
from batch_bench import KEY, Messages, asked, asked_in_batches, engine_for, items, step_of

from gettok.annotate.step import AnnotateStep
from gettok.errors import BadSettings, BudgetSpent, NotNow, Stop, Unusable
from gettok.llm import CallLog
from gettok.llm.batch.log import BatchLog, SettledCall
from gettok.llm.batch.results import BatchResults
from gettok.llm.client import chat_client
from gettok.llm.error_mapping import ErrorClassifier
from gettok.llm.response import Reply
from gettok.step import Answer
from sandbox.profiles import profile_named
from sandbox.server import Sandbox

BATCHES = "v1/batches"


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "videos.json").write_text("[]")
    return tmp_path / "corpus"


@pytest.fixture
def sandbox(corpus: Path) -> Iterator[Sandbox]:
    with Sandbox(corpus=corpus) as running:
        yield running
    chat_client.cache_clear()


def paid(sandbox: Sandbox) -> Counter[str]:
    """How often each question was answered."""
    return Counter(
        entry["subject"]
        for entry in sandbox.requests()
        if entry["path"] == "/v1/chat/completions" and entry["status"] == 200
    )


def rows(outcomes: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The table's row of each video, or its reason."""
    step = step_of(asked_in_batches(**changes), "http://x/v1", Path())
    return {video: row(step, outcome) for video, outcome in outcomes.items()}


def row(step: AnnotateStep, outcome: Any) -> Any:
    try:
        return step.read(outcome)
    except Unusable as error:
        return error.reason


def test_batches_give_the_rows_of_direct_calls_and_pay_for_each_question_once(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    messages: list[str] = []
    settings = asked_in_batches(votes=2, batch={"requests": 7})
    in_batches = asked(settings, sandbox.model, tmp_path / "batches", items(10), messages)
    assert paid(sandbox) == Counter(dict.fromkeys(paid(sandbox), 2))  # two votes have the same messages
    assert len(paid(sandbox)) == 10
    assert sum("questions to sandbox-vision" in line for line in messages) == 3
    direct = asked(settings.model_copy(update={"batch": None}), sandbox.model, tmp_path / "direct", items(10))
    assert rows(in_batches, votes=2) == rows(direct, votes=2)
    with CallLog(tmp_path / "batches", None) as ours, CallLog(tmp_path / "direct", None) as theirs:
        assert ours.by_model() == theirs.by_model()


def test_an_answer_that_is_here_is_not_asked_for_again_by_either_engine(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    first = asked(asked_in_batches(), sandbox.model, tmp_path, items(4))
    for settings in (asked_in_batches(), asked_in_batches().model_copy(update={"batch": None})):
        assert asked(settings, sandbox.model, tmp_path, items(4)) == first
    assert paid(sandbox).total() == 4


def test_f45_a_malformed_answer_is_asked_for_once_more_in_a_batch_of_its_own(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    sandbox.play([{"do": "malformed", "match": BATCHES}])
    messages: list[str] = []
    found = asked(asked_in_batches(), sandbox.model, tmp_path, items(6), messages)
    assert all(isinstance(outcome, Answer) for outcome in found.values())
    mended = sum(
        len(outcome.body["votes"][0]) - 1 for outcome in found.values() if isinstance(outcome, Answer)
    )
    assert 0 < mended < 6
    assert paid(sandbox).total() == 6 + mended
    assert [line for line in messages if f"{mended} questions" in line]


@pytest.mark.parametrize("fault", ["batch_expired", "batch_429", "batch_doubled", "batch_late"])
def test_f49_what_a_batch_leaves_open_is_asked_again_and_paid_for_once(
    sandbox: Sandbox, tmp_path: Path, fault: str
) -> None:
    sandbox.play([{"do": fault, "match": BATCHES}])
    found = asked(asked_in_batches(), sandbox.model, tmp_path, items(8))
    assert all(isinstance(outcome, Answer) for outcome in found.values())
    assert paid(sandbox) == Counter(dict.fromkeys(paid(sandbox), 1))
    with CallLog(tmp_path, None) as call_log:
        ((_, _, unknown, _),) = call_log.by_model()
    assert unknown == 0


def test_f49_a_result_that_never_comes_counts_in_full_and_is_asked_again(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    sandbox.play([{"do": "batch_missing", "match": BATCHES}])
    found = asked(asked_in_batches(), sandbox.model, tmp_path, items(8))
    assert all(isinstance(outcome, Answer) for outcome in found.values())
    with CallLog(tmp_path, None) as call_log:
        ((_, made, unknown, _),) = call_log.by_model()
    assert unknown == made - 8 > 0
    assert paid(sandbox).total() == made


def test_f49_a_file_that_is_cut_is_fetched_again(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.play([{"do": "cut", "match": "/content"}])
    found = asked(asked_in_batches(), sandbox.model, tmp_path, items(8))
    assert all(isinstance(outcome, Answer) for outcome in found.values())
    assert paid(sandbox).total() == 8


@pytest.mark.parametrize("fault", ["cut", "reset", "500", "429_rate"])
@pytest.mark.parametrize("match", ["v1/files", BATCHES])
def test_f49_trouble_at_any_of_its_requests_makes_no_second_batch(
    sandbox: Sandbox, tmp_path: Path, fault: str, match: str
) -> None:
    """If the response to its creation is cut, a batch exists whose id never arrived."""
    sandbox.play([{"do": fault, "match": match}])
    found = asked(asked_in_batches(), sandbox.model, tmp_path, items(5))
    assert all(isinstance(outcome, Answer) for outcome in found.values())
    assert paid(sandbox) == Counter(dict.fromkeys(paid(sandbox), 1))


def test_f44_a_filtered_prompt_and_a_refusal_are_reasons_in_a_batch_too(corpus: Path, tmp_path: Path) -> None:
    filtering = replace(profile_named("clean"), filtered_words=("golpista",))
    with Sandbox(corpus=corpus, profile=filtering) as sandbox:
        found = rows(asked(asked_in_batches(), sandbox.model, tmp_path, items(3)))
    assert found["1"][0]["reason"] == "filtered"
    assert found["0"][0]["label"] == "support"


@pytest.mark.parametrize("limit_at", ["validation", "creation"])
def test_f49_a_full_queue_is_met_with_fewer_and_smaller_batches(
    corpus: Path, tmp_path: Path, limit_at: str
) -> None:
    narrow = replace(profile_named("clean"), batch_queue_tokens=700, batch_limit_at=limit_at)
    with Sandbox(corpus=corpus, profile=narrow) as sandbox:
        found = asked(asked_in_batches(), sandbox.model, tmp_path, items(12))
        assert all(isinstance(outcome, Answer) for outcome in found.values())
        assert paid(sandbox) == Counter(dict.fromkeys(paid(sandbox), 1))
    chat_client.cache_clear()


def test_f49_a_queue_that_takes_nothing_is_for_a_person(corpus: Path, tmp_path: Path) -> None:
    narrow = replace(profile_named("clean"), batch_queue_tokens=10)
    with Sandbox(corpus=corpus, profile=narrow) as sandbox, pytest.raises(BadSettings, match="even one"):
        asked(asked_in_batches(), sandbox.model, tmp_path, items(3))


def test_files_keep_to_the_number_and_the_bytes_that_a_host_takes(sandbox: Sandbox, tmp_path: Path) -> None:
    messages: list[str] = []
    asked(asked_in_batches(batch={"bytes": 5000}), sandbox.model, tmp_path, items(9), messages)
    uploads = [e for e in sandbox.requests() if e["method"] == "POST" and e["path"] == "/v1/files"]
    assert 2 < len(uploads) < 9
    found = asked(asked_in_batches(batch={"bytes": 50}), sandbox.model, tmp_path / "other", items(1))
    assert isinstance(found["0"], BadSettings)
    assert "llm.batch.bytes allows 50" in str(found["0"])


def test_f46_one_request_that_the_host_does_not_take_is_about_its_video(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    sandbox.play([{"do": "batch_400", "match": BATCHES}])
    found = rows(asked(asked_in_batches(), sandbox.model, tmp_path, items(4)))
    assert 0 < [of_video[0].get("reason") for of_video in found.values()].count("not_taken") < 4


def test_no_file_stays_at_the_host_even_where_a_person_must_act(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.play([{"do": "batch_400", "match": BATCHES, "share": 1.0}])
    with pytest.raises(BadSettings, match="could not be processed"):
        asked(asked_in_batches(), sandbox.model, tmp_path, items(4))
    deleted = [e["path"] for e in sandbox.requests() if e["method"] == "DELETE"]
    assert len(deleted) == 2  # the questions, and the errors
    with CallLog(tmp_path, None) as call_log:
        assert call_log.spent_usd() < Decimal("0.01")
    assert len(asked(asked_in_batches(), sandbox.model, tmp_path, items(4))) == 4
    assert paid(sandbox) == Counter(dict.fromkeys(paid(sandbox), 1))


def test_f48_what_fits_the_budget_is_asked_and_then_the_run_stops(sandbox: Sandbox, tmp_path: Path) -> None:
    """Every question may cost a cent; a batch of some is settled before the next is created."""
    settings = asked_in_batches(budget_usd=0.02)
    with pytest.raises(BudgetSpent, match=r"llm\.budget_usd"):
        asked(settings, sandbox.model, tmp_path, items(60))
    with CallLog(tmp_path, None) as call_log:
        assert Decimal("0.01") < call_log.spent_usd() <= Decimal("0.02")
    answered = paid(sandbox).total()
    assert 0 < answered < 60
    found = asked(asked_in_batches(budget_usd=3.0), sandbox.model, tmp_path, items(60))
    assert all(isinstance(outcome, Answer) for outcome in found.values())
    assert paid(sandbox) == Counter(dict.fromkeys(paid(sandbox), 1))


def test_a_run_that_is_stopped_leaves_its_batch_to_the_next(corpus: Path, tmp_path: Path) -> None:
    slow = replace(profile_named("clean"), batch_polls=3)
    with Sandbox(corpus=corpus, profile=slow) as sandbox:
        settings, stop = asked_in_batches(), Event()
        step = step_of(settings, sandbox.model, tmp_path)
        messages = Messages(2, stop.set)
        with (
            CallLog(tmp_path, None) as call_log,
            engine_for(settings, sandbox.model, call_log, messages) as engine,
        ):
            assert list(engine.run(step, items(3), stop)) == []
            assert len(BatchLog(call_log, settings.base_url).pending_requests()) == 3
        direct = settings.model_copy(update={"batch": None})
        assert {type(each) for each in asked(direct, sandbox.model, tmp_path, items(3)).values()} == {NotNow}
        assert len(asked(settings, sandbox.model, tmp_path, items(3))) == 3
        assert paid(sandbox).total() == 3
    chat_client.cache_clear()


def test_a_batch_that_was_cancelled_is_for_a_person(corpus: Path, tmp_path: Path) -> None:
    slow = replace(profile_named("clean"), batch_polls=30)
    with (
        Sandbox(corpus=corpus, profile=slow) as sandbox,
        openai.OpenAI(base_url=sandbox.model, api_key="sandbox") as other_client,
    ):
        messages = Messages(2, lambda: other_client.batches.cancel(other_client.batches.list().data[0].id))
        with pytest.raises(Stop, match="was cancelled"):
            asked(asked_in_batches(), sandbox.model, tmp_path, items(3), messages)
    with CallLog(tmp_path, None) as call_log:
        assert call_log.by_model()[0].unknown == 0


def test_a_request_that_no_batch_answers_is_left_for_the_next_run(sandbox: Sandbox, tmp_path: Path) -> None:
    again = {"do": "batch_429", "match": BATCHES}
    sandbox.play([again | {"share": 0.5}, again | {"share": 1.0, "times": None}])
    found = asked(asked_in_batches(max_attempts=3), sandbox.model, tmp_path, items(6))
    reasons = Counter(outcome.reason if isinstance(outcome, Unusable) else "ok" for outcome in found.values())
    assert set(reasons) == {"ok", "unanswered"}


def test_batches_of_which_nothing_is_answered_are_not_repeated_for_ever(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    sandbox.play([{"do": "batch_429", "match": BATCHES, "share": 1.0, "times": None}])
    found = asked(asked_in_batches(max_attempts=3), sandbox.model, tmp_path, items(2))
    assert {type(outcome) for outcome in found.values()} == {NotNow}


def test_the_last_request_that_fails_is_distinguished_from_a_host_that_fails(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    asked(asked_in_batches(), sandbox.model, tmp_path, items(2))
    sandbox.play([{"do": "batch_429", "match": BATCHES, "share": 1.0, "times": None}])
    found = asked(asked_in_batches(max_attempts=2), sandbox.model, tmp_path, items(3))
    assert [outcome.reason for outcome in found.values() if isinstance(outcome, Unusable)] == ["unanswered"]


def test_a_batch_that_the_host_has_forgotten_counts_in_full(sandbox: Sandbox, tmp_path: Path) -> None:
    with CallLog(tmp_path, None) as call_log:
        log = BatchLog(call_log, "https://models.example/v1")
        begun = log.begin("sandbox-vision", "file-1", {"r": Decimal("0.5")})
        assert begun is not None
        log.set_id(begun, "batch_gone")
    assert len(asked(asked_in_batches(), sandbox.model, tmp_path, items(1))) == 1
    with CallLog(tmp_path, None) as call_log:
        assert call_log.by_model()[0].unknown == 1


def test_a_batch_of_a_model_that_is_no_longer_set_is_settled_all_the_same(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    reply = Reply(200, '{"choices": [{"message": {"content": "x"}}], "usage": {"prompt_tokens": 9}}')
    results = BatchResults(ErrorClassifier(asked_in_batches(), KEY), asked_in_batches(), "of-an-earlier-run")
    body = {"status_code": 200, "body": reply.body}
    ((request, settled),) = results.read([json.dumps({"custom_id": "r", "response": body}).encode()])
    assert (request, settled.usd) == ("r", None)
    assert settled.reply is not None


def test_of_a_call_that_comes_twice_the_first_counts(tmp_path: Path) -> None:
    with CallLog(tmp_path, None) as call_log:
        log = BatchLog(call_log, "host")
        begun = log.begin("m", "file-1", {"r": Decimal(1)})
        assert begun is not None
        first, second = (SettledCall(Decimal(usd), Reply(200, f'"{usd}"')) for usd in ("0.25", "0.5"))
        assert log.settle(begun, [("r", first), ("r", second), ("stranger", second)], None) == []
        assert call_log.stored_reply("r") == first.reply
        assert call_log.spent_usd() == Decimal("0.25")


def test_f49_results_that_the_host_has_lost_count_in_full_and_are_asked_again(
    corpus: Path, tmp_path: Path
) -> None:
    slow = replace(profile_named("clean"), batch_polls=2)
    with (
        Sandbox(corpus=corpus, profile=slow) as sandbox,
        openai.OpenAI(base_url=sandbox.model, api_key="sandbox") as other_client,
    ):

        def lose() -> None:
            (batch,) = other_client.batches.list().data
            other_client.batches.retrieve(batch.id)
            output = other_client.batches.retrieve(batch.id).output_file_id
            assert output is not None
            other_client.files.delete(output)

        found = asked(asked_in_batches(), sandbox.model, tmp_path, items(3), Messages(2, lose))
        assert all(isinstance(outcome, Answer) for outcome in found.values())
    with CallLog(tmp_path, None) as call_log:
        ((_, made, unknown, _),) = call_log.by_model()
    assert (made, unknown) == (6, 3)


def test_an_outage_while_a_batch_is_worked_on_does_not_end_the_wait(corpus: Path, tmp_path: Path) -> None:
    slow = replace(profile_named("clean"), batch_polls=4)
    with Sandbox(corpus=corpus, profile=slow) as sandbox:
        messages = Messages(2, lambda: sandbox.play([{"do": "reset", "match": "v1/batches/", "times": 20}]))
        found = asked(asked_in_batches(max_attempts=2), sandbox.model, tmp_path, items(3), messages)
        assert all(isinstance(outcome, Answer) for outcome in found.values())
        assert paid(sandbox).total() == 3


def test_f49_where_the_queue_takes_one_batch_no_two_are_sent_again_and_again(
    corpus: Path, tmp_path: Path
) -> None:
    narrow = replace(profile_named("clean"), batch_queue_tokens=700)
    with Sandbox(corpus=corpus, profile=narrow) as sandbox:
        asked(asked_in_batches(batch={"requests": 2}), sandbox.model, tmp_path, items(12))
        made = [e for e in sandbox.requests() if (e["method"], e["path"]) == ("POST", "/v1/batches")]
    assert len(made) <= 6 + 6  # the first round tries all; after that, as many as were taken
