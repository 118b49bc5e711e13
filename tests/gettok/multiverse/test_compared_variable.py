"""What is compared of each video: a variable's label, or whether it has one of several; and where that is possible."""

from datetime import UTC, datetime

import pytest
from small_study import EVERY_KIND, STUDY
from specifications import COMPARED, compared

from gettok.errors import BadInput
from gettok.multiverse.compared_variable import compared_variable
from gettok.multiverse.specifications import labels_of
from gettok.settings import Codebook
from gettok.tables import ANNOTATIONS, VIDEOS

DAY = datetime(2022, 12, 7, 23, 59, tzinfo=UTC)


def read(one, *rows: dict) -> list[tuple]:
    """The labels or reasons that the rows of videos come to."""
    named = [{"video_id": str(place), "variable": one.name, **row} for place, row in enumerate(rows)]
    videos = VIDEOS.frame([{"video_id": row["video_id"], "created_at": DAY} for row in named])
    found = labels_of(ANNOTATIONS.frame(named), videos, one)
    assert set(found["day"]) == {DAY.date()}
    return found.select("label", "reason").rows()


def test_a_video_has_a_label_or_the_reason_why_not():
    assert read(
        compared("anger"),
        {"status": "ok", "label": "high", "abstained": False},
        {"status": "unusable", "reason": "no_media"},
        {"status": "ok", "abstained": True},
        {"status": "unusable", "reason": "not_applicable"},
    ) == [("high", None), (None, "no_media"), (None, "abstained"), (None, "not_applicable")]


def test_of_a_variable_with_several_labels_a_video_has_one_or_not():
    one = compared("topics", "protest")
    assert one.labels == ("protest", "not protest")
    assert read(
        one,
        {"status": "ok", "labels": ["congress", "protest"]},
        {"status": "ok", "labels": ["congress"]},
        {"status": "ok", "labels": []},
        {"status": "unusable", "reason": "filtered"},
    ) == [("protest", None), ("not protest", None), ("not protest", None), (None, "filtered")]


def test_the_first_variable_with_one_label_is_compared_unless_another_is_named():
    assert (compared().name, compared().label, compared().labels) == (
        "stance",
        "support",
        STUDY.stance.labels,
    )
    assert (compared("call").label, compared("call").labels) == ("yes", ("yes", "no"))
    several = Codebook.model_validate(
        {**codebook(), "variables": {"topics": codebook()["variables"]["topics"]}}
    )
    assert compared_variable(several, "t", None, None).name == "topics"
    to_whom = compared_variable(of_stance(question="A stance on {target}?"), "Castillo", None, None)
    assert to_whom.question == "A stance on Castillo?"


@pytest.mark.parametrize(
    ("name", "label", "what", "can"),
    [
        ("mood", None, "no variable 'mood' with labels", "choose one of stance, call, topics, anger"),
        (
            "people",
            None,
            "no variable 'people' with labels, but one of the kind number",
            "choose one of stance",
        ),
        ("anger", "none", "the variable anger has no label 'none'", "choose one of low, middle, high"),
    ],
)
def test_an_unknown_variable_or_label_is_reported_with_those_that_there_are(name, label, what, can):
    with pytest.raises(BadInput, match=what) as error:
        compared(name, label)
    assert can in error.value.can


def test_a_codebook_without_labels_has_nothing_to_compare():
    numbers = Codebook.model_validate(
        {**codebook(), "variables": {"people": codebook()["variables"]["people"]}}
    )
    with pytest.raises(BadInput, match="the codebook every_kind has no variable with labels"):
        compared_variable(numbers, "t", None, None)


def codebook() -> dict:
    return EVERY_KIND.model_dump()


def of_stance(**changed: object) -> Codebook:
    return Codebook.model_validate(
        {**codebook(), "variables": {"stance": {**codebook()["variables"]["stance"], **changed}}}
    )


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"question": "Another one?", "inputs": ("frames",)}, None),
        ({"labels": ("neutral", "support", "no support")}, None),
        ({"kind": "ordinal"}, None),
        ({"labels": ("for", "against")}, "its variable stance has other labels: for, against"),
        ({"kind": "any_of"}, "its variable stance is of the kind any_of"),
        (
            {"kind": "number", "labels": ()},
            "its variable stance has other labels: none, as its kind is number",
        ),
    ],
)
def test_a_variable_of_another_codebook_is_comparable_if_it_has_the_same_labels(changed, why):
    assert COMPARED.why_unlike(of_stance(**changed).variables["stance"]) == why
    assert COMPARED.why_unlike(None) == "its codebook has no variable stance"
