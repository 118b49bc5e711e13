"""The one JSON object is read from whatever a model and its host put around it, and nothing is read from thoughts."""

import json
from typing import Any

import pytest
from scripted_endpoint import completion

from gettok.errors import Unusable
from gettok.llm import ModelCall, Question
from gettok.llm.answer_text import answer_text, content_text, find_object, refusal_text
from gettok.llm.response import AnswerSchema, CleanText, Reply, parse_answer, parse_reply

RED = '{"colour": "red", "why": "the coat"}'
BLUE = '{"colour": "blue", "why": "the sky"}'


class Colour(AnswerSchema):
    colour: CleanText
    why: CleanText


def reply_to(content: Any, **fields: Any) -> Reply:
    """A reply whose message has this content, of any type, and these fields."""
    body = json.loads(completion(None))
    body["choices"][0]["message"] |= {"content": content} | fields
    reply = parse_reply(json.dumps(body))
    assert reply is not None
    return reply


def colour(content: Any, **fields: Any) -> str:
    """The colour of the answer, or the reason why there is none."""
    try:
        return parse_answer(reply_to(content, **fields), Colour).colour
    except Unusable as error:
        return error.reason


@pytest.mark.parametrize(
    "text",
    [
        f"<think>\nPerhaps {BLUE}.\n</think>\n\n{RED}",
        f"Perhaps {BLUE}.\n</think>\n\n{RED}",
        f"<think>\n\n</think>\n\n{RED}",
        f"<think></think>{RED}",
        f"<Thinking>{BLUE}</THINKING >{RED}",
        f"<thought>{BLUE}</thought>{RED}",
        f'<reasoning effort="low">{BLUE}</reasoning>{RED}',
        f"<seed:think>{BLUE}</seed:think>{RED}",
        f"[THINK]{BLUE}[/THINK]{RED}",
        f"◁think▷{BLUE}◁/think▷{RED}",
        f"<|START_THINKING|>{BLUE}<|END_THINKING|>{RED}",
        f"<|channel|>analysis<|message|>{BLUE}<|end|><|start|>assistant<|channel|>final<|message|>{RED}<|return|>",
        f"<|channel|>analysis<|message|>{BLUE}<|end|><|channel|>final <|constrain|>json<|message|>{RED}",
        f"analysisWe may say {BLUE}.assistantfinal{RED}",
        f"<|channel>thought\n{BLUE}<channel|>{RED}",
        f"<think>first {BLUE}</think> hm </think>{RED}",
        f'<think>a cut object {{"colour": "blue</think>{RED}',
        f"{RED}\n<think>Was that right? {BLUE}",
    ],
)
def test_thoughts_are_cut_off_with_the_objects_in_them(text: str) -> None:
    assert colour(text) == "red"


@pytest.mark.parametrize(
    "text",
    [
        f"```json{RED}```",
        f"```json\n{RED}\n```",
        f"```JSON\r\n{RED}\r\n```\r\n",
        f"```\n{RED}\n```",
        f" ```json5 \n{RED}\n ```",
        f"~~~json\n{RED}\n~~~",
        f"```json\n{RED}",
        f"`{RED}`",
        f"Here is the JSON:\n\n```json\n{RED}\n```\n\nLet me know.",
        f"The answer is {RED}. I chose it because of {{the coat}}.",
        f"{RED}\n\nI hope that this helps :-}}",
        f"<answer>\n{RED}\n</answer>",
        f"{RED}<|im_end|>",
        f"{RED}</s>",
        f"{RED}<|eot_id|>",
        f"{RED}<end_of_turn>",
        f"{RED}<|endoftext|><|endoftext|>",
        f"\ufeff{RED}",
        f"{RED}\n{RED}",
        f"```json\n{RED}\n```\n" + '{"why": "the coat",\n "colour": "red"}',
    ],
)
def test_fences_sentences_end_tokens_and_repetitions_are_left_out(text: str) -> None:
    assert colour(text) == "red"


@pytest.mark.parametrize("space", ["\n", "\t", "\r\n"])
def test_a_raw_line_break_or_tab_stays_in_its_text(space: str) -> None:
    reply = reply_to(RED.replace("the coat", f"the{space}coat"))
    assert parse_answer(reply, Colour).why == f"the{space}coat"


@pytest.mark.parametrize("mark", ["</think>", "<think>", "```", "<|im_end|>", "[/THINK] {", '\\"{\\"'])
def test_marks_and_braces_within_a_text_are_its_content(mark: str) -> None:
    answer = RED.replace("coat", f"coat {mark} red")
    for text in (answer, f"<think>{BLUE}</think>{answer}<|im_end|>"):
        assert parse_answer(reply_to(text), Colour).why == json.loads(answer)["why"]


@pytest.mark.parametrize(
    "text",
    [
        f"{RED}\n{BLUE}",
        RED[:20],
        f"{RED}\n{BLUE[:20]}",
        f"{BLUE[:20]}\n{RED}",
        "<think>hm</think>",
        f"<think>{RED}</think>",
        f"<think>{RED}",
        f"{RED}</think>",
        f"analysis{RED}"[:8] + f"We say {RED}",
        f"<|channel|>analysis<|message|>{RED}<|end|>",
        f'{{"answer": {RED}, "and',
        f'{{"answer": {RED}}}',
        f"{{'answer': {RED}}}",
        f"[{RED}]",
        f"{{{RED}}}",
        RED.replace('"why"', '"note"'),
        RED.replace('"the coat"', "7"),
        "{'colour': 'red', 'why': 'the coat'}",
        "{}",
        " \n",
        '{"a":' * 2_000,
        '{"' * 100_000,
        "</think>" * 10_000,
    ],
)
def test_two_answers_half_an_answer_or_none_stay_malformed(text: str) -> None:
    assert colour(text) == "malformed"


def test_the_error_says_what_is_wrong_and_shows_the_text() -> None:
    for text, wrong in (
        (f"{RED}{BLUE}", "several JSON objects in it, which differ"),
        (RED[:20], "cut off or invalid"),
        (f"[{RED}]", "part of something larger"),
        ("red", "no JSON object in it"),
    ):
        with pytest.raises(ValueError, match=wrong):
            find_object(text)
    with pytest.raises(Unusable, match=r"^malformed: not JSON: there is no JSON object in it; it was: red$"):
        parse_answer(reply_to("red"), Colour)


THOUGHTS = {"type": "thinking", "thinking": [{"type": "text", "text": BLUE}]}


@pytest.mark.parametrize(
    "content",
    [
        [{"type": "text", "text": RED}],
        [THOUGHTS, {"type": "text", "text": RED}],
        [{"type": "reasoning", "text": BLUE}, {"type": "output_text", "text": RED, "annotations": []}],
        [{"type": "text", "text": RED[:9]}, {"type": "text", "text": RED[9:]}],
        [RED],
        [{"text": RED}, {"type": "image_url", "image_url": {"url": "x"}}, None, 7],
        [
            {"type": "text", "text": f"<think>{BLUE}</think>"},
            {"type": "text", "text": f"```json\n{RED}\n```"},
        ],
    ],
)
def test_a_list_of_parts_is_its_texts_without_the_thoughts(content: Any) -> None:
    assert colour(content) == "red"


@pytest.mark.parametrize("content", [[THOUGHTS], [{"type": "reasoning", "text": RED}], 7, {"colour": "red"}])
def test_parts_without_a_text_are_malformed(content: Any) -> None:
    assert colour(content) == "malformed"


def test_a_part_that_refuses_is_a_refusal_with_its_text() -> None:
    with pytest.raises(Unusable, match=r"^refused: I cannot\.$"):
        parse_answer(reply_to([{"type": "refusal", "refusal": "I cannot."}]), Colour)


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning", "thinking"])
@pytest.mark.parametrize("content", [None, "", " \n", []])
@pytest.mark.parametrize(
    "form", ["\n{}\n", "```json\n{}\n```", "\n```\n{}```\n", "~~~ json\n{}\n~~~", "```{}```"]
)
def test_a_whole_answer_in_the_field_for_thoughts_is_an_answer(content: Any, field: str, form: str) -> None:
    assert colour(content, **{field: form.format(RED)}) == "red"


@pytest.mark.parametrize(
    "thoughts",
    [
        "The coat is red.",
        f"Perhaps {RED}",
        f"{RED}{BLUE}",
        RED[:20],
        f"[{RED}]",
        f"Perhaps\n```json\n{RED}\n```",
        f"```json\n{RED}\n```\nno, it is blue",
        f"```json\n{RED}\n```\n```json\n{BLUE}\n```",
        f"```json\n{RED}",
    ],
)
@pytest.mark.parametrize("content", [None, ""])
def test_thoughts_alone_are_malformed_and_no_refusal(content: Any, thoughts: str) -> None:
    assert colour(content, reasoning_content=thoughts) == "malformed"


def test_thoughts_in_parts_are_no_refusal_either() -> None:
    assert (
        colour(None, reasoning_details=[{"type": "reasoning.text", "text": "The coat is red."}])
        == "malformed"
    )


def test_thoughts_do_not_replace_a_content() -> None:
    assert colour(RED, reasoning_content=BLUE) == "red"
    assert colour("red", reasoning_content=BLUE) == "malformed"


def test_a_call_of_a_tool_is_malformed_and_no_refusal() -> None:
    assert colour(None, tool_calls=[{"type": "function", "function": {"name": "answer"}}]) == "malformed"


@pytest.mark.parametrize(
    ("content", "repeated"), [([THOUGHTS, {"type": "text", "text": "red"}], "red"), (None, "")]
)
def test_a_malformed_answer_is_repeated_to_the_model_as_text(content: Any, repeated: str) -> None:
    call = ModelCall(Question("rule", ("text",), "colour", {}))
    repair = call.repair_of(reply_to(content, reasoning="hm"), Unusable("malformed", "no"))
    assert repair.repair[0] == {"role": "assistant", "content": repeated}


def test_a_key_twice_with_different_values_is_no_answer() -> None:
    with pytest.raises(ValueError, match="cut off or invalid"):
        find_object('{"label": "support", "why": "x", "label": "neutral"}')
    assert find_object('{"label": "support", "label": "support"}')


def test_thoughts_may_have_any_number_of_invalid_objects() -> None:
    thoughts = '{"colour": ' * 150 + "</think>"
    assert find_object(f'{thoughts}{{"colour": "red"}}') == '{"colour": "red"}'


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ({}, None),
        ({"content": None}, None),
        ({"content": []}, None),
        ({"content": ""}, ""),
        ({"content": None, "tool_calls": [1]}, ""),
        ({"content": None, "reasoning_content": "hm"}, ""),
        ({"content": None, "reasoning": "hm"}, ""),
        ({"content": None, "thinking": "hm"}, ""),
        ({"content": None, "reasoning_details": [{}]}, ""),
        ({"content": None, "reasoning_content": '{"a": 1}'}, '{"a": 1}'),
        ({"content": " ", "reasoning": '{"a": 1}'}, '{"a": 1}'),
        ({"content": "", "thinking": '{"a": 1}'}, '{"a": 1}'),
        ({"reasoning": '{"a": 1}', "reasoning_content": '{"a": 2}', "thinking": '{"a": 3}'}, '{"a": 2}'),
        ({"reasoning": "hm", "thinking": '{"a": 3}'}, '{"a": 3}'),
        ({"content": "b", "reasoning": '{"a": 1}'}, "b"),
        ({"content": None, "reasoning": "[" * 100_000}, ""),
    ],
)
def test_an_answer_is_the_content_or_the_first_field_for_thoughts_that_is_one_object(
    message: dict[str, Any], text: str | None
) -> None:
    assert answer_text(message) == text


@pytest.mark.parametrize(
    ("part", "text"),
    [
        ({"text": "a"}, "a"),
        ({"type": None, "text": "a"}, "a"),
        ({"type": "text", "text": "a"}, "a"),
        ({"type": "output_text", "text": "a"}, "a"),
        ({"type": "thinking", "text": "a"}, ""),
        ({"type": "text", "text": 7}, ""),
        ("a", "a"),
        (7, ""),
    ],
)
def test_each_type_of_part_is_text_or_not(part: Any, text: str) -> None:
    assert content_text({"content": [part, "b"]}) == f"{text}b"


def test_the_refusal_of_the_message_comes_before_those_of_its_parts() -> None:
    parts = [{"refusal": "b"}, {"refusal": "c"}]
    assert refusal_text({"refusal": "a", "content": parts}) == "a"
    assert refusal_text({"refusal": "", "content": parts}) == "b"
    assert refusal_text({"content": "c"}) is None


@pytest.mark.parametrize(
    "text", ['[ {"a": 1}', '{ {"a": 1}', '{"a": 1} ]', '{"a": 1}\n}', 'b [\n{"a": 1} c', 'b {"a": 1} ] c']
)
def test_an_object_that_something_encloses_is_no_answer(text: str) -> None:
    with pytest.raises(ValueError, match="part of something larger"):
        find_object(text)


def test_an_object_that_is_repeated_is_taken_as_it_is_written_last() -> None:
    assert find_object('{"a":1} and {"a": 1}') == '{"a": 1}'


def test_only_what_follows_the_last_end_of_thoughts_counts() -> None:
    assert find_object('<think>a</think> b {"a": 1} </think> {"a": 2} c <think> {"a": 3}') == '{"a": 2}'
    assert find_object('a </think> b </think> {"a": 2}') == '{"a": 2}'
    with pytest.raises(ValueError, match="there is no JSON object"):
        find_object('{"a": 1} </think> b')


@pytest.mark.parametrize(
    ("count", "why"),
    [(100, "is cut off or invalid"), (101, "most JSON objects in it are cut off or invalid")],
)
def test_more_than_a_hundred_objects_that_are_invalid_are_not_read_one_by_one(count: int, why: str) -> None:
    spoilt = '{"x ' * count
    assert find_object(f'<think>{spoilt}</think>a</think>{{"a": 1}}') == '{"a": 1}'
    with pytest.raises(ValueError, match=why):
        find_object(spoilt)


def test_an_object_that_nests_too_deep_is_no_object() -> None:
    with pytest.raises(ValueError, match="cut off or invalid"):
        find_object('{"a": ' * 100_000)
