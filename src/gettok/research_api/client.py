"""The client: a question in, an accepted answer out, each request in the ledger before it leaves."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import Event

from gettok.errors import Interrupted, NotNow
from gettok.http.retry_after import retry_after_s
from gettok.research_api.backoff import FOR_AN_HOUR, Backoff
from gettok.research_api.call import ApiCall
from gettok.research_api.credentials import Credentials, Token
from gettok.research_api.error_mapping import Reading, Received, Verdict, read
from gettok.research_api.ledger import Ledger, Settled
from gettok.research_api.outcomes import QuotaExhausted, end_run, final_error
from gettok.research_api.page import Page
from gettok.research_api.retry import Attempts, RetryPolicy
from gettok.research_api.server_clock import ServerClock
from gettok.research_api.transport import Transport, Unreachable

#: The quota is renewed at 00:00 UTC; clocks differ a little.
_AFTER_MIDNIGHT = timedelta(minutes=2)


@dataclass(frozen=True)
class Limits:
    """The client's daily requests, how many of them are reserved, and the share that one run may spend on failures."""

    requests_per_day: int = 1000
    reserve: int = 0
    failure_share: float = 0.3


@dataclass
class ResearchApi:
    """A client of one base address. `stop` ends its waits."""

    base: str
    credentials: Credentials
    ledger: Ledger
    limits: Limits = field(default_factory=Limits)
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    transport: Transport = field(default_factory=Transport)
    server: ServerClock = field(default_factory=ServerClock)
    stop: Event = field(default_factory=Event)
    #: What to do when the day's quota is spent: raise, or wait until the moment it names and return.
    on_quota: Callable[[QuotaExhausted], None] = field(default=end_run)
    #: Called with the reason whenever nothing happens for a while.
    on_message: Callable[[str], None] = field(default=lambda _: None)
    sleep: Callable[[float], None] | None = None
    clock: Callable[[], float] = time.monotonic
    #: Requests of this run that failed since its quota was last renewed.
    failures: int = 0

    def __post_init__(self) -> None:
        self._token = Token(
            f"{self.base}/oauth/token/",
            self.credentials,
            self.transport,
            self.server,
            self.policy,
            self.wait,
            self.clock,
        )
        self._backoff = Backoff(self.wait, self.on_message, FOR_AN_HOUR, gives_up=True)

    def now(self) -> datetime:
        """The server's time; asks for a token if no answer has shown it yet."""
        if not self.server.is_set:
            self._authorization()
        return self.server.now()

    def ask(self, call: ApiCall) -> Page:
        """The first answer that the call accepts.

        Waits and asks again within the policy's limits. Raises `SearchExpired`, `RequestFailing` or `AccessDenied`
        (about the question), `QuotaExhausted` or `NotNow` (about the moment), `BadCredentials`, `BadSettings` or
        `Stop`.
        """
        while True:
            try:
                return self._answer(call)
            except QuotaExhausted as spent:
                self.on_quota(spent)
                self.failures = 0

    def _answer(self, call: ApiCall) -> Page:
        attempts = Attempts(0)
        while True:
            received, reading = self._send(call)
            attempts = replace(attempts, answers=attempts.answers + 1)
            if received is not None and reading.verdict in call.accepts:
                self._backoff.restart()
                return _page(call, received, self.server.now())
            # no date: one in the past would make us ask again at once, and each attempt counts
            wait_s = None if received is None else retry_after_s(received.headers, dates=False)
            decision = self.policy.next(
                reading.verdict, attempts, random.random(), retry_after_s=wait_s, old_search=call.old_search
            )
            if decision.action == "come_back":
                raise self._wait_too_long(reading, decision.seconds)
            if decision.action == "give_up" or attempts.answers == call.max_attempts:
                raise self._final_error(call, reading, attempts.answers)
            if decision.action == "renew":
                self._token.drop()
                attempts = replace(attempts, renewed=True)
            self.wait(decision.seconds)
            attempts = replace(attempts, waited_s=attempts.waited_s + decision.seconds)

    def _send(self, call: ApiCall) -> tuple[Received | None, Reading]:
        """One request, counted before it leaves."""
        if self.stop.is_set():
            raise Interrupted
        headers = self._authorization()
        self._refuse_over_quota(call)
        client, body = self.credentials.client, dict(call.body)
        number = self.ledger.send(client, self.server.now(), call)
        content = {"files": {"file_data": call.file}, "data": body} if call.file else {"json": body}
        try:
            received = self._token.redacted(
                self.transport.post(self.base + call.path, headers=headers, **content)
            )
        except Unreachable as error:
            self.ledger.settle(number, Settled(self.server.now(), Verdict.UNREACHABLE.value))
            self.failures += 1
            return None, Reading(Verdict.UNREACHABLE, "no answer", str(error))
        self.server.learn(received.headers)
        reading = read(received, call.shape, id_list=call.is_id_list)
        self._settle(number, received, reading, answered=reading.verdict in call.accepts)
        return received, reading

    def _authorization(self) -> dict[str, str]:
        while True:
            try:
                return self._token.header()
            except NotNow as trouble:
                self.back_off(trouble)

    def _settle(self, number: int, received: Received, reading: Reading, *, answered: bool) -> None:
        refused = None if answered else received.text
        outcome = Settled(self.server.now(), reading.verdict.value, received.status, reading.log_id, refused)
        self.ledger.settle(number, outcome)
        self.failures += not answered

    def _refuse_over_quota(self, call: ApiCall) -> None:
        client, now = self.credentials.client, self.server.now()
        if self.ledger.is_spent(client, now):
            raise self.quota_spent("TikTok says that the day's quota is spent")
        used = self.ledger.used(client, now)
        limit = self.limits.requests_per_day - (0 if call.purpose == "refresh" else self.limits.reserve)
        if used >= limit:
            reserved = f", {self.limits.reserve} of them kept for refreshing" if self.limits.reserve else ""
            raise self.quota_spent(
                f"{used} of the day's {self.limits.requests_per_day} requests are used{reserved}"
            )
        if call.requests_per_day is not None:
            spent = self.ledger.used(client, now, call.endpoint)
            if spent >= call.requests_per_day:
                raise self.quota_spent(f"{spent} requests of {call.endpoint} are used, the day's share of it")
        max_failures = max(1, int(self.limits.failure_share * self.limits.requests_per_day))
        if self.failures >= max_failures:
            raise QuotaExhausted(
                f"{self.failures} requests of this run failed, which is its share of the day's quota",
                "stopped, so that failures do not use up the whole quota; every page received is kept",
                "run the same command again in some hours, or tomorrow; it continues from here",
                self.server.next_day() + _AFTER_MIDNIGHT,
            )

    def _final_error(self, call: ApiCall, reading: Reading, answers: int) -> Exception:
        if reading.verdict is Verdict.QUOTA_SPENT:
            return self.quota_spent("TikTok says that the day's quota is spent")
        return final_error(call, reading, answers)

    def quota_spent(self, why: str) -> QuotaExhausted:
        back_at = self.server.next_day() + _AFTER_MIDNIGHT
        return QuotaExhausted(
            why,
            "kept every page received before",
            f"run the same command again after {back_at:%Y-%m-%d %H:%M} UTC, when TikTok has renewed the quota",
            back_at,
        )

    def _wait_too_long(self, reading: Reading, seconds: float) -> QuotaExhausted:
        """For any answer whose `Retry-After` is too long, whatever its status."""
        back_at = self.server.now() + timedelta(seconds=min(seconds, 1e9))
        return QuotaExhausted(
            f"the Research API asks to wait {min(seconds, 1e9) / 60:,.0f} minutes: {reading}",
            f"did not wait, as a question waits {self.policy.max_asked_s / 60:.0f} minutes at most; every page is kept",
            f"run the same command again after {back_at:%Y-%m-%d %H:%M} UTC",
            back_at,
        )

    def back_off(self, trouble: NotNow) -> None:
        """Wait, longer each time, while no question is to blame; raises `NotNow` after an hour without any answer."""
        self._backoff.back_off(trouble)

    def wait(self, seconds: float) -> None:
        """Wait; a signal raises `Interrupted`."""
        if self.sleep is not None:
            self.sleep(seconds)
        elif seconds and self.stop.wait(seconds):
            raise Interrupted


def _page(call: ApiCall, received: Received, observed_at: datetime) -> Page:
    request = {"path": call.path, "body": dict(call.body)}
    content = None if call.is_id_list else received.content
    return Page(request, received.status, received.headers, observed_at, received.text, content)
