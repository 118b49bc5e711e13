"""The numbers of a multiverse are those of the literature, and undefined ones are null."""

import json
import math
from fractions import Fraction

import krippendorff
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score
from small_study import STUDY
from specifications import COMPARED, FIRST, specification

from gettok.multiverse.analysis import analyse, as_json
from gettok.multiverse.before_after import compare, difference
from gettok.multiverse.flips import as_frame, flips
from gettok.multiverse.label_agreement import alpha, pairs
from gettok.multiverse.specifications import Specification, distinct
from gettok.settings import Event
from gettok.stats.agreement import nominal_alpha
from gettok.stats.proportions import share

LABELS = st.sampled_from((*STUDY.stance.labels, None))


@st.composite
def anything(draw: st.DrawFn) -> list[Specification]:
    """Any number of specifications, each with any labels for any of six videos."""
    count = draw(st.integers(1, 4))
    return [
        specification(f"s{place}", draw(st.dictionaries(st.sampled_from("abcdef"), LABELS)))
        for place in range(count)
    ]


def units(*coders: str) -> list[str]:
    """The values that coders gave each unit, `.` for none; only units with two values count."""
    columns = ["".join(column).replace(".", "") for column in zip(*coders, strict=True)]
    return [column for column in columns if len(column) > 1]


# Krippendorff, Computing Krippendorff's Alpha-Reliability (2011): its examples of two coders and two values, of two
# coders and five values, and of four coders who leave gaps
@pytest.mark.parametrize(
    ("coders", "published"),
    [
        (("0100000010", "1110010000"), 0.095),
        (("aabbdcccedda", "babbbccceddd"), 0.692),
        (("123321412...", "1233224125.3", ".3332342251.", "12332441251."), 0.743),
    ],
)
def test_alpha_is_the_published_one(coders, published):
    value = nominal_alpha(units(*coders))
    assert value is not None
    assert round(value, 3) == published


@given(st.lists(st.lists(LABELS, min_size=3, max_size=3), min_size=1, max_size=12))
def test_alpha_is_that_of_the_krippendorff_package(rows):
    found = [specification(f"s{place}", [row[place] for row in rows]) for place in range(3)]
    coded = [[math.nan if one is None else STUDY.stance.labels.index(one) for one in row] for row in rows]
    usable = [row for row in rows if sum(one is not None for one in row) > 1]
    assume(len({one for row in usable for one in row if one is not None}) > 1)
    expected = krippendorff.alpha(np.array(coded, float).T, level_of_measurement="nominal")
    ours = alpha(found)
    assert ours.n == len(usable)
    assert ours.value == pytest.approx(expected, abs=6e-5)


def test_kappa_is_the_one_worked_out_by_hand():
    # both support 20, left alone 5, right alone 10, neither 15: agreement 0.7, by chance 0.5
    left = ["support"] * 25 + ["neutral"] * 25
    right = ["support"] * 20 + ["neutral"] * 5 + ["support"] * 10 + ["neutral"] * 15
    (pair,) = pairs([specification("left", left), specification("right", right)])
    assert (pair.n, pair.same, pair.kappa) == (50, 0.7, 0.4)


@given(anything())
def test_a_pair_is_judged_on_the_videos_that_both_have(found):
    for pair in pairs(found):
        left, right = (
            dict(one.labelled.select("video_id", "label").iter_rows())
            for name in (pair.left, pair.right)
            for one in found
            if one.name == name
        )
        both = sorted(left.keys() & right.keys())
        assert pair.n == len(both)
        if not both:
            assert (pair.same, pair.kappa) == (None, None)
            continue
        one, other = [left[video] for video in both], [right[video] for video in both]
        assert pair.same == pytest.approx(sum(map(str.__eq__, one, other)) / len(both), abs=6e-5)
        if len({*one, *other}) == 1:
            assert pair.kappa is None
        else:
            assert pair.kappa == pytest.approx(cohen_kappa_score(one, other), abs=6e-5)


def test_labels_that_are_all_equal_have_no_kappa_and_no_alpha_but_an_n():
    found = [specification(name, ["support"] * 5) for name in ("one", "other")]
    (pair,) = pairs(found)
    assert (pair.n, pair.same, pair.kappa) == (5, 1.0, None)
    assert (alpha(found).n, alpha(found).value) == (5, None)


def test_one_specification_has_no_agreement():
    alone = [specification("one", ["support", "neutral"])]
    assert pairs(alone) == []
    assert (alpha(alone).n, alpha(alone).value) == (0, None)
    assert flips(alone) == []


def test_the_most_contested_video_is_first_and_one_that_never_flips_is_not_there():
    found = [
        specification("one", {"same": "support", "two": "support", "lone": "support", "three": "support"}),
        specification("two", {"same": "support", "two": "neutral", "lone": "neutral", "three": "neutral"}),
        specification("red", {"same": "support", "two": "neutral", "lone": None, "three": "no support"}),
    ]
    contested = flips(found)
    assert [flip.video_id for flip in contested] == ["three", "lone", "two"]
    assert [(flip.different_labels, flip.dissenting, flip.judged) for flip in contested] == [
        (3, 2, 3),
        (2, 1, 2),
        (2, 1, 3),
    ]
    table = as_frame(contested, found)
    assert table.columns[-3:] == ["label_one", "label_two", "label_red"]
    assert table.row(1) == ("lone", 2, 1, 2, "support", "neutral", None)


def test_a_difference_is_after_minus_before_and_the_event_s_day_is_after():
    one = specification("one", ["support", "neutral", "support", "support", None])
    comparison = compare([one], "support", Event(day="2022-12-07", label="third day"))
    (found,) = comparison.differences
    assert (found.before.count, found.before.n, found.after.count, found.after.n) == (1, 2, 2, 2)
    assert (found.value, found.sign) == (0.5, 1)


def test_the_interval_of_a_difference_is_newcombe_s():
    # Newcombe, Interval estimation for the difference between independent proportions (1998), table II, method 10
    found = difference(share(48, 80), share(56, 70))
    assert (found.value, found.low, found.high) == (0.2, 0.0524, 0.3339)


def signs(*labels: str) -> list[Specification]:
    """A specification for each: the label of the only video before the day, and of the one after."""
    names = {"s": "support", "n": "neutral"}
    return [specification(f"s{place}", [names[one] for one in of]) for place, of in enumerate(labels)]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (signs("ns", "ns", "sn"), (3, 1, 2, 0.6667)),
        (signs("ns", "sn"), (2, None, None, None)),
        (signs("ss", "nn", "sn"), (3, 0, 2, 0.6667)),
        (signs("n", "n"), (0, None, None, None)),
        (signs("n", "sn"), (1, -1, 1, 1.0)),
    ],
)
def test_the_sign_is_that_of_most_specifications_that_have_a_difference(found, expected):
    one = compare(found, "support", Event(day="2022-12-06", label="second day"))
    assert (one.n, one.sign, one.same_sign, one.share_with_same_sign) == expected


@given(anything(), st.integers(0, 6))
def test_whatever_the_labels_every_number_is_whole_and_in_range(found, day):
    event = Event.model_validate({"day": str(FIRST.replace(day=FIRST.day + day)), "label": "a day"})
    whole = analyse(STUDY, COMPARED, [event], distinct(found), [])
    json.dumps(as_json(whole), allow_nan=False)
    for pair in whole.pairs:
        assert pair.kappa is None or -1 <= pair.kappa <= 1
    (comparison,) = whole.comparisons
    for one in comparison.differences:
        if one.value is not None:
            assert one.low <= one.value <= one.high
            exact = Fraction(one.after.count, one.after.n) - Fraction(one.before.count, one.before.n)
            assert one.sign == (exact > 0) - (exact < 0)
    counted = [one.sign for one in comparison.differences if one.sign is not None]
    assert comparison.n == len(counted)
    if comparison.sign is not None:
        assert comparison.same_sign == counted.count(comparison.sign)
    assert len(whole.flips) <= whole.alpha.n
