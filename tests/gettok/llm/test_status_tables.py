"""Tables of the codes, in words or as numbers, that mean a status."""

from typing import Any

import pytest

from gettok.llm.error_status import status_of

STATUSES = {
    400: "invalid_request_error invalid_argument failed_precondition bad_request badrequest invalid_prompt "
    "context_length_exceeded string_above_max_length exceed_context_size_error content_filter "
    "content_policy_violation data_inspection_failed datainspectionfailed unsupported_value",
    401: "invalid_api_key authentication_error unauthenticated unauthorized",
    402: "payment_required billing_error insufficient_credits insufficient_balance",
    403: "permission_denied permission_error forbidden moderation_error",
    404: "not_found not_found_error notfounderror model_not_found",
    413: "request_too_large payload_too_large",
    429: "rate_limit_exceeded rate_limit_error rate_limited too_many_requests resource_exhausted "
    "insufficient_quota billing_hard_limit_reached billing_not_active throttled",
    503: "unavailable service_unavailable",
    529: "overloaded overloaded_error engine_overloaded engine_overloaded_error",
}


ROWS = [(status, word) for status, words in STATUSES.items() for word in words.split()]


@pytest.mark.parametrize(("status", "word"), ROWS)
def test_every_code_in_words_means_its_status(status: int, word: str) -> None:
    for written in (word, word.upper(), f" {word.replace('_', '-')}", word.replace("_", " ")):
        assert status_of({"code": written}) == status


@pytest.mark.parametrize(
    ("value", "status"),
    [(399, 500), (400, 400), ("418", 418), (599, 599), (600, 500), ("0404", 500), ("four", 500), (None, 500)],
)
def test_a_number_from_400_to_599_is_a_status(value: Any, status: int) -> None:
    assert status_of({"code": value}) == status


FIELDS = ["code", "status", "status_code", "http_status", "http_status_code", "type", "error_type"]


@pytest.mark.parametrize("number", range(len(FIELDS)))
def test_the_first_field_with_a_known_status_counts(number: int) -> None:
    error = dict.fromkeys(FIELDS[number + 1 :], 404) | dict.fromkeys(FIELDS[:number], "unknown")
    assert status_of(error | {FIELDS[number]: 429}) == 429
