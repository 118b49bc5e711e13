"""What a plan says of the days of quota: the reserve and the shares of comments and users change them."""

import pytest

from gettok.cli.plan import _cost
from gettok.settings import Settings


def cost(params, requests, *, daily=100, reserve=0, comments=None, users=None):
    params["collect"] |= {
        "requests_per_day": daily,
        "reserve": reserve,
        "comments": comments and {"per_video": 1, "requests_per_day": comments},
        "users": users and {"requests_per_day": users},
    }
    return _cost(Settings.model_validate(params), requests, "if so")


@pytest.mark.parametrize(
    ("requests", "shares", "days"),
    [
        ([100], {}, "1 day"),
        ([101], {}, "2 days"),
        ([60], {"reserve": 40}, "1 day"),
        ([61], {"reserve": 40}, "2 days"),
        ([100], {"reserve": 40}, "2 days"),
        ([0, 20, 0], {"comments": 20}, "1 day"),
        ([0, 21, 0], {"comments": 20}, "2 days"),
        ([0, 20, 31], {"comments": 20, "users": 30}, "2 days"),
        ([50, 20, 30], {"comments": 20, "users": 30}, "1 day"),
        ([50, 20, 30], {"comments": 20, "users": 30, "reserve": 1}, "2 days"),
        ([0, 0, 0], {}, "0 days"),
    ],
)
def test_days_of_quota_are_those_that_the_reserve_and_the_shares_leave(params, requests, shares, days):
    assert f"that is {days} of quota (100 a day" in cost(params, requests, **shares)


def test_the_parts_are_named_in_their_order(params):
    said = cost(params, [5, 6, 7], reserve=3, comments=20, users=30)
    assert said.startswith("requests: at least 18 if so (searching 5, comments 6, users 7); that is 1 day")
    assert said.endswith("(100 a day, 3 of them kept for refreshing)")
    assert cost(params, [5]).startswith("requests: at least 5 if so; that is")
