"""Rate limits of a model endpoint: concurrent completions, and requests and tokens per minute.

The limits per minute are buckets that refill steadily, as OpenAI's do: 60 per minute means one per second.
"""

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from sandbox.exchange import Headers
from sandbox.model.chat import Chat
from sandbox.model.models import MODEL
from sandbox.model.refusal import ModelRefusal
from sandbox.model.token_count import prompt_tokens
from sandbox.world import World

CONCURRENCY_WAIT_S = 0.25
"""How long a client must wait when too many requests run at once."""


class Bucket:
    """The remainder of a limit; full at the start."""

    def __init__(self, name: str, short: str) -> None:
        self.name = name
        self.short = short
        self._left = math.inf
        self._at = 0.0

    def left(self, limit: int, now: float) -> float:
        """What is left now; rounded, so that a client that waits to the millisecond is let in."""
        self._left = round(min(limit, self._left + max(0.0, now - self._at) * limit / 60), 6)
        self._at = now
        return self._left

    def take(self, amount: float) -> None:
        self._left -= amount

    def headers(self, limit: int, now: float) -> Headers:
        left = self.left(limit, now)
        return (
            (f"x-ratelimit-limit-{self.name}", str(limit)),
            (f"x-ratelimit-remaining-{self.name}", str(int(left))),
            (f"x-ratelimit-reset-{self.name}", duration((limit - left) * 60 / limit)),
        )


class ModelLimits:
    def __init__(self, world: World) -> None:
        self._world = world
        self._running = 0
        self._requests = Bucket("requests", "RPM")
        self._tokens = Bucket("tokens", "TPM")
        self._lock = threading.Lock()

    @contextmanager
    def slot(self) -> Iterator[None]:
        """One of the slots for concurrent completions, until the block ends; refused if none is free."""
        with self._lock:
            most = self._world.profile.model_at_once
            if most is not None and self._running >= most:
                raise self._too_many_at_once(most)
            self._running += 1
        try:
            yield
        finally:
            with self._lock:
                self._running -= 1

    def charge(self, chat: Chat) -> Headers:
        """Take the chat's cost from both buckets, or refuse and take nothing; returns the headers with the remainder.

        More lenient than OpenAI, where a refused request counts too: here, a client that waits as long as the reply
        says is let in.
        """
        if not self._limits():
            return ()
        costs = {"requests": 1, "tokens": max(prompt_tokens(chat), chat.max_tokens or 0)}
        with self._lock:
            now = self._now()
            for bucket, limit in self._limits():
                if bucket.left(limit, now) < costs[bucket.name]:
                    raise self._exhausted(bucket, limit, costs[bucket.name], now)
            for bucket, _ in self._limits():
                bucket.take(costs[bucket.name])
            return self._headers(now)

    def _limits(self) -> list[tuple[Bucket, int]]:
        profile = self._world.profile
        limits = (
            (self._requests, profile.model_requests_per_min),
            (self._tokens, profile.model_tokens_per_min),
        )
        return [(bucket, limit) for bucket, limit in limits if limit is not None]

    def _headers(self, now: float) -> Headers:
        return tuple(header for bucket, limit in self._limits() for header in bucket.headers(limit, now))

    def _now(self) -> float:
        if self._world.profile.model_clock == "real":
            return time.monotonic()
        return self._world.clock.now().timestamp()

    def _too_many_at_once(self, most: int) -> ModelRefusal:
        headers = self._headers(self._now()) or (
            ("x-ratelimit-limit-requests", str(most)),
            ("x-ratelimit-remaining-requests", "0"),
            ("x-ratelimit-reset-requests", duration(CONCURRENCY_WAIT_S)),
        )
        message = f"Rate limit reached for {MODEL}: too many requests at once. Limit {most}."
        return ModelRefusal(
            429,
            "rate_limit_exceeded",
            message,
            headers=(*headers, *retry_headers(CONCURRENCY_WAIT_S)),
            parts={"type": "requests"},
        )

    def _exhausted(self, bucket: Bucket, limit: int, cost: int, now: float) -> ModelRefusal:
        left = bucket.left(limit, now)
        what = f"for {MODEL} in organization org-sandbox on {bucket.name} per min ({bucket.short})"
        if cost > limit:
            message = f"Request too large {what}: Limit {limit}, Requested {cost}."
            return ModelRefusal(
                429, "rate_limit_exceeded", message, headers=self._headers(now), parts={"type": bucket.name}
            )
        wait_s = (cost - left) * 60 / limit
        message = (
            f"Rate limit reached {what}: Limit {limit}, Used {math.ceil(limit - left)}, Requested {cost}. "
            f"Please try again in {duration(wait_s)}."
        )
        headers = (*self._headers(now), *retry_headers(wait_s))
        return ModelRefusal(429, "rate_limit_exceeded", message, headers=headers, parts={"type": bucket.name})


def retry_headers(seconds: float) -> Headers:
    """How long to wait, in whole seconds, and in milliseconds for OpenAI's clients."""
    return ("Retry-After", str(math.ceil(seconds))), (
        "retry-after-ms",
        str(math.ceil(round(seconds * 1000, 3))),
    )


def duration(seconds: float) -> str:
    """A duration in Go's notation: `12ms`, `7.66s`, `6m0s`."""
    if seconds < 1:
        return f"{math.ceil(seconds * 1000)}ms"
    minutes, rest = divmod(round(seconds, 3), 60)
    return f"{int(minutes)}m{rest:.3g}s" if minutes else f"{rest:.5g}s"
