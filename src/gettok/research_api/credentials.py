"""Client key, secret and the access token that they buy: renewed five minutes early, and once when it is refused."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from random import random

from gettok.errors import BadCredentials, NotNow
from gettok.research_api.error_mapping import Reading, Received, Verdict, read
from gettok.research_api.ledger import client_name
from gettok.research_api.page import whole_number
from gettok.research_api.retry import RetryPolicy, Tried
from gettok.research_api.server_clock import ServerClock
from gettok.research_api.transport import Transport, Unreachable
from gettok.settings.secrets import Secret
from gettok.step import Json

_RENEW_EARLY_S = 300.0
_LIFE_S = 7200
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
    """What a client shows for a token."""

    client_key: str
    client_secret: Secret

    @property
    def client(self) -> str:
        """The client's name in the ledger."""
        return client_name(self.client_key)


@dataclass
class Token:
    """The token in use. Asking for one is not known to count for the quota, and is bounded all the same."""

    url: str
    credentials: Credentials
    wire: Transport
    server: ServerClock
    policy: RetryPolicy
    sleep: Callable[[float], None]
    clock: Callable[[], float] = time.monotonic
    _value: Secret | None = field(default=None)
    _ends: float = 0.0

    def header(self) -> dict[str, str]:
        """The header that carries it, with a new token where there is none or the old one is about to end."""
        if self._value is None or self.clock() > self._ends:
            content = self._bought()
            self._value = Secret(str(content["access_token"]))
            life_s = min(whole_number(content.get("expires_in")) or _LIFE_S, _LIFE_S)
            self._ends = self.clock() + max(life_s - _RENEW_EARLY_S, life_s / 2)
        return {"Authorization": f"Bearer {self._value.reveal()}"}

    def drop(self) -> None:
        """Forget the token, so that the next request buys another."""
        self._value = None

    def hidden(self, received: Received) -> Received:
        """The answer without the token: the error pages of some gateways show what they were sent."""
        return replace(received, text=self._value.blot_out(received.text)) if self._value else received

    def _bought(self) -> Mapping[str, Json]:
        tried = Tried(0)
        while True:
            received, reading = self._asked()
            content = {} if received is None else _object(received)
            if _is_token(content.get("access_token")):
                return content
            tried = Tried(tried.answers + 1, tried.waited_s)
            trouble = self.credentials.client_secret.blot_out(str(reading))
            if reading.code in _FATAL:
                raise refused(trouble)
            step = self.policy.next(Verdict.TROUBLE, tried, random())
            if step.move == "give_up":
                raise NotNow(
                    f"the Research API gives no access token: {trouble}",
                    f"asked {tried.answers} times; every page received before is kept",
                    "run the same command again later",
                )
            self.sleep(step.seconds)
            tried = Tried(tried.answers, tried.waited_s + step.seconds)

    def _asked(self) -> tuple[Received | None, Reading]:
        form = {
            "client_key": self.credentials.client_key,
            "client_secret": self.credentials.client_secret.reveal(),
            "grant_type": "client_credentials",
        }
        try:
            received = self.wire.post(self.url, data=form)
        except Unreachable as error:
            return None, Reading(Verdict.UNREACHABLE, "no answer", str(error))
        self.server.learn(received.headers)
        return received, read(received)


def _object(received: Received) -> Mapping[str, Json]:
    try:
        content = received.content
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _is_token(value: Json) -> bool:
    """Whether it fits into a header; the HTTP library would print one in full that does not."""
    return isinstance(value, str) and value.isascii() and value.isprintable() and bool(value.strip())


def refused(message: str) -> BadCredentials:
    return BadCredentials(
        f"the Research API refuses the credentials: {message}",
        "stopped; every page received before is kept",
        "check TIKTOK_CLIENT_KEY and TIKTOK_CLIENT_SECRET in the environment, and the scopes of the client",
    )
