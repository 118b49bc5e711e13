"""What a host's error is about, by its codes and its words: the account, the key, or this one prompt."""

import json
import re
from collections.abc import Mapping
from typing import Literal

from gettok.http.json_guards import to_mapping, to_mappings
from gettok.step import Json

#: OpenAI, Anthropic, LiteLLM (budget), Model Studio of Alibaba (arrearage), z.ai (1113), and gateways.
_NO_MONEY_CODES = frozenset(
    {
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
    }
)
_NO_MONEY_WORDS = re.compile(
    r"credit balance is too low|insufficient (?:account )?(?:balance|credits?|funds)|budget has been exceeded"
    r"|account is (?:in arrears|in overdue)|overdue[ -]payment",
    re.IGNORECASE,
)
#: OpenAI, Anthropic, Google (api_key_*) and Alibaba's Model Studio.
_BAD_KEY_CODES = frozenset(
    {"invalid_api_key", "authentication_error", "api_key_invalid", "api_key_expired", "invalidapikey"}
)
_BAD_KEY_WORDS = re.compile(
    r"api[ _]key (?:has )?(?:expired|not valid|invalid)|(?:invalid|incorrect|expired) api[ _-]?key",
    re.IGNORECASE,
)

#: OpenAI, llama.cpp and z.ai (1261).
_TOO_LONG_CODES = frozenset(
    {"context_length_exceeded", "string_above_max_length", "exceed_context_size_error", "1261"}
)
#: OpenAI, vLLM, llama.cpp and proxies; from the second line on Gemini, SGLang, LM Studio, z.ai, xAI, Bedrock,
#: Anthropic, Moonshot, Alibaba's Model Studio and Text Generation Inference.
_TOO_LONG_WORDS = re.compile(
    r"maximum context length|maximum model length|context (?:size|window)|prompt is too long|entity too large"
    r"|input token count.{0,40}exceeds the maximum|(?:longer|greater) than the (?:model's )?context length"
    r"|context (?:the )?overflows|prompt exceeds max(?:imum)? length|maximum prompt length|input is too long"
    r"|exceeds? (?:the )?context limit|exceeded model token limit|range of input length"
    r"|inputs`? tokens \+ `?max_new_tokens`? must be <=",
    re.IGNORECASE | re.DOTALL,
)
#: A token limit beyond the model's context is about the settings, not about the prompt.
_LIMIT_TOO_LARGE = re.compile(
    r"max_(?:completion_)?tokens\W.{0,20}too large(?:: (?P<limit>[0-9]{1,12})\b"
    r".{0,80}?context length is (?P<context>[0-9]{1,12}).{0,60}? [0-9]{1,12} input tokens)?",
    re.IGNORECASE | re.DOTALL,
)

#: OpenAI and Azure; Alibaba's Model Studio, which writes both of its own; OpenAI's images; z.ai (1301).
_FILTER_CODES = frozenset(
    {
        "content_filter",
        "content_policy_violation",
        "data_inspection_failed",
        "datainspectionfailed",
        "moderation_blocked",
        "contentpolicyviolationerror",
        "1301",
    }
)
#: Gateways pass a code on in words; DeepSeek, Anthropic.
_FILTER_WORDS = re.compile(
    r"\bcontent_filter\b|PROHIBITED_CONTENT|content_?policy_?violation|data_?inspection_?failed"
    r"|moderation_blocked|content exists risk|blocked by (?:our )?content filter",
    re.IGNORECASE,
)
#: The words of OpenRouter, and of hosts behind it.
_FLAGGED_WORDS = re.compile(r"flagged|moderation", re.IGNORECASE)


def error_text(error: Mapping[str, Json]) -> str:
    """What an error says: its `message`, or `detail` (FastAPI), or `errors`; empty if it says nothing."""
    said = (error.get(name) for name in ("message", "detail", "errors"))
    return next((_as_text(value) for value in said if value and value is not True), "")


def account_trouble(error: Mapping[str, Json]) -> Literal["no_money", "bad_key"] | None:
    """Whether an error is about the account or its key, under whatever status: then every video would fail alike."""
    codes, words = _codes(error), _words(error)
    if not _NO_MONEY_CODES.isdisjoint(codes) or _NO_MONEY_WORDS.search(words):
        return "no_money"
    return "bad_key" if not _BAD_KEY_CODES.isdisjoint(codes) or _BAD_KEY_WORDS.search(words) else None


def rejection_reason(status: int, error: Mapping[str, Json]) -> str:
    """Why a host rejected a prompt, as one of the reasons in `gettok.errors`."""
    codes, words = _codes(error), _words(error)
    if status == 413 or not _TOO_LONG_CODES.isdisjoint(codes):
        return "too_long"
    if status in {400, 422} and _TOO_LONG_WORDS.search(words) and not _asks_too_much(words):
        return "too_long"
    if not _FILTER_CODES.isdisjoint(codes) or ("invalid_prompt" in codes and "policy" in words):
        return "filtered"
    if status in {400, 403, 422} and _FILTER_WORDS.search(words):
        return "filtered"
    return "filtered" if status == 403 and _FLAGGED_WORDS.search(words) else "not_taken"


def _asks_too_much(words: str) -> bool:
    """Whether the limit in the settings is too large for any prompt; vLLM counts this one's if it is the cause."""
    found = _LIMIT_TOO_LARGE.search(words)
    if found is None:
        return False
    return not (found["limit"] and int(found["limit"]) < int(found["context"]))


def _codes(error: Mapping[str, Json]) -> set[str]:
    """In lower case. Google's are the reasons of its details."""
    own = (error.get(name) for name in ("code", "type", "status", "error_type"))
    reasons = (detail.get("reason") for detail in to_mappings(error.get("details")))
    return {str(code).lower() for code in (*own, *reasons)}


def _words(error: Mapping[str, Json]) -> str:
    """What it says, and what OpenRouter adds: the error of the host behind it."""
    return f"{error_text(error)} {_as_text(to_mapping(error.get('metadata')).get('raw', ''))}"


def _as_text(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
