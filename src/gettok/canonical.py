"""JSON in one form only, so that equal values have equal text and equal digests."""

import hashlib
import json
from typing import Any


def canonical(value: Any) -> str:
    """JSON with sorted keys and ASCII only: equal values give equal text, and any text, a lone surrogate too, survives.

    Raises `ValueError` on NaN and infinities, which JSON does not have.
    """
    return json.dumps(value, sort_keys=True, ensure_ascii=True, allow_nan=False, separators=(",", ":"))


def digest_of(value: Any) -> str:
    """SHA-256 of the canonical JSON, as 64 hex digits."""
    return hashlib.sha256(canonical(value).encode("ascii")).hexdigest()
