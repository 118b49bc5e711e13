import pytest
from scripted_endpoint import completion, llm

from gettok.errors import Unusable
from gettok.llm.response import AnswerSchema, CleanText, Reply, parse_answer, usage


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
