"""The HTTP status of an error that a host reports within a 200, as OpenRouter and other gateways do."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gettok.step import Json

#: Where hosts put a status, as a number or in words; the first that is known counts.
_FIELDS = ("code", "status", "status_code", "http_status", "http_status_code", "type", "error_type")
#: The codes and types of OpenAI and Anthropic, the canonical codes of Google, and what gateways call the same.
_WORDS: Final[Mapping[int, str]] = MappingProxyType(
    {
        400: "invalid_request_error invalid_argument failed_precondition bad_request badrequest invalid_prompt"
        " context_length_exceeded string_above_max_length exceed_context_size_error content_filter"
        " content_policy_violation data_inspection_failed datainspectionfailed unsupported_value",
        401: "invalid_api_key authentication_error unauthenticated unauthorized",
        402: "payment_required billing_error insufficient_credits insufficient_balance",
        403: "permission_denied permission_error forbidden moderation_error",
        404: "not_found not_found_error notfounderror model_not_found",
        413: "request_too_large payload_too_large",
        429: "rate_limit_exceeded rate_limit_error rate_limited too_many_requests resource_exhausted"
        " insufficient_quota billing_hard_limit_reached billing_not_active throttled",
        503: "unavailable service_unavailable",
        529: "overloaded overloaded_error engine_overloaded engine_overloaded_error",
    }
)
_STATUS: Final = MappingProxyType(
    {word: status for status, words in _WORDS.items() for word in words.split()}
)
_UNKNOWN = 500


def status_of(error: Mapping[str, Json]) -> int:
    """The status from 400 to 599; 500, as for trouble that may pass, if it says none that is known."""
    known = [_status(error.get(field)) for field in _FIELDS]
    return next((status for status in known if status is not None), _UNKNOWN)


def _status(value: Json) -> int | None:
    text = str(value).strip().lower().replace("-", "_").replace(" ", "_")
    if text.isascii() and text.isdigit() and len(text) == 3 and 400 <= int(text) < 600:
        return int(text)
    return _STATUS.get(text)
