"""How many requests a day and a second may have."""

import threading
from collections import Counter
from dataclasses import dataclass

from sandbox.exchange import Refusal
from sandbox.world import World

TOO_FAST = (429, "rate_limit_exceeded", "Rate limit exceeded. Please try again later")
DAY_OVER = (429, "daily_quota_limit_exceeded", "The API daily quota limit exceeded. Please try again later")

FOLLOWS = frozenset({"/v2/research/user/followers/", "/v2/research/user/following/"})
"""Paths that are counted apart from all others (TikTok's documentation, FAQ)."""


@dataclass(frozen=True, slots=True)
class _Limit:
    name: str
    most: int
    by_others: int


class Quota:
    """Requests of a UTC day; a call that fails later has been counted all the same (tiktok-library, README)."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._used: Counter[tuple[str, str]] = Counter()
        self._second = (0, 0)
        self._lock = threading.Lock()

    def used(self, path: str = "") -> int:
        """Today's requests, those of others included; `path` tells which of the two counts is meant."""
        with self._lock:
            return self._count(self._limit_of(path))

    def told(self) -> dict[str, int | str]:
        """What is used and what is allowed today."""
        profile = self._world.profile
        return {
            "day": self._world.clock.day(),
            "used": self.used(),
            "limit": profile.daily_quota,
            "follow_used": self.used(next(iter(FOLLOWS))),
            "follow_limit": profile.daily_follow_quota,
        }

    def charge(self, path: str) -> None:
        with self._lock:
            limit = self._limit_of(path)
            self._used[limit.name, self._world.clock.day()] += 1
            if self._count(limit) > limit.most:
                raise Refusal(*DAY_OVER)

    def spend_all(self, path: str) -> None:
        """As if others had used up the day."""
        with self._lock:
            limit = self._limit_of(path)
            self._used[limit.name, self._world.clock.day()] += limit.most

    def slow_down(self) -> None:
        """Refuses what is too much for this virtual second."""
        now = self._world.clock.timestamp()
        most = self._world.profile.requests_per_s
        with self._lock:
            second, count = self._second
            self._second = (now, count + 1 if second == now else 1)
            if most is not None and self._second[1] > most:
                raise Refusal(*TOO_FAST)

    def _count(self, limit: _Limit) -> int:
        return self._used[limit.name, self._world.clock.day()] + limit.by_others

    def _limit_of(self, path: str) -> _Limit:
        profile = self._world.profile
        if path in FOLLOWS:
            return _Limit("follows", profile.daily_follow_quota, 0)
        return _Limit("all", profile.daily_quota, profile.quota_used_by_others)
