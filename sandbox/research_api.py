"""The stand-in for TikTok's Research API v2.

The order of its checks is a guess that no document contradicts: path and method, transport, token, endpoint, rate,
quota, server trouble, the request itself.
"""

import threading
from collections import Counter
from collections.abc import Callable

from sandbox.chance import fraction
from sandbox.exchange import JsonObject, Reply, Request, json_body, json_reply, text_reply
from sandbox.faults import INSTEAD, Fault, damaged
from sandbox.query import fields_asked, query_from
from sandbox.refusal import Refusal, invalid_cursor
from sandbox.search import Searches
from sandbox.tokens import Tokens
from sandbox.world import World

TOKEN_PATH = "/v2/oauth/token/"  # noqa: S105 - a path
QUERY_PATH = "/v2/research/video/query/"

TROUBLE = (
    "Something is wrong. Please try again later.",
    "Something went wrong. Please try again later.",
    "Server Internal Error",
)
"""Messages of status 500 that clients of the real one know (researchtikpy)."""

INVALID_TOKEN = (401, "access_token_invalid", "The access token is invalid or not found in the request.")
NOT_AUTHORIZED = (
    401,
    "scope_not_authorized",
    "The user did not authorize the scope required for completing this request.",
)
TOO_FAST = (429, "rate_limit_exceeded", "Rate limit exceeded. Please try again later")
DAY_OVER = (429, "daily_quota_limit_exceeded", "The API daily quota limit exceeded. Please try again later")


class Quota:
    """Requests of a UTC day; a call that fails later has been counted all the same (tiktok-library, README)."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._used: Counter[str] = Counter()
        self._lock = threading.Lock()

    def used(self) -> int:
        """Today's requests, those of others included."""
        with self._lock:
            return self._used[self._world.clock.day()] + self._world.profile.quota_used_by_others

    def charge(self) -> None:
        with self._lock:
            day = self._world.clock.day()
            self._used[day] += 1
            if self._used[day] + self._world.profile.quota_used_by_others > self._world.profile.daily_quota:
                raise Refusal(*DAY_OVER)

    def spend_all(self) -> None:
        """As if others had used up the day."""
        with self._lock:
            self._used[self._world.clock.day()] += self._world.profile.daily_quota


class ResearchApi:
    """An endpoint is a path and a function from request and fault to the answer's `data`."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.quota = Quota(world)
        self._tokens = Tokens(world)
        self._searches = Searches(world)
        self._endpoints: dict[str, Callable[[Request, Fault], JsonObject]] = {QUERY_PATH: self._query}

    def subject(self, request: Request) -> str:
        """`start/end/cursor` of a query."""
        body = json_body(request) if request.path == QUERY_PATH else None
        if body is None:
            return ""
        return f"{body.get('start_date')}/{body.get('end_date')}/{body.get('cursor') or 0}"

    def answer(self, request: Request, fault: Fault) -> Reply:
        known = request.path == TOKEN_PATH or request.path in self._endpoints
        if not known or request.method != "POST":
            return text_reply(
                405 if known else 404, "405 method not allowed" if known else "404 page not found"
            )
        if request.path == TOKEN_PATH:
            return damaged(INSTEAD.get(fault.do) or self._tokens.answer(request), fault)
        try:
            reply = self._granted(request, fault)
        except Refusal as refusal:
            reply = self._envelope(request, refusal.status, {}, refusal.code, refusal.message)
        return damaged(reply, fault)

    def _granted(self, request: Request, fault: Fault) -> Reply:
        if fault.do in INSTEAD:
            self.quota.charge()
            return INSTEAD[fault.do]
        self._admit(request, fault)
        data = self._endpoints[request.path](request, fault)
        if fault.do == "200_error":
            return self._envelope(request, 200, {}, "unheard_of", "A code that no document lists")
        return self._envelope(request, 200, data, "ok", "")

    def _admit(self, request: Request, fault: Fault) -> None:
        if fault.do == "401" or not self._tokens.is_good(request.headers.get("authorization", "")):
            raise Refusal(*INVALID_TOKEN)
        if request.path in self._world.profile.denied:
            raise Refusal(*NOT_AUTHORIZED)
        if fault.do == "429_rate":
            raise Refusal(*TOO_FAST)
        if fault.do == "429_quota":
            self.quota.spend_all()
        self.quota.charge()
        self._stumble(request, fault)

    def _stumble(self, request: Request, fault: Fault) -> None:
        """Status 500, by the script or by chance; chance looks at how often the question came."""
        attempt = self._world.attempts.next(request.digest)
        chance = fraction(self._world.profile.seed, "500", request.digest, attempt)
        if fault.do == "500" or chance < self._world.profile.p_500:
            message = TROUBLE[(int(request.digest[:8], 16) + attempt) % len(TROUBLE)]
            raise Refusal(500, "internal_error", message)

    def _query(self, request: Request, fault: Fault) -> JsonObject:
        fields = fields_asked(request.query.get("fields"))
        query = query_from(json_body(request))
        if fault.do == "400_cursor":
            raise invalid_cursor()
        return self._searches.page(query, fields, fault)

    def _envelope(self, request: Request, status: int, data: JsonObject, code: str, message: str) -> Reply:
        error = {"code": code, "message": message, "log_id": self._world.clock.log_id(request.digest)}
        return json_reply(status, {"data": data, "error": error})
