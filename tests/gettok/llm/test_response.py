import json

import pytest
from scripted_endpoint import completion, llm

from gettok.errors import Unusable
from gettok.llm.response import (
    AnswerSchema,
    CleanText,
    Reply,
    error_in,
    parse_answer,
    parse_reply,
    usage,
    usage_of_models,
)
from gettok.settings import Prices


class Colour(AnswerSchema):
    colour: CleanText


def colour(reply: Reply) -> str:
    return parse_answer(reply, Colour).colour


def replies_from(*bodies: bytes) -> list[Reply]:
    return [Reply(200, body.decode()) for body in bodies]


def test_f43_a_refusal_is_a_reason_with_its_text_and_never_an_answer() -> None:
    replies = replies_from(completion(None, refusal="I cannot help with that."))
    with pytest.raises(Unusable, match=r"^refused: I cannot help with that\.$"):
        colour(replies[0])


def test_f43_no_content_and_no_reason_is_no_refusal() -> None:
    replies = replies_from(completion(None))
    with pytest.raises(Unusable, match=r"^malformed"):
        colour(replies[0])


def test_f44_a_filtered_answer_is_a_reason() -> None:
    replies = replies_from(completion("", finish="content_filter"))
    with pytest.raises(Unusable, match=r"^filtered: the answer"):
        colour(replies[0])


def test_f44_an_answer_that_the_filter_did_not_see_is_kept_with_a_flag() -> None:
    down = {"error": {"code": "content_filter_error", "message": "The contents are not filtered"}}
    checked = {"hate": {"filtered": False, "severity": "safe"}}
    for results, flag in ((down, True), (checked, False)):
        extra = {"prompt_filter_results": [{"prompt_index": 0, "content_filter_results": results}]}
        replies = replies_from(completion({"colour": "red"}, **extra))
        assert colour(replies[0]) == "red"
        assert usage(replies, llm().prices)["filter_failed"] is flag


def test_f45_a_cut_answer_is_cut_short_and_not_malformed() -> None:
    replies = replies_from(completion('{"colour": "re', finish="length"))
    with pytest.raises(Unusable, match=r"^cut_short"):
        colour(replies[0])


@pytest.mark.parametrize("fence", ['```json\n{"colour": "red"}\n```', ' ```\n{"colour": "red"}\n```\n'])
def test_f45_a_fence_around_the_answer_is_taken_off(fence: str) -> None:
    assert [colour(reply) for reply in replies_from(completion(fence))] == ["red"]


def test_f48_an_answer_without_a_token_count_has_no_price() -> None:
    replies = replies_from(completion("red"), completion({"colour": "red"}))
    counted = usage(replies, llm().prices)
    assert (counted["prompt_tokens"], counted["completion_tokens"]) == (2000, 200)
    assert counted["cost_usd"] == 0.004
    for missing in (None, {}, {"prompt_tokens": "12"}):
        uncounted = usage([*replies, Reply(200, completion("x", usage=missing).decode())], llm().prices)
        assert (uncounted["prompt_tokens"], uncounted["cost_usd"]) == (None, None)


def test_f49_the_models_own_name_is_taken_and_two_are_both_named() -> None:
    replies = replies_from(
        completion("red", model="model-a-may"), completion({"colour": "red"}, model="model-a-june")
    )
    assert usage(replies[:1], llm().prices)["model"] == "model-a-may"
    assert usage(replies, llm().prices)["model"] == "model-a-may, model-a-june"


def test_what_came_from_the_cache_is_a_column_and_has_its_price() -> None:
    """What the host does not report is unknown, not 0, and costs the full price, as does what cannot be."""
    prices = Prices(input_usd_per_million=1.0, output_usd_per_million=10.0, cached_input_usd_per_million=0.1)

    def replied(details: object) -> Reply:
        counts = {"prompt_tokens": 1000, "completion_tokens": 100, "prompt_tokens_details": details}
        return Reply(200, completion("red", usage=counts).decode())

    half = replied({"cached_tokens": 500})
    for details, cached, cost in (
        ({"cached_tokens": 0}, 500, 0.00355),
        ({"cached_tokens": 1000}, 1500, 0.00265),
        ({"cached_tokens": None}, None, 0.00355),
        ({}, None, 0.00355),
        (None, None, 0.00355),
        ({"cached_tokens": 1001}, None, 0.00355),
        ({"cached_tokens": -1}, None, 0.00355),
    ):
        row = usage([half, replied(details)], prices)
        assert (row["prompt_tokens"], row["cached_tokens"], row["cost_usd"]) == (2000, cached, cost)


@pytest.mark.parametrize("count", [-1, True, 1.0, "12", None])
@pytest.mark.parametrize("kind", ["prompt_tokens", "completion_tokens"])
def test_f48_a_count_of_tokens_that_none_can_have_is_none(kind: str, count: object) -> None:
    """A negative one would make the budget larger."""
    counts = {"prompt_tokens": 1000, "completion_tokens": 100} | {kind: count}
    replies = replies_from(completion("red"), completion("red", usage=counts))
    row = usage(replies, llm().prices)
    assert (row["prompt_tokens"], row["completion_tokens"], row["cost_usd"]) == (None, None, None)


def test_f48_no_tokens_are_a_count() -> None:
    nothing = {"prompt_tokens": 0, "completion_tokens": 0}
    row = usage(replies_from(completion("red", usage=nothing)), llm().prices)
    assert (row["prompt_tokens"], row["completion_tokens"], row["cost_usd"]) == (0, 0, 0.0)


def test_f48_the_replies_of_several_models_each_have_their_own_price() -> None:
    replies = replies_from(completion("red"))
    dear, cheap = (Prices(input_usd_per_million=price, output_usd_per_million=price) for price in (10, 1))
    assert usage_of_models([(replies, dear), (replies * 2, cheap)])["cost_usd"] == 0.0132
    assert usage_of_models([(replies, dear), (replies, None)])["cost_usd"] is None


DOWN = {"error": {"code": "content_filter_error"}}


@pytest.mark.parametrize("failed", range(3))
def test_f44_of_several_choices_and_replies_one_that_was_not_filtered_sets_the_flag(failed: int) -> None:
    choices = json.loads(completion({"colour": "red"}))["choices"] * 3
    choices = [choice | {"content_filter_results": {}} for choice in choices]
    choices[failed] = choices[failed] | {"content_filter_results": DOWN}
    whole, unfiltered = completion("red"), completion("red", choices=choices)
    for bodies in ([unfiltered], [whole, unfiltered], [unfiltered, whole]):
        assert usage(replies_from(*bodies), llm().prices)["filter_failed"] is True
    assert usage(replies_from(whole), llm().prices)["filter_failed"] is False


@pytest.mark.parametrize("failed", range(2))
def test_f44_so_does_one_of_several_prompts(failed: int) -> None:
    results = [{"content_filter_results": {}}, {"content_filter_results": {}}]
    results[failed] = {"content_filter_results": DOWN}
    body = completion("red", prompt_filter_results=results)
    assert usage(replies_from(body), llm().prices)["filter_failed"] is True


def test_only_the_first_choice_is_the_answer() -> None:
    choices = [
        {"index": 0, "message": {"content": '{"colour": "red"}'}, "finish_reason": "stop"},
        {"index": 1, "message": {"content": '{"colour": "re'}, "finish_reason": "length", "error": "no"},
    ]
    body = completion("", choices=choices)
    reply = parse_reply(body.decode())
    assert reply is not None
    assert colour(reply) == "red"
    assert usage([reply], llm().prices)["finish_reason"] == "stop"
    assert parse_reply(completion("", choices=choices[::-1]).decode()) is None


def test_what_is_shown_of_an_answer_has_a_limit() -> None:
    cut = replies_from(completion("a" * 300 + "b" * 200, finish="length"), completion(None, finish="length"))
    for reply, shown in zip(cut, ["after " + "b" * 200, "after nothing"], strict=True):
        with pytest.raises(Unusable) as caught:
            colour(reply)
        assert caught.value.detail == shown
    with pytest.raises(Unusable) as caught:
        colour(replies_from(completion("c" * 900))[0])
    assert len(caught.value.detail) == 500


@pytest.mark.parametrize(
    ("message", "finish", "reason"),
    [
        ({"content": '{"colour": "red"}', "refusal": "no"}, "content_filter", "filtered"),
        ({"content": '{"colour": "red"}', "refusal": "no"}, "length", "refused"),
        ({"content": '{"colour": "red"}', "refusal": "no"}, "stop", "refused"),
        ({"content": '{"colour": "red"}'}, "refusal", "refused"),
        ({"content": '{"colour": "red"}'}, "length", "cut_short"),
        ({"content": '{"colour": "red"}'}, "error", "unanswered"),
        ({"content": None}, "stop", "malformed"),
    ],
)
def test_of_several_reasons_the_first_in_this_order_counts(
    message: dict[str, object], finish: str, reason: str
) -> None:
    body = completion("", choices=[{"index": 0, "message": message, "finish_reason": finish}])
    with pytest.raises(Unusable) as caught:
        colour(replies_from(body)[0])
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"error": {"code": 1}}, {"code": 1}),
        ([{"error": {"code": 1}}, {"error": {"code": 2}}], {"code": 1}),
        ([], None),
        (7, None),
        ({}, None),
        ({"error": None, "message": "no"}, {"message": "no"}),
        ({"error": True, "message": "no", "code": 5}, {"message": "no", "code": 5}),
        ({"detail": "no"}, {"detail": "no"}),
        ({"error": None, "message": "hello", "choices": [{}]}, None),
        ({"error": True, "message": "no", "choices": [{}]}, {"message": True}),
        ({"error": True}, {"message": True}),
        ({"error": {}, "choices": [{"error": {"code": 1}}]}, {"code": 1}),
        ({"choices": [{}, {"error": {"code": 1}}]}, None),
        ({"choices": [{"error": "no"}]}, {"message": "no"}),
        (
            {"error": "no", "code": 1, "status": 2, "status_code": 3, "error_type": 4, "other": 5},
            {"message": "no", "code": 1, "status": 2, "status_code": 3, "error_type": 4},
        ),
    ],
)
def test_an_error_is_found_wherever_a_host_puts_it(body: object, error: object) -> None:
    assert error_in(body) == error


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        '{"choices": []}',
        '{"choices": null}',
        '{"choices": [null]}',
        '{"choices": [{}]}',
        '{"choices": [{"message": null, "finish_reason": "stop"}]}',
        '{"choices": [{"message": {}}]}',
        '{"choices": [{"message": {"content": " "}}]}',
        '{"choices": [{"message": {"content": "red"}, "finish_reason": "error"}]}',
        "[]",
        '["a"]',
        "7",
        '"red"',
        "red",
        "[" * 100_000,
        '{"choices": [{"message": {"content": "\udcff"}}]}',
    ],
)
def test_what_holds_no_answer_is_no_reply(text: str) -> None:
    assert parse_reply(text) is None


@pytest.mark.parametrize(
    "message", [{"content": "red"}, {"content": None, "refusal": "no"}, {"content": " ", "refusal": "no"}]
)
def test_without_an_ending_a_text_or_a_refusal_is_a_reply(message: dict[str, object]) -> None:
    assert parse_reply(json.dumps({"choices": [{"message": message}]})) is not None


@pytest.mark.parametrize(
    ("finish", "is_empty"),
    [("content_filter", True), ("refusal", True), ("length", True), ("stop", False), ("error", False)],
)
def test_a_message_may_be_missing_only_if_the_ending_says_why(finish: str, is_empty: bool) -> None:
    reply = Reply(200, json.dumps({"choices": [{"message": None, "finish_reason": finish}]}))
    if is_empty:
        assert reply.message == {}
    else:
        with pytest.raises(TypeError):
            _ = reply.message


@pytest.mark.parametrize(("tokens", "usd"), [(1_234_566, 0.123457), (1_234_564, 0.123456), (4, 0.0)])
def test_f48_a_cost_is_shown_to_a_millionth_of_a_dollar(tokens: int, usd: float) -> None:
    prices = Prices(input_usd_per_million=0.1, output_usd_per_million=0.0)
    counts = {"prompt_tokens": tokens, "completion_tokens": 7}
    assert usage(replies_from(completion("red", usage=counts)), prices)["cost_usd"] == usd


def test_f49_a_model_or_an_ending_without_a_name_is_empty() -> None:
    body = completion("red", model="", choices=[{"message": {"content": "red"}, "finish_reason": None}])
    row = usage(replies_from(body), llm().prices)
    assert (row["model"], row["finish_reason"]) == (None, None)
    both = usage(replies_from(body, completion("red"), completion("red")), llm().prices)
    assert (both["model"], both["finish_reason"]) == ("model-a-2026-09", "stop")
