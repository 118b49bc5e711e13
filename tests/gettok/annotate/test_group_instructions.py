"""What a model reads of a group of variables, and what of it is in the key of an answer."""

from dataclasses import replace
from typing import Any

import pytest
from codebook_steps import step, variable
from content_group import CALL, CONTENT, TEXTS, TONE

from gettok.annotate.group import Group
from gettok.annotate.step import AnnotateStep
from gettok.store.keys import Key


def key(chosen: AnnotateStep) -> str:
    return Key.of(chosen.stage, chosen.version, chosen.settings, {}).digest


@pytest.mark.parametrize(
    "change",
    [
        {"question": "Which tone?"},
        {"definition": "It shouts."},
        {"examples": ["¡Fuera!"]},
        {"labels": ["angry", "calm"]},
        {"labels": ["calm", {"label": "angry", "definition": "It shouts."}]},
        {"labels": ["calm", {"label": "angry", "examples": ["¡Fuera!"]}]},
        {"kind": "ordinal"},
        {"abstain": True},
        {"applies_if": {"variable": "call", "has": ["no"]}},
    ],
)
def test_what_a_model_is_told_of_a_variable_is_in_its_group_s_key(change: dict[str, Any]) -> None:
    changed = variable(**{**TONE.model_dump(exclude_defaults=True), **change})
    group = replace(CONTENT, variables={**CONTENT.variables, "tone": changed})
    assert key(step(group=group)) != key(step(group=CONTENT))


def test_what_a_model_is_not_told_of_a_variable_is_in_no_key() -> None:
    spelled = variable(
        **TONE.model_dump(exclude_defaults=True) | {"labels": ["calm", {"label": "angry", "synonyms": ["x"]}]}
    )
    group = replace(CONTENT, variables={**CONTENT.variables, "tone": spelled})
    assert key(step(group=group)) == key(step(group=CONTENT))
    assert key(step(group=CONTENT, frames=4)) == key(step(group=CONTENT)), "it has no frames"
    framed = Group("picture", {"people": variable("number", inputs=["frames"])}, "X")
    assert key(step(group=framed, frames=4)) != key(step(group=framed))
    assert key(step("http://y/v1", CONTENT, max_frames=9, max_attempts=1)) == key(step(group=CONTENT))
    assert len({key(step(group=replace(CONTENT, **other))) for other in ({}, {"text": "Which?"})}) == 2
    assert len({key(step(group=CONTENT, **other)) for other in ({}, {"votes": 2}, {"model": "b"})}) == 3


def test_labels_are_shown_in_orders_in_which_each_comes_first_and_ordinal_ones_are_not() -> None:
    grade = variable("ordinal", labels=["low", "high"], **TEXTS)
    group = Group("content", {"topics": variable("any_of", **TEXTS), "call": CALL, "grade": grade}, "X")
    assert group.label_orders == 6
    shown = [
        [line[3:-1] for line in group.instructions(order).splitlines() if line.startswith('- "')]
        for order in range(6)
    ]
    assert [labels[:3] for labels in shown] == [
        ["support", "no support", "neutral"],
        ["no support", "neutral", "support"],
        ["neutral", "support", "no support"],
    ] * 2
    assert [labels[3:5] for labels in shown] == [["yes", "no"], ["no", "yes"]] * 3
    assert {tuple(labels[5:]) for labels in shown} == {("low", "high")}
    assert replace(group, text="Which?").label_orders == 1
    assert Group("grade", {"grade": grade}, "X").label_orders == 1


def test_the_rendered_instructions_have_all_that_the_codebook_says() -> None:
    tone = variable(
        **{
            **TONE.model_dump(exclude_defaults=True),
            "question": "Which tone has it towards {target}?",
            "definition": "The tone of the voice",
            "abstain": True,
            "labels": [{"label": "calm", "definition": "it is quiet", "examples": ["Bueno.", "Ya"]}, "angry"],
        }
    )
    instructions = Group("content", {"call": CALL, "tone": tone}, "{labels} & co").instructions()
    assert instructions.split("\n\n")[2] == (
        '## tone\nWhich tone has it towards {labels} & co?\nThe tone of the voice.\n'
        'Answer this only if call is "yes"; otherwise answer null.\nAnswer with one of these labels:\n'
        '- "calm": it is quiet. Such as: "Bueno."; "Ya".\n- "angry"\n'
        "If it cannot be told from what is given, answer null: that is better than a guess."
    )  # fmt: skip
    assert "only from what is given of it: transcript of the speech, caption." in instructions
