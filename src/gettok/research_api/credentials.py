"""Client key, secret, and the access token: renewed five minutes early, and once when it is refused."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from random import random

from gettok.errors import BadCredentials, NotNow
from gettok.http.json_guards import to_mapping
from gettok.research_api.error_mapping import Reading, Received, Verdict, read
from gettok.research_api.ledger import client_name
from gettok.research_api.page import whole_number
from gettok.research_api.retry import Attempts, RetryPolicy
from gettok.research_api.server_clock import ServerClock
from gettok.research_api.transport import Transport, Unreachable
from gettok.settings.secrets import Secret
from gettok.step import Json

_RENEW_EARLY_S = 300.0
_LIFETIME_S = 7200
_FATAL = frozenset(
    {
        "invalid_client",
        "invalid_grant",
        "invalid_request",
        "invalid_scope",
        "unauthorized_client",
        "unsupported_grant_type",
        "unsupported_response_type",
        "access_denied",
    }
)


@dataclass(frozen=True)
class Credentials:
    """What a client presents to get a token."""

    client_key: str
    client_secret: Secret

    @property
    def client(self) -> str:
        """The client's name in the ledger."""
        return client_name(self.client_key)


@dataclass
class Token:
    """The token in use. Requests for one are not known to count against the quota, but are limited all the same."""

    url: str
    credentials: Credentials
    transport: Transport
    server: ServerClock
    policy: RetryPolicy
    sleep: Callable[[float], None]
    clock: Callable[[], float] = time.monotonic
    _value: Secret | None = field(default=None)
    _expires_at: float = 0.0

    def header(self) -> dict[str, str]:
        """The header that carries it, with a new token where there is none or the old one is about to expire."""
        if self._value is None or self.clock() > self._expires_at:
            content = self._request()
            self._value = Secret(str(content["access_token"]))
            lifetime_s = min(whole_number(content.get("expires_in")) or _LIFETIME_S, _LIFETIME_S)
            self._expires_at = self.clock() + max(lifetime_s - _RENEW_EARLY_S, lifetime_s / 2)
        return {"Authorization": f"Bearer {self._value.reveal()}"}

    def drop(self) -> None:
        """Forget the token, so that the next request gets another."""
        self._value = None

    def redacted(self, received: Received) -> Received:
        """The answer without the token: the error pages of some gateways repeat the request."""
        return replace(received, text=self._value.redact(received.text)) if self._value else received

    def _request(self) -> Mapping[str, Json]:
        attempts = Attempts(0)
        while True:
            received, reading = self._post()
            content = {} if received is None else _content(received)
            if _is_token(content.get("access_token")):
                return content
            attempts = Attempts(attempts.answers + 1, attempts.waited_s)
            trouble = self.credentials.client_secret.redact(str(reading))
            if reading.code in _FATAL:
                raise credentials_refused(trouble)
            decision = self.policy.next(Verdict.SERVER_ERROR, attempts, random())
            if decision.action == "give_up":
                raise NotNow(
                    f"the Research API gives no access token: {trouble}",
                    f"asked {attempts.answers} times; every page received before is kept",
                    "run the same command again later",
                )
            self.sleep(decision.seconds)
            attempts = Attempts(attempts.answers, attempts.waited_s + decision.seconds)

    def _post(self) -> tuple[Received | None, Reading]:
        form = {
            "client_key": self.credentials.client_key,
            "client_secret": self.credentials.client_secret.reveal(),
            "grant_type": "client_credentials",
        }
        try:
            received = self.transport.post(self.url, data=form)
        except Unreachable as error:
            return None, Reading(Verdict.UNREACHABLE, "no answer", str(error))
        self.server.learn(received.headers)
        return received, read(received)


def _content(received: Received) -> Mapping[str, Json]:
    try:
        return to_mapping(received.content)
    except ValueError:
        return {}


def _is_token(value: Json) -> bool:
    """Whether it fits into a header; the HTTP library would print a token in full that does not."""
    return isinstance(value, str) and value.isascii() and value.isprintable() and bool(value.strip())


def credentials_refused(message: str) -> BadCredentials:
    return BadCredentials(
        f"the Research API refuses the credentials: {message}",
        "stopped; every page received before is kept",
        "check TIKTOK_CLIENT_KEY and TIKTOK_CLIENT_SECRET in the environment, and the scopes of the client",
    )
