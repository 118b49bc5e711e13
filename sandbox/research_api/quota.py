"""Limits on the requests per day and per second."""

import threading
from collections import Counter
from dataclasses import dataclass

from sandbox.exchange import Refusal
from sandbox.world import World

TOO_FAST = (429, "rate_limit_exceeded", "Rate limit exceeded. Please try again later")
DAY_OVER = (429, "daily_quota_limit_exceeded", "The API daily quota limit exceeded. Please try again later")

FOLLOWS = frozenset({"/v2/research/user/followers/", "/v2/research/user/following/"})
"""Paths with a quota of their own (TikTok's documentation, FAQ)."""


@dataclass(frozen=True, slots=True)
class _DailyLimit:
    name: str
    max_requests: int
    by_others: int


class Quota:
    """The requests of a UTC day; a call that fails later is still counted (tiktok-library, README)."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._used: Counter[tuple[str, str]] = Counter()
        self._second = (0, 0)
        self._lock = threading.Lock()

    def used(self, path: str = "") -> int:
        """Today's requests, including those of others; `path` selects one of the two counts."""
        with self._lock:
            return self._count(self._limit_of(path))

    def state(self) -> dict[str, int | str]:
        """The requests used and allowed today."""
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
            if self._count(limit) > limit.max_requests:
                raise Refusal(*DAY_OVER)

    def spend_all(self, path: str) -> None:
        """Use up the day's quota, as others could."""
        with self._lock:
            limit = self._limit_of(path)
            self._used[limit.name, self._world.clock.day()] += limit.max_requests

    def charge_second(self) -> None:
        """Count the request in this virtual second; refuse it above the limit."""
        now = self._world.clock.timestamp()
        most = self._world.profile.requests_per_s
        with self._lock:
            second, count = self._second
            self._second = (now, count + 1 if second == now else 1)
            if most is not None and self._second[1] > most:
                raise Refusal(*TOO_FAST)

    def _count(self, limit: _DailyLimit) -> int:
        return self._used[limit.name, self._world.clock.day()] + limit.by_others

    def _limit_of(self, path: str) -> _DailyLimit:
        profile = self._world.profile
        if path in FOLLOWS:
            return _DailyLimit("follows", profile.daily_follow_quota, 0)
        return _DailyLimit("all", profile.daily_quota, profile.quota_used_by_others)
