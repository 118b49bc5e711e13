"""Errors in the codes and words of each host: what is about the account stops the run, the rest is about one video."""

import json
from typing import Any

import pytest
from scripted_endpoint import CANARY, llm

from gettok.errors import BadCredentials, BadSettings, Stop, Unusable
from gettok.llm.error_mapping import ErrorClassifier, ErrorResponse, Failure
from gettok.llm.response import AnswerSchema, CleanText, Reply, parse_answer
from gettok.settings.secrets import Secret


class Colour(AnswerSchema):
    colour: CleanText


def judged(status: int, body: Any, *, accepts_others: bool = True) -> Reply | Failure:
    classifier = ErrorClassifier(llm(), Secret(CANARY))
    return classifier.classify_response(
        ErrorResponse(status, json.dumps(body), {}), "model-a", accepts_others=accepts_others
    )


def reason(outcome: Reply | Failure) -> str:
    assert isinstance(outcome, Reply)
    with pytest.raises(Unusable) as caught:
        parse_answer(outcome, Colour)
    return caught.value.reason


def says(message: str, **more: Any) -> dict[str, Any]:
    return {"error": {"message": message} | more}


@pytest.mark.parametrize("accepts_others", [True, False])
@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, says("Your credit balance is too low to access the API.", type="invalid_request_error")),
        (400, says("Budget has been exceeded! Current cost: 1.2", type="budget_exceeded", code="400")),
        (400, says("Access denied.", code="Arrearage", type="Arrearage")),
        (400, {"code": "Arrearage", "message": "Access denied.", "request_id": "x"}),
        (429, says("No resource package", code="1113")),
        (429, says("No resource package", code=1113)),
        (402, says("Insufficient Balance")),
        (400, says("Insufficient Balance", code="invalid_request_error")),
        (403, says("no", code="insufficient_quota")),
    ],
)
def test_an_account_without_money_stops_the_run_under_any_status(
    status: int, body: Any, accepts_others: bool
) -> None:
    with pytest.raises(Stop, match="no money left"):
        judged(status, body, accepts_others=accepts_others)
    with pytest.raises(Stop, match="no money left"):
        ErrorClassifier(llm(), Secret(CANARY)).classify_200(json.dumps(body | {"code": 402}), {}, "model-a")


GOOGLE = {"status": "INVALID_ARGUMENT", "code": 400}


@pytest.mark.parametrize(
    "body",
    [
        says("API key expired. Please renew the API key.", **GOOGLE),
        [says("no", details=[{"reason": "API_KEY_INVALID"}], **GOOGLE)],
        says("Incorrect API key provided: xyz"),
        says("no", code="InvalidApiKey"),
    ],
)
def test_a_key_that_ran_out_stops_the_run_under_400(body: Any) -> None:
    with pytest.raises(BadCredentials):
        judged(400, body)


@pytest.mark.parametrize("accepts_others", [True, False])
@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, says("unsafe or sensitive content", code="1301")),
        (400, says("Content Exists Risk", code="invalid_request_error")),
        (400, {"detail": "Content Exists Risk"}),
        (400, says("litellm.ContentPolicyViolationError: no")),
        (400, says("Output blocked by content filtering policy")),
        (400, says("no", code="moderation_blocked")),
        (400, says("Provider returned error", metadata={"raw": '{"code": "content_filter"}'})),
        (403, says("Provider returned error", metadata={"raw": {"reason": "PROHIBITED_CONTENT"}})),
    ],
)
def test_a_filter_is_known_by_its_hosts_own_words(status: int, body: Any, accepts_others: bool) -> None:
    assert reason(judged(status, body, accepts_others=accepts_others)) == "filtered"


TOO_LARGE = (
    "'max_tokens' or 'max_completion_tokens' is too large: {limit}. This model's maximum context length is 8192 "
    "tokens and your request has 7900 input tokens ({limit} > 8192 - 7900)."
)


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "The input token count (1048600) exceeds the maximum number of tokens allowed (1048576)."),
        (400, "The input (9000 tokens) is longer than the model's context length (8192 tokens)."),
        (400, "The number of tokens to keep is greater than the context length"),
        (400, "Prompt exceeds max length"),
        (400, "This model's maximum prompt length is 131072 but the request contains 140000 tokens."),
        (400, "Input is too long for requested model."),
        (400, "input length and `max_tokens` exceed context limit: 198000 + 8192 > 200000"),
        (400, "prompt is too long: 210000 tokens > 200000 maximum"),
        (400, "Invalid request: Your request exceeded model token limit: 8192"),
        (400, "Range of input length should be [1, 30720]"),
        (422, "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096."),
        (400, TOO_LARGE.format(limit=1024)),
    ],
)
def test_a_prompt_that_is_too_long_is_known_by_its_hosts_own_words(status: int, message: str) -> None:
    assert reason(judged(status, says(message), accepts_others=False)) == "too_long"


def test_a_limit_beyond_the_context_is_for_a_person_to_correct() -> None:
    with pytest.raises(BadSettings):
        judged(400, says(TOO_LARGE.format(limit=9000)), accepts_others=False)


@pytest.mark.parametrize(
    "body",
    [
        {"detail": "no such field"},
        {"detail": [{"msg": "no such field"}]},
        {"errors": ["no such field"]},
        {"error": True, "message": "no such field"},
        {"error": {"errors": [{"message": "no such field"}]}},
    ],
)
def test_an_errors_text_is_shown_wherever_it_is(body: Any) -> None:
    with pytest.raises(BadSettings, match="no such field"):
        judged(422, body, accepts_others=False)
