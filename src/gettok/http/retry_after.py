"""How long a server asks its clients to wait: the header `Retry-After`, or when a rate limit is reset."""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

#: The longest wait that a server may ask all of our clients for. One that asks for a longer one will not answer soon.
LONGEST_RETRY_AFTER_S = 600.0

_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")
#: A duration as Go writes it: `6m0s`, `1.5s`, `20ms`.
_DURATION = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?(?:[dhms]|ms|[uµ]s|ns))+")
_PARTS = re.compile(r"([0-9.]+)([a-zµ]+)")
_UNITS_S = {"d": 86_400, "h": 3600, "m": 60, "s": 1, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
#: A number from here on is a time in Unix seconds, or in milliseconds.
_UNIX_S, _UNIX_MS = 1e9, 1e11


def retry_after_s(headers: Mapping[str, str], *, dates: bool = True) -> float | None:
    """Seconds, without a cap; a date counts from the server's own clock.

    Blanks around the value do not count. None for anything but a plain number or a date, such as `120s`: we then wait
    as long as we do without the header.
    """
    value = headers.get("Retry-After", "").strip()
    seconds = parse_number(value)
    return _until_s(value, headers.get("Date", "")) if seconds is None and dates else seconds


def rate_limit_reset_s(headers: Mapping[str, str]) -> float | None:
    """Seconds until the last of the limits is reset of which nothing is known to remain; None if that is too long.

    Such headers (`X-RateLimit-Reset-Requests: 6m0s`) come with every response, so they count in a 429 alone. They say
    when a limit is full again, which is later than needed: beyond the longest `Retry-After` they say nothing.
    """
    lower = {name.lower(): value.strip() for name, value in headers.items()}
    resets = [
        seconds for name in _used_up(lower) if (seconds := _reset_s(lower[name], lower.get("date", "")))
    ]
    longest = max(resets, default=None)
    return None if longest is None or longest > LONGEST_RETRY_AFTER_S else longest


def _used_up(headers: Mapping[str, str]) -> Iterator[str]:
    """The names of the headers that say when a limit is reset, without those of limits of which something remains."""
    for name in headers:
        is_reset = "ratelimit" in name.replace("-", "") and "reset" in name.split("-")
        if is_reset and not parse_number(headers.get(name.replace("reset", "remaining"), "")):
            yield name


def _reset_s(value: str, now: str) -> float | None:
    """By a number of seconds, a duration, or a time: an HTTP date, an ISO date, or Unix seconds or milliseconds."""
    if _DURATION.fullmatch(value):
        return sum(float(number) * _UNITS_S[unit] for number, unit in _PARTS.findall(value))
    number = parse_number(value)
    if number is None or number >= _UNIX_S:
        return _until_s(_http_date(value, number), now)
    return number


def _http_date(value: str, number: float | None) -> str:
    with suppress(ValueError, OverflowError, OSError):
        unix_s = None if number is None else number / (1000 if number >= _UNIX_MS else 1)
        time = datetime.fromisoformat(value) if unix_s is None else datetime.fromtimestamp(unix_s, UTC)
        return format_datetime(time.astimezone(UTC), usegmt=True)
    return value


def parse_number(text: str) -> float | None:
    """The number in plain decimal notation; infinite if it has hundreds of digits. None for any other text."""
    return float(text) if _NUMBER.fullmatch(text) else None


def _until_s(then: str, now: str) -> float | None:
    try:
        return max(0.0, (parsedate_to_datetime(then) - parsedate_to_datetime(now)).total_seconds())
    except (ValueError, TypeError):  # not a date, or only one of the two has a time zone
        return None
