"""Deterministic chance: the same inputs always give the same outcome."""

import hashlib
import threading
from collections import Counter


def fraction(*parts: object) -> float:
    """A number in [0, 1) that depends only on the parts."""
    return int(_digest(parts)[:13], 16) / 16**13


def happens(share: float, *parts: object) -> bool:
    """True for that share of all possible parts; for these parts, always the same."""
    return share > 0 and fraction(*parts) < share


def digits(length: int, *parts: object) -> str:
    """A decimal string of exactly this length that starts with 7, as TikTok's ids do."""
    return "7" + str(int(_digest(parts), 16))[-(length - 1) :].zfill(length - 1)


def _digest(parts: tuple[object, ...]) -> str:
    return hashlib.sha256("\x1f".join(str(part) for part in parts).encode()).hexdigest()


class Attempts:
    """Counts how often each request has been made, so that chance can differ between attempts."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def next(self, digest: str) -> int:
        """The number of this attempt, from 1."""
        with self._lock:
            self._counts[digest] += 1
            return self._counts[digest]
