"""An error within a 200 is judged as the same error under its own status; whatever else is no answer is asked again."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from decimal import Decimal
from typing import Any

import pytest
from scripted_endpoint import CANARY, Endpoint, Scripted, completion, fails, llm, new_folder, says

from gettok.errors import BadCredentials, BadSettings, NotNow, Stop, Unusable
from gettok.llm import CallLog, ModelCall, Question
from gettok.llm.batch.results import BatchResults
from gettok.llm.client import ChatClient
from gettok.llm.doctor import Doctor
from gettok.llm.error_mapping import ErrorClassifier, Failure
from gettok.llm.rate_limit import Clock
from gettok.llm.response import AnswerSchema, CleanText, Reply, parse_answer
from gettok.settings.secrets import Secret

TOO_LONG = "This endpoint's maximum context length is 8192 tokens. However, you requested about 9000 tokens."
FLAGGED = "Input was flagged by moderation"
CALL = ModelCall(Question("rule", ("which colour?",), "colour", {}))


class Colour(AnswerSchema):
    colour: CleanText


def bare(error: Any) -> dict[str, Any]:
    return {"error": error}


def with_choices(error: Any) -> dict[str, Any]:
    return json.loads(completion({"colour": "red"})) | {"error": error}


def in_a_choice(error: Any) -> dict[str, Any]:
    """As OpenRouter reports a host that fails while it writes."""
    body: dict[str, Any] = json.loads(completion('{"colour": "re', finish="error", usage=None))
    body["choices"][0]["error"] = error
    return body


def in_a_list(error: Any) -> list[dict[str, Any]]:
    """As Google reports errors."""
    return [{"error": error}]


SHAPES = [bare, with_choices, in_a_choice, in_a_list]


def judged(body: Any, headers: dict[str, str] | None = None) -> Reply | Failure:
    return ErrorClassifier(llm(), Secret(CANARY)).classify_200(json.dumps(body), headers or {}, "model-a")


def reason(outcome: Reply | Failure) -> str:
    assert isinstance(outcome, Reply)
    with pytest.raises(Unusable) as caught:
        parse_answer(outcome, Colour)
    return caught.value.reason


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    ("error", "status", "expected"),
    [
        ({"code": 403, "message": FLAGGED}, 403, "filtered"),
        ({"code": "403", "message": FLAGGED}, 403, "filtered"),
        ({"code": 400, "message": TOO_LONG}, 400, "too_long"),
        ({"code": "context_length_exceeded", "message": "no"}, 400, "too_long"),
        ({"code": 413, "message": "no"}, 413, "too_long"),
        ({"code": "content_filter", "message": "no"}, 400, "filtered"),
        ({"code": "data_inspection_failed", "message": "no"}, 400, "filtered"),
        ({"message": TOO_LONG}, 400, "too_long"),
        (TOO_LONG, 400, "too_long"),
        ({"code": 400, "message": "Provider returned error", "metadata": {"raw": TOO_LONG}}, 400, "too_long"),
    ],
)
def test_a_rejected_prompt_is_kept_verbatim_with_its_reason(
    shape: Callable[[Any], Any], error: Any, status: int, expected: str
) -> None:
    outcome = judged(shape(error))
    assert reason(outcome) == expected
    assert isinstance(outcome, Reply)
    assert outcome.status == status
    sent = shape(error)
    assert outcome.body == (sent[0] if isinstance(sent, list) else sent)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    "error",
    [
        {"code": 429, "message": "Rate limit exceeded"},
        {"code": "429", "message": "Rate limit exceeded"},
        {"code": "rate_limit_exceeded", "message": "Slow down"},
        {"code": None, "type": "rate_limit_error", "message": "Slow down"},
        {"status": "RESOURCE_EXHAUSTED", "message": "Quota for the minute"},
        {"code": 529, "message": "Overloaded"},
        {"type": "overloaded_error", "message": "Overloaded"},
    ],
)
def test_an_overloaded_host_is_waited_for_as_long_as_it_asks(shape: Callable[[Any], Any], error: Any) -> None:
    outcome = judged(shape(error), {"Retry-After": "120"})
    assert isinstance(outcome, Failure)
    assert (outcome.is_overloaded, outcome.wait_s) == (True, 120)
    assert outcome.is_free is (shape in {bare, in_a_list})  # an answer that was begun may be charged


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    "error",
    [
        {"code": 502, "message": "Provider returned error"},
        {"code": 408, "message": "timed out"},
        {"code": "server_error", "message": "oh"},
        {"code": 1, "message": "oh"},
        {"code": 200, "message": "oh"},
        {"code": {}, "message": ["oh"]},
        {"message": "oh"},
        "oh",
        ["oh"],
        True,
    ],
)
def test_other_trouble_may_pass(shape: Callable[[Any], Any], error: Any) -> None:
    outcome = judged(shape(error))
    assert isinstance(outcome, Failure)
    assert (outcome.is_overloaded, outcome.is_free, outcome.wait_s) == (False, False, None)
    assert outcome.what.startswith("200 without an answer: ")


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    ("error", "stop", "advice"),
    [
        ({"code": 401, "message": f"bad key {CANARY}"}, BadCredentials, "GETTOK_TEST_KEY"),
        ({"code": "invalid_api_key", "message": "no"}, BadCredentials, "GETTOK_TEST_KEY"),
        ({"code": 402, "message": "Insufficient credits"}, Stop, "top up"),
        ({"code": "insufficient_quota", "message": "no"}, Stop, "top up"),
        ({"code": 404, "message": "No endpoints found"}, BadSettings, "llm.model"),
        ({"code": 400, "message": f"temperature is not taken {CANARY}"}, BadSettings, "temperature"),
    ],
)
def test_what_a_person_must_change_stops_the_run(
    shape: Callable[[Any], Any], error: Any, stop: type[Stop], advice: str
) -> None:
    with pytest.raises(stop, match=advice) as caught:
        judged(shape(error))
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize(
    ("beside", "is_overloaded"),
    [
        ({"code": 429}, True),
        ({"status": "429"}, True),
        ({"error_type": "overloaded"}, True),
        ({"id": 429}, False),
    ],
)
def test_an_error_in_words_has_its_status_beside_it(beside: dict[str, Any], is_overloaded: bool) -> None:
    outcome = judged({"error": "Model is overloaded", **beside})
    assert isinstance(outcome, Failure)
    assert outcome.is_overloaded is is_overloaded
    assert "Model is overloaded" in outcome.what


@pytest.mark.parametrize("nothing", [None, "", {}, False, []])
def test_an_empty_error_is_none(nothing: Any) -> None:
    outcome = judged(with_choices(nothing))
    assert isinstance(outcome, Reply)
    assert (outcome.status, parse_answer(outcome, Colour).colour) == (200, "red")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" \n",
        b"<!doctype html><title>Sign in</title>",
        b'{"choices": []}',
        b'{"choices": null}',
        b'{"id": "x", "choices": [{"index": 0, "delta": {"content": "red"}}]}',
        b'data: {"choices": [{"delta": {"content": "red"}}]}\n\ndata: [DONE]\n\n',
        b'{"object": "error", "message": "upstream", "code": 500}',
        b'{"detail": "Internal Server Error"}',
        completion({"colour": "red"})[:-1],
    ],
)
def test_a_200_without_an_answer_is_asked_again(asking: "Asking", body: bytes) -> None:
    pages = Scripted(body=body, headers={"Content-Type": "text/html"})
    client, pauses = asking(pages, says({"colour": "red"}))
    assert parse_answer(client.reply(CALL), Colour).colour == "red"
    assert len(pauses) == 1


def test_a_byte_order_mark_before_the_body_is_left_out(asking: "Asking") -> None:
    client, _ = asking(Scripted(body=b"\xef\xbb\xbf" + completion({"colour": "red"})))
    assert parse_answer(client.reply(CALL), Colour).colour == "red"


Asking = Callable[..., tuple[ChatClient, list[float]]]


@pytest.fixture
def asking() -> Iterator[Asking]:
    """A client of an endpoint that plays a script, and the pauses that it makes."""
    clients: list[ChatClient] = []
    with Endpoint() as endpoint:

        def asking(*script: Scripted, **changes: Any) -> tuple[ChatClient, list[float]]:
            endpoint.plays(*script)
            pauses: list[float] = []
            clock = Clock(pauses.append, lambda: sum(pauses))
            log = CallLog(new_folder(), None)
            clients.append(ChatClient(llm(**changes), endpoint.url, Secret(CANARY), log, clock))
            return clients[-1], pauses

        yield asking
    for client in clients:
        client.close()


def test_the_client_waits_for_an_overload_within_a_200_and_counts_no_attempt(asking: Asking) -> None:
    busy = Scripted(
        body=json.dumps(bare({"code": 429, "message": "later"})).encode(), headers={"Retry-After": "120"}
    )
    client, pauses = asking(*[busy] * 3, says({"colour": "red"}), max_attempts=1)
    assert parse_answer(client.reply(CALL), Colour).colour == "red"
    assert pauses == [120, 120, 120]


def test_a_host_that_asks_for_an_hour_within_a_200_ends_the_run(asking: Asking) -> None:
    busy = Scripted(
        body=json.dumps(bare({"code": 429, "message": "day"})).encode(), headers={"Retry-After": "3600"}
    )
    client, pauses = asking(busy)
    with pytest.raises(NotNow, match="asks to wait 60 minutes"):
        client.reply(CALL)
    assert pauses == []


def test_googles_time_to_wait_is_in_the_body(asking: Asking) -> None:
    details = [
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "38.5s"},
        {"retryDelay": "soon"},
    ]
    error = {"code": 429, "message": "Quota", "status": "RESOURCE_EXHAUSTED", "details": details}
    client, pauses = asking(Scripted(429, json.dumps([bare(error)]).encode()), says({"colour": "red"}))
    client.reply(CALL)
    assert pauses == [38.5]


def test_a_filtered_answer_that_was_begun_costs_what_it_counted(asking: Asking) -> None:
    begun = in_a_choice({"code": 403, "message": FLAGGED}) | {
        "usage": {"prompt_tokens": 1000, "completion_tokens": 0}
    }
    free = bare({"code": 403, "message": FLAGGED})
    for body, usd in ((begun, Decimal("0.001")), (free, Decimal(0))):
        client, _ = asking(Scripted(body=json.dumps(body).encode()))
        assert reason(client.reply(CALL)) == "filtered"
        assert client._call_log.spent_usd() == usd


def test_the_results_of_a_batch_are_read_in_the_same_way() -> None:
    bodies = {
        "whole": json.loads(completion('<think>hm</think>```json\n{"colour": "red"}\n```')),
        "flagged": bare({"code": 403, "message": FLAGGED}),
        "busy": bare({"code": 429, "message": "later"}),
        "broken": json.loads(completion("", finish="network_error")),
    }
    lines = [
        json.dumps({"custom_id": name, "response": {"status_code": 200, "body": body}}).encode()
        for name, body in bodies.items()
    ]
    results = BatchResults(ErrorClassifier(llm(), Secret(CANARY)), llm(), "model-a")
    settled = dict(results.read([b"\n".join(lines)]))
    replies = {name: call.reply for name, call in settled.items()}
    assert {name for name, reply in replies.items() if reply is None} == {"busy", "broken"}
    assert parse_answer(replies["whole"] or Reply(500, ""), Colour).colour == "red"
    assert reason(replies["flagged"] or Reply(200, "")) == "filtered"
    assert (settled["flagged"].usd, settled["busy"].usd, settled["broken"].usd) == (0, 0, None)


@pytest.mark.parametrize(
    ("error", "can", "shown"),
    [
        ({"code": 502, "message": "Provider returned error"}, None, "Provider returned error"),
        ({"code": 429, "message": "later"}, None, "later"),
        ({"code": 403, "message": FLAGGED}, False, FLAGGED),
        ({"code": 400, "message": "temperature is not taken"}, False, "set llm.temperature to null"),
    ],
)
def test_the_doctor_shows_an_error_within_a_200(error: Any, can: bool | None, shown: str) -> None:
    with Endpoint() as endpoint, CallLog(new_folder(), None) as call_log:
        endpoint.plays(says("model"), Scripted(body=json.dumps(bare(error)).encode()))
        with closing(Doctor(llm(), endpoint.url, Secret(CANARY), call_log)) as doctor:
            _, answers = doctor.findings()
    assert answers.can is can
    assert shown in f"{answers.detail} {answers.advice}"


def test_the_doctor_takes_a_fenced_answer_for_one_that_follows_the_schema() -> None:
    fenced = says('<think>It is LIMA.</think>\n```json\n{"text": "LIMA"}\n```')
    with Endpoint() as endpoint, CallLog(new_folder(), None) as call_log:
        endpoint.plays(says("model"), says("yes"), fenced, *[fails(500)] * 9)
        with closing(Doctor(llm(), endpoint.url, Secret(CANARY), call_log)) as doctor:
            found = list(doctor.findings())
    assert [finding.can for finding in found[:3]] == [True, True, True]
