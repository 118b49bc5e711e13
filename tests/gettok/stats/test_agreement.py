"""Agreement and shares against numbers worked out by hand, with units and counts of unequal size."""

import math
import random

import krippendorff
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from gettok.stats.agreement import interval_alpha, kappa, nominal_alpha, ordinal_alpha
from gettok.stats.bootstrap import correlation, mean, ratio
from gettok.stats.proportions import Share, rounded, share


def test_alpha_weighs_each_label_alike_however_often_its_video_was_judged():
    # 3 a and 6 b: 36 unequal pairs, of 8 for each label 4.5 are expected; observed are 4 / 2 + 2 / 1 + 0 / 3
    assert nominal_alpha(["aab", "ab", "bbbb"]) == round(1 - 4 / 4.5, 4)
    assert nominal_alpha(["aaaab", "bb"]) == round(1 - (8 / 4) / (24 / 6), 4)


def test_alpha_of_total_disagreement_is_below_0_and_of_full_agreement_1():
    assert nominal_alpha(["ab", "ab"]) == round(1 - 4 / (8 / 3), 4)
    assert nominal_alpha(["aa", "bbb"]) == 1.0


@pytest.mark.parametrize("units", [[], ["aa"], ["aa", "aaa"]])
def test_alpha_without_two_labels_is_null(units):
    assert nominal_alpha(units) is None


@given(st.lists(st.lists(st.sampled_from("abcd"), min_size=2, max_size=4), min_size=2, max_size=8))
@settings(max_examples=40)
def test_ordinal_and_interval_alpha_are_those_of_krippendorff_s_program(units):
    places = [[float("abcd".index(label)) for label in unit] for unit in units]
    coders = [[unit[coder] if coder < len(unit) else math.nan for unit in places] for coder in range(4)]
    if len({place for unit in places for place in unit}) < 2:
        assert ordinal_alpha(units, "abcd") is interval_alpha(places) is None
        return
    for level, ours in (("ordinal", ordinal_alpha(units, "abcd")), ("interval", interval_alpha(places))):
        theirs = krippendorff.alpha(coders, level_of_measurement=level, value_domain=[0.0, 1.0, 2.0, 3.0])
        assert ours == pytest.approx(theirs, abs=6e-5)


def test_kappa_weighs_each_pair_of_labels_by_its_count():
    # of 20: 17 agree; by chance 11 * 12 + 9 * 8 of 400
    assert kappa([*"aabb"], [*"abab"], [10, 1, 2, 7]) == round((0.85 - 0.51) / 0.49, 4)


def test_kappa_is_null_only_where_both_sides_have_one_and_the_same_label():
    assert kappa([*"aa"], [*"aa"], [1, 2]) is None
    assert kappa([*""], [*""], []) is None
    assert kappa([*"aa"], [*"ab"], [1, 2]) == 0.0
    assert kappa([*"ab"], [*"aa"], [1, 2]) == 0.0
    assert kappa([*"a"], [*"b"], [3]) == 0.0


@pytest.mark.parametrize(
    ("value", "expected"), [(-0.00004, 0.0), (0.00004, 0.0), (-0.00006, -0.0001), (1.23456, 1.2346), (0, 0.0)]
)
def test_a_number_has_four_places_and_0_has_no_sign(value, expected):
    assert rounded(value) == expected
    assert math.copysign(1, rounded(value)) == (-1 if expected < 0 else 1)


def test_a_share_has_wilson_s_interval():
    assert share(1, 3) == Share(1, 3, 0.3333, 0.0615, 0.7923)
    assert share(3, 3) == Share(3, 3, 1.0, 0.4385, 1.0)
    assert share(0, 1) == Share(0, 1, 0.0, 0.0, 0.7935)
    assert share(0, 0) == Share(0, 0, None, None, None)


def test_an_estimate_that_rounds_to_0_has_no_sign():
    for estimate in (
        mean([-0.00003, 0.00001]),
        ratio([-1.0, 0.0], [100_000.0, 1.0]),
        correlation([1.0, 2.0, 3.0, 4.0], [-1e-9, 1e9, 1e9, -2e-9]),
        mean([-0.00001, -0.00002, -0.00003]),
    ):
        for number in (estimate.value, estimate.low, estimate.high):
            assert number is None or number != 0 or math.copysign(1, number) == 1


def test_kappa_is_that_of_scikit_learn():
    chance = random.Random(7)
    for _ in range(50):
        size = chance.randint(2, 12)
        left, right = (chance.choices("abcd", k=size) for _ in range(2))
        counts = [chance.randint(1, 50) for _ in range(size)]
        expected = cohen_kappa_score(left, right, sample_weight=counts)
        assert kappa(left, right, counts) == (
            None if math.isnan(expected) else pytest.approx(expected, abs=6e-5)
        )
