"""Days of quota: parts that are asked for one after the other, each with its share of a day."""

import pytest

from gettok.collect.estimate import days_of_quota


@pytest.mark.parametrize(
    ("parts", "days"),
    [
        ([(0, 980)], 0),
        ([(1, 980)], 1),
        ([(980, 980)], 1),
        ([(981, 980)], 2),
        ([(100, 980), (150, 200), (150, 200)], 1),
        ([(0, 980), (401, 200)], 3),
        ([(0, 980), (250, 200), (250, 200)], 3),
        ([(900, 980), (150, 200)], 2),
        ([(0, 980), (0, 0), (5, 200)], 1),
    ],
)
def test_parts_share_a_day_as_far_as_each_of_them_may(parts, days):
    assert days_of_quota(parts, 980) == days
