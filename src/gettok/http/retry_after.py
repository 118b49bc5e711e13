"""How long a server asks to be left alone, by the header `Retry-After`."""

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")


def told_s(headers: Mapping[str, str], *, dates: bool = True) -> float | None:
    """Seconds, without a cap; a date counts from the server's own clock. None where nothing sensible is said."""
    told = headers.get("Retry-After", "").strip()
    seconds = number_in(told)
    return _until_s(told, headers.get("Date", "")) if seconds is None and dates else seconds


def number_in(text: str) -> float | None:
    """The number that the text is; infinite if it has hundreds of digits."""
    return float(text) if _NUMBER.fullmatch(text) else None


def _until_s(then: str, now: str) -> float | None:
    try:
        return max(0.0, (parsedate_to_datetime(then) - parsedate_to_datetime(now)).total_seconds())
    except (ValueError, TypeError):  # no date, or one with a time zone and one without
        return None
