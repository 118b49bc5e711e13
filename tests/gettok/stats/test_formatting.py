"""A number shows no more digits than its cases allow, and in the same way everywhere."""

import pytest

from gettok.stats.formatting import number, percent, percents


@pytest.mark.parametrize(
    ("value", "n", "text"),
    [
        (None, 5, "–"),
        (45_000, None, "45,000"),
        (0.98164, 182, "0.9816"),
        (0.98164, 100, "0.9816"),
        (0.98164, 99, "0.98"),
        (0.5, 9, "0.50"),
        (-0.001, 9, "0.00"),
        (0.98164, None, "0.9816"),
        (0.0, 0, "0.00"),
    ],
)
def test_a_number_over_less_than_100_cases_has_two_decimals(value, n, text):
    assert number(value, n) == text


@pytest.mark.parametrize(
    ("share", "n", "text"),
    [(None, 5, "–"), (0.3948, 38, "39 %"), (0.3948, 100, "39.5 %"), (1.0, 1, "100 %"), (0.0, 0, "0 %")],
)
def test_a_share_of_less_than_100_cases_is_in_whole_per_cents(share, n, text):
    assert percent(share, n) == text


@pytest.mark.parametrize(
    ("difference", "n", "text"), [(0.128, 9, "+13"), (-0.128, 400, "-12.8"), (-0.001, 9, "+0")]
)
def test_a_difference_of_shares_has_its_sign(difference, n, text):
    assert percents(difference, n, "+") == text
