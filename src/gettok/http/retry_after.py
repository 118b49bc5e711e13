"""How long a server asks its clients to wait: the header `Retry-After`."""

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

#: The longest wait that a server may ask all of our clients for. One that asks for a longer one will not answer soon.
LONGEST_RETRY_AFTER_S = 600.0

_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")


def retry_after_s(headers: Mapping[str, str], *, dates: bool = True) -> float | None:
    """Seconds, without a cap; a date counts from the server's own clock. None without a usable value."""
    value = headers.get("Retry-After", "").strip()
    seconds = parse_number(value)
    return _until_s(value, headers.get("Date", "")) if seconds is None and dates else seconds


def parse_number(text: str) -> float | None:
    """The number in plain decimal notation; infinite if it has hundreds of digits. None for any other text."""
    return float(text) if _NUMBER.fullmatch(text) else None


def _until_s(then: str, now: str) -> float | None:
    try:
        return max(0.0, (parsedate_to_datetime(then) - parsedate_to_datetime(now)).total_seconds())
    except (ValueError, TypeError):  # not a date, or only one of the two has a time zone
        return None
