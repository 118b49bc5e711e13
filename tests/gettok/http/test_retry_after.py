import pytest

from gettok.http.retry_after import LONGEST_RETRY_AFTER_S, rate_limit_reset_s, retry_after_s

NOON = "Mon, 23 Nov 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 120 ", 120),
        ("\t7", 7),
        ("120s", None),
        ("120 s", None),
        ("120, 60", None),
        ("1.5", 1.5),
        ("0", 0),
        ("Mon, 23 Nov 2026 12:02:00 GMT", 120),
        ("Mon, 23 Nov 2026 13:02:00 +0100", 120),
        ("Mon, 23 Nov 2026 11:00:00 GMT", 0),
        ("", None),
        ("-5", None),
        ("1e3", None),
        ("soon", None),
        ("²", None),
    ],
)
def test_seconds_and_dates_by_the_servers_own_clock_are_read(value: str, seconds: float | None) -> None:
    assert retry_after_s({"Retry-After": value, "Date": NOON}) == seconds


def test_a_date_without_the_servers_clock_is_not_used() -> None:
    assert retry_after_s({"Retry-After": "Mon, 23 Nov 2026 12:02:00 GMT"}) is None
    assert retry_after_s({"Retry-After": "Mon, 23 Nov 2026 12:02:00 GMT", "Date": NOON}, dates=False) is None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("1s", 1),
        ("6m0s", 360),
        ("2m59.56s", 179.56),
        ("20ms", 0.02),
        ("0h1m", 60),
        ("41", 41),
        ("11.38", 11.38),
        ("2026-11-23T12:01:30Z", 90),
        ("2026-11-23T13:01:30+01:00", 90),
        ("Mon, 23 Nov 2026 12:01:30 GMT", 90),
        ("1795435290", 90),
        ("1795435290000", 90),
        ("10m0s", 600),
        ("10m1s", None),
        ("24h0m0s", None),
        ("9" * 400, None),
        ("0s", None),
        ("0", None),
        ("", None),
        ("soon", None),
        ("-5s", None),
        ("1.2.3s", None),
        ("2026-11-23T11:00:00Z", None),
    ],
)
@pytest.mark.parametrize("name", ["X-RateLimit-Reset", "x-ratelimit-reset-requests", "RateLimit-Reset"])
def test_the_reset_of_a_limit_is_read_in_each_form(name: str, value: str, seconds: float | None) -> None:
    assert rate_limit_reset_s({name: value, "Date": NOON}) == seconds


def test_of_several_limits_the_last_that_is_used_up_counts() -> None:
    headers = {
        "x-ratelimit-remaining-requests": "59",
        "x-ratelimit-reset-requests": "6m0s",
        "x-ratelimit-remaining-tokens": "0",
        "x-ratelimit-reset-tokens": "7.5s",
        "x-ratelimit-reset-tokens-minute": "3s",
        "anthropic-ratelimit-requests-remaining": "1",
        "anthropic-ratelimit-requests-reset": "2026-11-23T12:05:00Z",
        "Date": NOON,
    }
    assert rate_limit_reset_s(headers) == 7.5
    assert rate_limit_reset_s({"x-ratelimit-limit-requests": "60", "Date": NOON}) is None


def test_what_hosts_ask_for_within_reason_is_within_the_bound() -> None:
    assert 120 <= LONGEST_RETRY_AFTER_S == 600
