"""Every status, code and wording of the tables by which a host's error is judged: one row lost is one host misread."""

import json
from typing import Any

import httpx
import openai
import pytest
from scripted_endpoint import CANARY, llm

from gettok.errors import BadCredentials, BadSettings, Stop
from gettok.llm.error_mapping import ErrorClassifier, ErrorResponse, Failure
from gettok.llm.error_words import account_trouble, error_text, rejection_reason
from gettok.llm.response import Reply
from gettok.settings.secrets import Secret

CLASSIFIER = ErrorClassifier(llm(), Secret(CANARY))


REQUEST = httpx.Request("POST", "https://models.example/v1")


def judged(
    status: int, error: Any, *, accepts_others: bool = False, headers: dict[str, str] | None = None
) -> Any:
    returned = ErrorResponse(status, json.dumps({"error": error}), headers or {})
    return CLASSIFIER.classify_response(returned, "model-a", accepts_others=accepts_others)


@pytest.mark.parametrize("accepts_others", [True, False])
@pytest.mark.parametrize(
    ("status", "is_overloaded", "is_free"),
    [
        (408, False, False),
        (409, False, True),
        (429, True, True),
        (500, False, False),
        (502, False, False),
        (503, False, True),
        (504, False, False),
        (520, False, False),
        (529, True, True),
    ],
)
def test_a_status_says_whether_the_host_has_capacity_and_whether_a_model_was_asked(
    status: int, is_overloaded: bool, is_free: bool, accepts_others: bool
) -> None:
    """What is not free counts in full: behind a gateway's 502 or 504 a model may have answered, and charged for it."""
    outcome = judged(status, {"message": "oh", "code": "odd"}, accepts_others=accepts_others)
    assert isinstance(outcome, Failure)
    assert (outcome.is_overloaded, outcome.is_free, outcome.code) == (is_overloaded, is_free, "odd")


@pytest.mark.parametrize(
    ("status", "alone", "beside_answers"),
    [
        (400, BadSettings, Reply),
        (401, BadCredentials, BadCredentials),
        (402, Stop, Stop),
        (403, BadCredentials, BadCredentials),
        (404, BadSettings, BadSettings),
        (405, BadSettings, BadSettings),
        (410, BadSettings, BadSettings),
        (413, Reply, Reply),
        (415, BadSettings, BadSettings),
        (422, BadSettings, Reply),
        (499, BadSettings, BadSettings),
    ],
)
def test_a_status_without_known_words_is_about_the_settings_the_account_or_this_prompt(
    status: int, alone: type, beside_answers: type
) -> None:
    for accepts_others, expected in ((False, alone), (True, beside_answers)):
        try:
            outcome: object = judged(status, {"message": "oh"}, accepts_others=accepts_others)
        except Stop as stop:
            outcome = stop
        assert type(outcome) is expected


def test_an_overload_under_another_status_is_known_by_its_code() -> None:
    outcome = judged(500, {"message": "oh", "type": "overloaded_error"})
    assert (outcome.is_overloaded, outcome.is_free) == (True, False)
    assert not judged(500, {"message": "overloaded_error", "type": "api_error"}).is_overloaded


@pytest.mark.parametrize(
    ("cause", "is_free"),
    [
        (httpx.ConnectError("no"), True),
        (httpx.ConnectTimeout("no"), True),
        (httpx.ReadError("no"), False),
        (httpx.ReadTimeout("no"), False),
        (httpx.WriteTimeout("no"), False),
        (httpx.RemoteProtocolError("no"), False),
        (None, False),
    ],
)
def test_only_a_request_that_never_left_is_free(cause: Exception | None, is_free: bool) -> None:
    for error in (openai.APITimeoutError(REQUEST), openai.APIConnectionError(request=REQUEST)):
        error.__cause__ = cause
        outcome = CLASSIFIER.classify(error, "model-a")
        assert isinstance(outcome, Failure)
        assert outcome.is_free is is_free
        assert ("silent" in outcome.what) is (isinstance(error, openai.APITimeoutError) and not is_free)


NO_MONEY_CODES = [
    "insufficient_quota",
    "billing_hard_limit_reached",
    "billing_not_active",
    "billing_error",
    "insufficient_balance",
    "insufficient_credits",
    "payment_required",
    "budget_exceeded",
    "arrearage",
    "1113",
]


BAD_KEY_CODES = [
    "invalid_api_key",
    "authentication_error",
    "api_key_invalid",
    "api_key_expired",
    "invalidapikey",
]


TOO_LONG_CODES = ["context_length_exceeded", "string_above_max_length", "exceed_context_size_error", "1261"]


FILTER_CODES = [
    "content_filter",
    "content_policy_violation",
    "data_inspection_failed",
    "datainspectionfailed",
    "moderation_blocked",
    "contentpolicyviolationerror",
    "1301",
]


CODES = [
    *((code, "no_money") for code in NO_MONEY_CODES),
    *((code, "bad_key") for code in BAD_KEY_CODES),
    *((code, "too_long") for code in TOO_LONG_CODES),
    *((code, "filtered") for code in FILTER_CODES),
]


def meaning(status: int, error: Any) -> str:
    return account_trouble(error) or rejection_reason(status, error)


@pytest.mark.parametrize(("code", "expected"), CODES)
@pytest.mark.parametrize("status", [400, 403, 429, 500])
def test_every_code_means_the_same_in_each_field_and_under_each_status(
    code: str, expected: str, status: int
) -> None:
    for error in (
        *({field: code.upper(), "message": "no"} for field in ("code", "type", "status", "error_type")),
        {"message": "no", "details": [{}, {"reason": code}]},
    ):
        assert meaning(status, error) == expected


WORDS = {
    "no_money": [
        "Your credit balance is too low",
        "Insufficient balance",
        "insufficient account balance",
        "insufficient credit",
        "insufficient credits",
        "Insufficient funds",
        "Budget has been exceeded!",
        "your account is in arrears",
        "the account is in overdue",
        "an overdue payment",
        "an overdue-payment",
    ],
    "bad_key": [
        "API key expired",
        "api_key has expired",
        "API key not valid",
        "the api key invalid",
        "Invalid API key",
        "Incorrect API key provided",
        "an expired api-key",
    ],
    "too_long": [
        "maximum context length",
        "maximum model length",
        "the context size",
        "the context window",
        "prompt is too long",
        "Entity too large",
        "input token count (7) exceeds the maximum",
        "longer than the model's context length",
        "longer than the context length",
        "greater than the context length",
        "it overflows: context overflows",
        "context the overflows",
        "prompt exceeds max length",
        "prompt exceeds maximum length",
        "maximum prompt length",
        "input is too long",
        "exceed context limit",
        "exceeds the context limit",
        "exceeded model token limit",
        "range of input length",
        "`inputs` tokens + `max_new_tokens` must be <= 7",
    ],
    "filtered": [
        "content_filter",
        "PROHIBITED_CONTENT",
        "content_policy_violation",
        "ContentPolicyViolationError",
        "data_inspection_failed",
        "DataInspectionFailed",
        "moderation_blocked",
        "Content Exists Risk",
        "blocked by content filter",
        "blocked by our content filter",
    ],
}


SENTENCES = [(words, expected) for expected, sentences in WORDS.items() for words in sentences]


@pytest.mark.parametrize(("words", "expected"), SENTENCES)
def test_every_wording_means_the_same_in_each_place(words: str, expected: str) -> None:
    for error in (
        {"message": f"no: {words}"},
        {"detail": words.upper()},
        {"errors": [words]},
        {"message": "Provider returned error", "metadata": {"raw": words}},
    ):
        assert meaning(400, error) == expected


@pytest.mark.parametrize(
    ("status", "words", "expected"),
    [
        (400, "maximum context length", "too_long"),
        (422, "maximum context length", "too_long"),
        (403, "maximum context length", "not_taken"),
        (500, "maximum context length", "not_taken"),
        (413, "no", "too_long"),
        (400, "content_filter", "filtered"),
        (403, "content_filter", "filtered"),
        (422, "content_filter", "filtered"),
        (404, "content_filter", "not_taken"),
        (500, "content_filter", "not_taken"),
        (403, "it was flagged", "filtered"),
        (403, "by moderation", "filtered"),
        (400, "it was flagged", "not_taken"),
        (422, "by moderation", "not_taken"),
    ],
)
def test_words_count_under_the_statuses_of_rejected_prompts(status: int, words: str, expected: str) -> None:
    assert rejection_reason(status, {"message": words}) == expected


@pytest.mark.parametrize(
    ("status", "error", "expected"),
    [
        (400, {"code": "content_filter", "message": "maximum context length"}, "too_long"),
        (403, {"code": "context_length_exceeded", "message": "flagged by moderation"}, "too_long"),
        (413, {"code": "content_filter", "message": "no"}, "too_long"),
        (500, {"code": "content_filter", "message": "maximum context length"}, "filtered"),
        (400, {"code": "insufficient_quota", "message": "content_filter"}, "no_money"),
        (400, {"code": "invalid_api_key", "message": "Insufficient balance"}, "no_money"),
        (400, {"code": "content_filter", "message": "Invalid API key"}, "bad_key"),
        (400, {"code": "invalid_prompt", "message": "it breaks our usage policy"}, "filtered"),
        (400, {"code": "invalid_prompt", "message": "no"}, "not_taken"),
        (400, {"code": "odd", "message": "it breaks our usage policy"}, "not_taken"),
    ],
)
def test_of_a_code_and_words_that_contradict_each_other_one_counts(
    status: int, error: Any, expected: str
) -> None:
    assert meaning(status, error) == expected


@pytest.mark.parametrize(
    ("error", "text"),
    [
        ({"message": "a", "detail": "b", "errors": ["c"]}, "a"),
        ({"message": "", "detail": "b", "errors": ["c"]}, "b"),
        ({"message": True, "errors": ["c"]}, '["c"]'),
        ({"detail": None}, ""),
    ],
)
def test_the_first_place_that_has_words_counts(error: Any, text: str) -> None:
    assert error_text(error) == text


def refuses_limit(limit: int, context: int) -> str:
    return (
        f"'max_tokens' is too large: {limit}. This model's maximum context length is {context} tokens and your "
        f"request has 10 input tokens"
    )


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (refuses_limit(8191, 8192), "too_long"),
        (refuses_limit(8192, 8192), "not_taken"),
        (refuses_limit(8193, 8192), "not_taken"),
        (refuses_limit(900, 8192), "too_long"),
        ("max_completion_tokens is too large for the maximum context length", "not_taken"),
    ],
)
def test_a_limit_as_large_as_the_context_is_about_the_settings(message: str, expected: str) -> None:
    assert rejection_reason(400, {"message": message}) == expected


@pytest.mark.parametrize(
    ("headers", "error", "wait_s"),
    [
        ({"Retry-After-Ms": "1500", "Retry-After": "7"}, {"details": [{"retryDelay": "9s"}]}, 1.5),
        ({"Retry-After": "7"}, {"details": [{"retryDelay": "9s"}]}, 7),
        ({"Retry-After": "0"}, {"details": [{"retryDelay": "9s"}]}, 0),
        ({}, {"details": [{"retryDelay": "soon"}, {}, {"retryDelay": "9s"}, {"retryDelay": "8s"}]}, 9),
        ({}, {"details": [{"retryDelay": "3.5"}]}, 3.5),
        ({}, {"retryDelay": "9s"}, None),
    ],
)
def test_the_finest_time_to_wait_counts_first(
    headers: dict[str, str], error: Any, wait_s: float | None
) -> None:
    assert judged(503, error | {"message": "no"}, headers=headers).wait_s == wait_s


def test_a_summary_is_one_line_of_at_most_300_characters_without_the_key() -> None:
    assert CLASSIFIER.brief(f"a\n b\t{CANARY}\x07c") == "a b ***\ufffdc"
    assert CLASSIFIER.brief("x" * 301) == "x" * 300
    assert CLASSIFIER.brief("x" * 299) == "x" * 299
