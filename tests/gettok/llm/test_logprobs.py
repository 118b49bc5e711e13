"""How likely a value of an answer was, however a host splits the answer into tokens."""

import json
import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted_endpoint import completion

from gettok.llm.logprobs import probability
from gettok.llm.response import Reply

Cut = Sequence[tuple[str | bytes, float]]
ANSWER = '{"label": "no support", "evidence": "fuera"}'
WORDS: Cut = [
    ('{"', 1),
    ("label", 0.9),
    ('":', 1),
    (' "', 0.9),
    ("no", 0.8),
    (" support", 0.5),
    ('", ', 0.25),
]
REST: Cut = [('"evidence": "', 0.5), ("fuera", 0.1), ('"}', 1)]


def token(text: str | bytes, chance: float) -> dict[str, Any]:
    raw = text.encode() if isinstance(text, str) else text
    return {"token": raw.decode(errors="replace"), "bytes": list(raw), "logprob": math.log(chance)}


def reply(content: str, logprobs: Any) -> Reply:
    body = json.loads(completion(content))
    body["choices"][0]["logprobs"] = logprobs
    return Reply(200, json.dumps(body))


def chance(content: str, tokens: Cut, *, with_end: bool = False) -> float | None:
    whole = reply(content, {"content": [token(*cut) for cut in tokens]})
    return probability(whole, ["label"], with_end=with_end)


def test_only_the_tokens_of_the_value_count() -> None:
    assert chance(ANSWER, [*WORDS, *REST]) == pytest.approx(0.8 * 0.5)


def test_its_end_counts_if_another_value_begins_alike() -> None:
    assert chance(ANSWER, [*WORDS, *REST], with_end=True) == pytest.approx(0.8 * 0.5 * 0.25)


def test_a_token_that_carries_a_quote_as_well_counts_whole() -> None:
    cut: Cut = [('{"label":', 0.5), (' "no', 0.8), (' support",', 0.5), (' "evidence": "fuera"}', 0.5)]
    assert chance(ANSWER, cut) == chance(ANSWER, cut, with_end=True) == pytest.approx(0.4)


SPLIT = '{"label": "sí", "evidence": ""}'


@pytest.mark.parametrize(
    ("before", "letter", "found"),
    [
        ('{"label": "s', [(b"\xc3", 0.5), (b"\xad", 0.9)], 0.45),
        ('{"label": "s', [(b"", 0.5), ("í", 0.9)], 0.45),  # vLLM gives all bytes to the last
        ('{"label": "s', [("\ufffd", 0.5), ("\ufffd", 0.9)], None),  # Ollama forgets them
    ],
)
def test_a_letter_in_two_tokens_counts_with_both_if_the_host_gives_its_bytes(
    before: str, letter: Cut, found: float | None
) -> None:
    assert chance(SPLIT, [(before, 1), *letter, ('", "evidence": ""}', 0.3)]) == (
        found and pytest.approx(found)
    )


def test_half_letters_elsewhere_do_not_matter() -> None:
    content = '{"label": "support", "evidence": "🇵🇪"}'
    cut: Cut = [('{"label": "', 1), ("support", 0.7), ('", "evidence": "', 1), ("\ufffd", 0.2), ('"}', 1)]
    assert chance(content, cut) == pytest.approx(0.7)


def test_without_bytes_the_text_of_the_tokens_counts() -> None:
    tokens = [{"token": text, "logprob": math.log(chance)} for text, chance in [*WORDS, *REST]]
    for nothing in ({}, {"bytes": None}):
        whole = reply(ANSWER, {"content": [token | nothing for token in tokens]})
        assert probability(whole, ["label"], with_end=False) == pytest.approx(0.4)


@pytest.mark.parametrize(
    "content",
    [
        '{"evidence": "he wrote \\"label\\": \\"neutral\\"", "label": "support"}',
        '{"evidence": "label", "label" :\n "support"}',
        '```json\n{"evidence": ":", "label":"support"}\n```',
    ],
)
def test_only_the_value_itself_counts(content: str) -> None:
    before, after = content.rsplit("support", 1)
    assert chance(content, [(before, 0.1), ("support", 0.7), (after, 0.1)]) == pytest.approx(0.7)


def test_what_a_model_thinks_aloud_is_not_its_answer() -> None:
    thought: Cut = [('I write {"label": "', 0.1), ("no support", 0.2), ('"}', 0.1)]
    assert chance(ANSWER, [*thought, *WORDS, *REST, ("<|end|>", 0.1)]) == pytest.approx(0.4)


@pytest.mark.parametrize(
    "logprobs",
    [
        None,
        {},
        [],
        {"content": None},
        {"content": []},
        {"content": ["no"]},
        {"content": [{"token": ANSWER}]},
        {"content": [{"token": ANSWER, "logprob": None}]},
        {"content": [{"token": ANSWER, "logprob": math.nan}]},
        {"content": [{"token": ANSWER, "logprob": -1, "bytes": [300]}]},
        {"content": [{"token": "another text", "logprob": -1}]},
        {"tokens": ["no", "support"], "token_logprobs": [-0.1, -0.2]},
    ],
)
def test_missing_or_unfitting_log_probabilities_give_none(logprobs: Any) -> None:
    assert probability(reply(ANSWER, logprobs), ["label"], with_end=False) is None


def test_an_almost_certain_or_impossible_value_stays_between_0_and_1() -> None:
    for logprob, found in ((1e-7, 1.0), (-9999.0, 0.0)):
        whole = reply(ANSWER, {"content": [{"token": ANSWER, "logprob": logprob}]})
        assert probability(whole, ["label"], with_end=False) == found


@given(
    label=st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
    evidence=st.text(st.characters(exclude_categories=["Cs"])),
    cuts=st.sets(st.integers(1, 200), max_size=40),
)
def test_however_an_answer_is_cut_the_tokens_that_touch_the_label_are_found(
    label: str, evidence: str, cuts: set[int]
) -> None:
    content = json.dumps({"label": label, "evidence": evidence}, ensure_ascii=False)
    raw, start = content.encode(), len('{"label": "')
    end = start + len(json.dumps(label, ensure_ascii=False).encode()) - 2
    bounds = [0, *sorted(cut for cut in cuts if cut < len(raw)), len(raw)]
    pieces = list(pairwise(bounds))
    expected = math.prod(0.9 for at, until in pieces if set(range(at, until)) & set(range(start, end)))
    assert chance(content, [(raw[at:until], 0.9) for at, until in pieces]) == pytest.approx(expected)


THOUGHT: Cut = [('<think>{"label": "neutral"}</think>', 0.1), ("```json\n", 0.9)]
AFTER: Cut = [("\n```\n", 0.9), ('The "label": "no support" fits.', 0.1)]


def test_thoughts_fences_and_words_around_the_answer_do_not_count() -> None:
    cut = [*THOUGHT, *WORDS, *REST, *AFTER]
    assert chance("".join(str(text) for text, _ in cut), cut) == pytest.approx(0.4)


def test_content_in_parts_is_read_as_its_texts() -> None:
    tokens = [{"token": text, "logprob": math.log(chance)} for text, chance in [*WORDS, *REST]]
    parts = [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": ANSWER}]
    whole = json.loads(reply(ANSWER, {"content": tokens}).text)
    whole["choices"][0]["message"]["content"] = parts
    assert probability(Reply(200, json.dumps(whole)), ["label"], with_end=False) == pytest.approx(0.4)


def test_without_one_answer_there_is_no_probability() -> None:
    for content in (ANSWER + ANSWER.replace("support", "neutral"), ANSWER[:-3]):
        assert chance(content, [(content, 0.5)]) is None


def test_of_an_answer_that_is_written_twice_the_last_counts() -> None:
    first: Cut = [('{"label": "', 0.9), ("no", 0.3), ('"} ', 0.9)]
    second: Cut = [('{"label": "', 0.9), ("no", 0.7), ('"}', 0.9)]
    cut = [*first, *second]
    assert chance("".join(str(text) for text, _ in cut), cut) == pytest.approx(0.7)


def test_of_a_name_that_is_written_twice_the_last_counts() -> None:
    cut: Cut = [('{"label":"', 0.9), ("no", 0.3), ('", "label": "', 0.9), ("no", 0.7), ('"}', 0.9)]
    assert chance("".join(str(text) for text, _ in cut), cut) == pytest.approx(0.7)


def test_a_name_within_a_list_is_no_name() -> None:
    cut: Cut = [('{"label": "', 0.9), ("no", 0.7), ('", "about": ["label"]}', 0.9)]
    assert chance("".join(str(text) for text, _ in cut), cut) == pytest.approx(0.7)


def test_only_the_first_choice_is_looked_at() -> None:
    tokens = [token(text, share) for text, share in [*WORDS, *REST]]
    whole = json.loads(reply(ANSWER, {"content": tokens}).text)
    whole["choices"].append(whole["choices"][0] | {"logprobs": None})
    assert probability(Reply(200, json.dumps(whole)), ["label"], with_end=False) == pytest.approx(0.4)


TWICE = '{"call": {"label": "yes", "evidence": ""}, "tone": {"label": "yes", "evidence": "🇵🇪"}}'


def test_a_value_counts_in_the_object_that_its_path_names() -> None:
    first, second, end = TWICE.split("yes")
    tokens: Cut = [(first, 1), ("yes", 0.9), (second, 1), ("yes", 0.6), (end, 1)]
    whole = reply(
        TWICE, {"content": [{"token": text, "logprob": math.log(chance)} for text, chance in tokens]}
    )
    for name, found in (("call", 0.9), ("tone", 0.6)):
        assert probability(whole, [name, "label"], with_end=False) == pytest.approx(found)
    for path in (["other", "label"], ["call", "other"], ["call", "label", "label"]):
        assert probability(whole, path, with_end=False) is None


def test_where_half_letters_hide_the_answer_a_value_that_is_there_twice_has_no_probability() -> None:
    first, second, end = TWICE.replace("🇵🇪", "\ufffd").split("yes")
    tokens: Cut = [(first, 1), ("yes", 0.9), (second, 1), ("yes", 0.6), (end, 1)]
    content = [{"token": text, "logprob": math.log(chance)} for text, chance in tokens]
    assert probability(reply(TWICE, {"content": content}), ["call", "label"], with_end=False) is None
