"""Chance that falls the same way each time."""

import hashlib
import threading
from collections import Counter


def fraction(*parts: object) -> float:
    """A number in [0, 1) that depends on the parts alone."""
    return int(_digest(parts)[:13], 16) / 16**13


def falls(share: float, *parts: object) -> bool:
    """Whether chance picks these parts, as it does for that share of all there could be."""
    return share > 0 and fraction(*parts) < share


def digits(length: int, *parts: object) -> str:
    """A decimal string of exactly this length, its first digit 7 as in the ids of TikTok."""
    return "7" + str(int(_digest(parts), 16))[-(length - 1) :].zfill(length - 1)


def _digest(parts: tuple[object, ...]) -> str:
    return hashlib.sha256("\x1f".join(str(part) for part in parts).encode()).hexdigest()


class Attempts:
    """Counts how often each question has been asked, so that chance may differ from try to try."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()
        self._lock = threading.Lock()

    def next(self, digest: str) -> int:
        """1 for the first time."""
        with self._lock:
            self._seen[digest] += 1
            return self._seen[digest]
