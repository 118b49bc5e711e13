"""The server's time, which decides which day a request counts for."""

from datetime import UTC, datetime

import pytest
from api_caller import Clock

from gettok.research_api import ServerClock

NOON = datetime(2023, 3, 15, 12, tzinfo=UTC)


@pytest.mark.parametrize("hours_off", [-9, 0, 9, 24 * 365])
def test_f14_our_clock_is_put_right_by_the_date_of_an_answer_and_goes_on_from_there(hours_off):
    ours = Clock(NOON.timestamp() + hours_off * 3600)
    server = ServerClock(ours)
    assert not server.is_set
    assert server.learn({"Date": "Wed, 15 Mar 2023 12:00:00 GMT"}) == NOON
    assert server.is_set
    assert server.now() == NOON
    ours.at += 3600.5
    assert server.now() == datetime(2023, 3, 15, 13, tzinfo=UTC)


@pytest.mark.parametrize(
    "headers", [{}, {"Date": ""}, {"Date": "noon"}, {"Date": "Wed, 99 Mar 2023 12:00:00 GMT"}]
)
def test_an_answer_without_a_readable_date_leaves_the_clock_as_it_is(headers):
    server = ServerClock(Clock(NOON.timestamp()))
    assert server.learn(headers) == NOON
    assert not server.is_set
    server.learn({"Date": "Wed, 15 Mar 2023 20:00:00 GMT"})
    server.learn(headers)
    assert server.now() == datetime(2023, 3, 15, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "next_day"),
    [
        ("2023-03-15T00:00:00", "2023-03-16"),
        ("2023-03-15T23:59:59", "2023-03-16"),
        ("2023-12-31T12:00:00", "2024-01-01"),
        ("2024-02-28T12:00:00", "2024-02-29"),
    ],
)
def test_f14_the_quota_is_renewed_at_the_next_midnight_in_utc(now, next_day):
    server = ServerClock(Clock(datetime.fromisoformat(f"{now}+00:00").timestamp()))
    assert server.next_day() == datetime.fromisoformat(f"{next_day}T00:00:00+00:00")
