"""Why an answer ended, in the words of each host."""

import json
from typing import Any

import pytest
from scripted_endpoint import Endpoint, Scripted, completion, llm, new_folder, says

from gettok.errors import NotNow, Unusable
from gettok.llm import CallLog, ModelCall, Question
from gettok.llm.client import ChatClient
from gettok.llm.rate_limit import Clock
from gettok.llm.response import AnswerSchema, CleanText, Reply, parse_answer, parse_reply
from gettok.settings.secrets import Secret

CALL = ModelCall(Question("rule", ("which colour?",), "colour", {}))
FAILED = [
    "error",  # Mistral, OpenRouter, vLLM
    "ERROR",  # Cohere
    "abort",  # vLLM, SGLang
    "load",  # Ollama
    "unload",
    "network_error",  # z.ai
    "insufficient_system_resource",  # DeepSeek
    "OTHER",  # Gemini
    "MALFORMED_FUNCTION_CALL",
    "UNEXPECTED_TOOL_CALL",
    "MALFORMED_RESPONSE",
    "timeout",
    "aborted",
    "canceled",
    {"type": "abort"},  # SGLang
]


class Colour(AnswerSchema):
    colour: CleanText


def ended(content: Any, word: Any, **choice: Any) -> Reply | None:
    """What is kept of a reply with this `finish_reason`."""
    body = json.loads(completion(content))
    body["choices"][0] |= {"finish_reason": word} | choice
    return parse_reply(json.dumps(body))


def outcome(content: Any, word: Any, **choice: Any) -> str:
    """The colour of the answer, the reason why there is none, or `failed` if nothing is kept."""
    reply = ended(content, word, **choice)
    if reply is None:
        return "failed"
    try:
        return parse_answer(reply, Colour).colour
    except Unusable as error:
        return error.reason


@pytest.mark.parametrize(
    "word",
    [
        "content_filter",  # OpenAI, Azure, DeepSeek, OpenRouter
        "SAFETY",  # Gemini
        "RECITATION",
        "BLOCKLIST",
        "PROHIBITED_CONTENT",
        "SPII",
        "LANGUAGE",
        "IMAGE_SAFETY",
        "MODEL_ARMOR",
        "content_filter: RECITATION",  # Gemini's OpenAI-compatible endpoint
        "content_filter: SAFETY",
        "FinishReason.SAFETY",  # its client library
        "sensitive",  # z.ai, MiniMax
        "guardrail_intervened",  # Bedrock
        "ERROR_TOXIC",  # Cohere
        "FINISH_REASON_SAFETY",  # Vertex
        "contentFilter",
    ],
)
def test_a_filtered_answer_is_known_by_its_hosts_word(word: str) -> None:
    for content in ({"colour": "red"}, '{"colour": "re', "", None):
        assert outcome(content, word) == "filtered"


@pytest.mark.parametrize(
    "word",
    [
        "length",  # OpenAI and most others; llama.cpp for every other end than the model's own
        "MAX_TOKENS",  # Gemini, Cohere
        "max_tokens",  # Anthropic
        "model_length",  # Mistral
        "repetition",  # vLLM
        "model_context_window_exceeded",  # Anthropic, z.ai
        "FINISH_REASON_MAX_TOKENS",  # Vertex
        "maxTokens",
        "token_limit",
    ],
)
def test_a_cut_answer_is_known_by_its_hosts_word(word: str) -> None:
    for content in ('{"colour": "re', "", None):
        assert outcome(content, word) == "cut_short"


@pytest.mark.parametrize("word", FAILED)
def test_an_answer_that_trouble_at_the_host_ended_is_not_kept(word: Any) -> None:
    for content in ({"colour": "red"}, '{"colour": "re', "", None):
        assert outcome(content, word) == "failed"


@pytest.mark.parametrize("word", FAILED)
def test_it_is_asked_again_and_never_malformed(word: Any) -> None:
    half = completion('{"colour": "re', finish=word)
    with Endpoint() as endpoint:
        endpoint.plays(Scripted(body=half), says({"colour": "red"}))
        with_log = CallLog(new_folder(), None)
        client = ChatClient(llm(), endpoint.url, Secret("k"), with_log, Clock(lambda _: None))
        assert parse_answer(client.reply(CALL), Colour).colour == "red"
        assert len(endpoint.asked) == 2
        client.close()


def test_if_it_never_ends_well_the_run_ends_and_keeps_none_of_it() -> None:
    with Endpoint() as endpoint:
        endpoint.plays(*[Scripted(body=completion("", finish="network_error"))] * 3)
        client = ChatClient(
            llm(max_attempts=2), endpoint.url, Secret("k"), CallLog(new_folder(), None), Clock(lambda _: None)
        )
        with pytest.raises(NotNow, match="200 without an answer"):
            client.reply(CALL)
        endpoint.plays(says({"colour": "red"}))
        assert parse_answer(client.reply(CALL), Colour).colour == "red"
        client.close()


def test_one_that_an_earlier_version_has_kept_is_unanswered() -> None:
    reply = Reply(200, completion('{"colour": "re', finish="network_error").decode())
    with pytest.raises(Unusable, match=r"^unanswered: it ended with network_error$"):
        parse_answer(reply, Colour)


@pytest.mark.parametrize(
    "word",
    [
        "stop",
        "STOP",
        "eos",
        "eos_token",
        "stop_sequence",
        "end_turn",
        "tool_calls",
        "COMPLETE",
        "length-ish",
        7,
        None,
        "",
    ],
)
def test_after_any_other_word_or_none_the_content_decides(word: Any) -> None:
    assert outcome({"colour": "red"}, word) == "red"
    assert outcome("red", word) == "malformed"


def test_an_empty_answer_without_a_known_word_is_asked_again() -> None:
    """Ollama sends `null` while it has not finished."""
    for word in (None, "", "IMAGE_OTHER", "finish_reason_unspecified"):
        assert [outcome(content, word) for content in (None, "", " ")] == ["failed"] * 3
    assert [outcome(content, "stop") for content in (None, "")] == ["malformed", "malformed"]


def test_a_model_that_stops_to_refuse_has_refused() -> None:
    with pytest.raises(Unusable, match=r"^refused: I will not say\.$"):
        parse_answer(ended("I will not say.", "refusal") or Reply(500, ""), Colour)


@pytest.mark.parametrize(
    ("word", "native", "expected"),
    [
        ("stop", "STOP", "red"),
        ("stop", "completed", "red"),
        (None, "MAX_TOKENS", "cut_short"),
        ("stop", "SAFETY", "filtered"),
        ("error", "MALFORMED_FUNCTION_CALL", "failed"),
        ("content_filter", "stop", "filtered"),
    ],
)
def test_the_word_of_the_host_behind_openrouter_counts_as_well(word: Any, native: str, expected: str) -> None:
    assert outcome({"colour": "red"}, word, native_finish_reason=native) == expected


def test_azures_filter_is_known_with_its_results() -> None:
    body = json.loads(completion("", finish="content_filter"))
    body["choices"][0]["message"].pop("content")
    body["choices"][0]["content_filter_results"] = {"hate": {"filtered": True, "severity": "high"}}
    body["prompt_filter_results"] = [
        {"prompt_index": 0, "content_filter_results": {"hate": {"filtered": False}}}
    ]
    with pytest.raises(Unusable, match=r"^filtered: the answer"):
        parse_answer(parse_reply(json.dumps(body)) or Reply(500, ""), Colour)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("content_filter: PROHIBITED_CONTENT", "filtered"),
        ("length", "cut_short"),
        ("refusal", "refused"),
        ("stop", "failed"),
        ("error", "failed"),
    ],
)
def test_without_a_message_the_ending_says_why(word: str, expected: str) -> None:
    """As Gemini's endpoint sends it: asking again would be filtered, and charged, again."""
    assert outcome(None, word, message=None) == expected
    body = json.loads(completion(None, finish=word))
    del body["choices"][0]["message"]
    reply = parse_reply(json.dumps(body))
    assert (reply is None) is (expected == "failed")
    if reply is not None:
        with pytest.raises(Unusable, match=f"^{expected}"):
            parse_answer(reply, Colour)
