"""A number, how many videos it is over, and how far it would move for other videos."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from gettok.stats.bootstrap import INTERVAL, Estimate, correlation, determination, mean, ratio

lengths = st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)), min_size=3, max_size=20)


def covering(truth, count, draw):
    """In how many of `count` simulated studies the interval holds the truth."""
    random = np.random.default_rng(4)
    found = [draw(random) for _ in range(count)]
    return sum(estimate.low <= truth <= estimate.high for estimate in found) / count


def test_the_interval_of_a_mean_covers_the_truth_about_as_often_as_it_says():
    assert 0.9 <= covering(2.0, 200, lambda random: mean(random.gamma(2, 1, 60).tolist())) <= 0.99


def test_the_interval_of_r_covers_the_truth_about_as_often_as_it_says():
    def draw(random):
        x, y = random.multivariate_normal([0, 0], [[1, 0.9], [0.9, 1]], 80).T
        return correlation(x.tolist(), y.tolist())

    assert 0.88 <= covering(0.9, 100, draw) <= 0.99


def test_the_interval_of_a_rate_covers_the_truth_about_as_often_as_it_says():
    def draw(random):
        words = random.integers(20, 120, 60)
        return ratio(random.binomial(words, 0.2).tolist(), words.tolist())

    assert 0.9 <= covering(0.2, 200, draw) <= 0.99


def test_pairs_stay_together_when_they_are_drawn():
    # drawn apart, the two lists would have no correlation at all
    found = correlation([float(number) for number in range(40)], [2.0 * number for number in range(40)])
    assert found == Estimate(1.0, 40)
    noisy = correlation([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], [2, 1, 3, 4, 6, 5, 7, 9, 8, 10, 12, 11])
    assert noisy.low > 0.9


def test_the_same_numbers_give_the_same_interval():
    random = np.random.default_rng(1)
    x, y = random.poisson(50, 30).tolist(), random.poisson(50, 30).tolist()
    for estimate in (correlation, determination, ratio):
        assert estimate(x, y) == estimate(x, y)
        assert estimate(x, y).low is not None
    assert mean(x) == mean(x)


@pytest.mark.parametrize("estimate", [correlation, determination, ratio])
def test_nothing_and_one_have_no_interval(estimate):
    assert estimate([], []) == Estimate(None, 0)
    assert estimate([3], [4]).low is None
    assert mean([]) == Estimate(None, 0)
    assert mean([3]) == Estimate(3.0, 1)


def test_two_videos_have_no_correlation():
    assert correlation([1, 2], [2, 5]) == Estimate(None, 2)


def test_a_rate_over_no_words_is_null():
    assert ratio([0, 0], [0, 0]) == Estimate(None, 2)


def test_so_few_videos_that_a_draw_may_hold_one_alone_have_no_interval_of_r():
    found = correlation([1, 2, 3], [1, 2, 4])
    assert found.value == pytest.approx(0.982, abs=1e-3)
    assert (found.low, found.high) == (None, None)


@given(lengths)
@settings(max_examples=60)
def test_whatever_the_numbers_an_estimate_is_whole_and_in_range(pairs):
    left, right = [x for x, _ in pairs], [y for _, y in pairs]
    for found, most in ((correlation(left, right), 1), (determination(left, right), 1), (mean(left), 300)):
        assert found.n == len(pairs)
        assert found.value is None or -1 <= found.value <= most
        assert (found.low is None) == (found.high is None)
        assert found.low is None or -1 <= found.low <= found.high <= most


def test_an_interval_is_scipy_s_of_the_resamples_and_seed_that_its_description_names():
    numbers = [1.0, 2.0, 2.5, 4.0, 10.0]
    expected = stats.bootstrap(
        (numbers,),
        np.mean,
        n_resamples=2_000,
        confidence_level=0.95,
        method="percentile",
        rng=np.random.default_rng(20221207),
    ).confidence_interval
    assert mean(numbers) == Estimate(3.9, 5, round(expected.low, 4), round(expected.high, 4))
    assert "2000 resamples" in INTERVAL
    assert "seed 20221207" in INTERVAL


def test_a_rate_is_the_sum_of_the_parts_over_the_sum_of_the_wholes():
    assert ratio([1, 9], [1, 99]).value == 0.1
    assert ratio([0, 0], [0, 7]).value == 0.0


def test_three_videos_have_a_correlation_unless_either_side_is_constant():
    assert correlation([1, 2, 3], [1, 2, 1]).value == 0.0
    assert correlation([1, 1, 1], [1, 2, 3]) == Estimate(None, 3)
    assert correlation([1, 2, 3], [1, 1, 1]) == Estimate(None, 3)
    assert determination([1, 2, 3], [3, 2, 1]).value == 1.0


def test_numbers_that_differ_by_rounding_alone_have_no_interval():
    assert mean([0.1 + 0.2, 0.3, 0.3]) == Estimate(0.3, 3)
    assert mean([0.3, 0.3001]).low == 0.3


@given(st.integers(0, 10**6), st.integers(3, 60), st.sampled_from([1, 3, 50]))
@settings(deadline=None, max_examples=40)
def test_r_and_its_interval_are_those_of_scipy_s_pearsonr(seed, count, spread):
    drawn = np.random.default_rng(seed)
    left = drawn.integers(0, 90, count)
    right = np.maximum(0, left + drawn.integers(-spread, spread + 1, count))
    found = correlation(left.tolist(), right.tolist())
    if found.value is not None:
        assert found.value == round(float(stats.pearsonr(left, right).statistic), 4) + 0.0
    if found.low is not None:
        expected = stats.bootstrap(
            [left.astype(float), right.astype(float)],
            lambda xs, ys, axis=-1: stats.pearsonr(xs, ys, axis=axis).statistic,
            paired=True,
            vectorized=True,
            n_resamples=2_000,
            method="percentile",
            rng=np.random.default_rng(20221207),
        ).confidence_interval
        assert (found.low, found.high) == (round(float(expected.low), 4), round(float(expected.high), 4))
