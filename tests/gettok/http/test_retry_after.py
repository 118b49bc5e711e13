import pytest

from gettok.http.retry_after import LONGEST_RETRY_AFTER_S, retry_after_s

NOON = "Mon, 23 Nov 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 7 ", 7),
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


def test_what_hosts_ask_for_within_reason_is_within_the_bound() -> None:
    assert 120 <= LONGEST_RETRY_AFTER_S == 600
