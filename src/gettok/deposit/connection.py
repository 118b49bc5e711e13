"""Requests to an archive: repeated while it is busy, and refused in three parts without the token."""

import random
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit

import requests

from gettok.errors import BadCredentials, BadInput, NoSpace, NotNow, UserFacingError
from gettok.http.connection_errors import cannot_reach
from gettok.http.header_deadline import limit_header_time
from gettok.http.loopback import is_loopback_url
from gettok.http.retry_after import LONGEST_RETRY_AFTER_S, rate_limit_reset_s, retry_after_s
from gettok.http.session_environment import fix_environment
from gettok.settings.secrets import Secret

#: Seconds before each repetition where the archive names none.
WAITS_S = (1.0, 2.0, 5.0, 15.0, 30.0)
#: For each read and write of a connection.
TIMEOUT_S = 120.0
_BUSY = frozenset({408, 423, 425, 429, 500, 502, 503, 504})
_LONGEST_MESSAGE = 300
_KEPT = "kept the draft and the files that it has; the same command goes on from there"


class Response(Protocol):
    """A response of requests or of httpx."""

    @property
    def status_code(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def text(self) -> str: ...
    def json(self) -> Any: ...


A = TypeVar("A", bound=Response)


class Caller:
    """Calls an archive, and knows what its refusals mean."""

    def __init__(self, name: str, url: str, secret: Secret, advice: str) -> None:
        """`advice` says where the archive makes a token, and which rights it needs."""
        self.name, self.url = name, url
        self._secret, self._advice = secret, advice
        _refuse_open(url)

    def call(
        self,
        send: Callable[[], A],
        unreachable: tuple[type[Exception], ...],
        *,
        accepted: tuple[int, ...] = (),
        settle: Callable[[], A | None] = lambda: None,
    ) -> A:
        """The answer of `send`, repeated while the archive is busy or cannot be reached.

        An unsuccessful answer raises a three-part error, unless its status is in `accepted`. Before a repetition,
        `settle` may find that the lost request had succeeded after all.
        """
        last = ""
        for number in range(len(WAITS_S) + 1):
            wait_s = WAITS_S[min(number, len(WAITS_S) - 1)] * (0.5 + random.random())
            try:
                answer = send()
            except unreachable as error:
                last = cannot_reach(urlsplit(self.url).hostname or self.url, error)
            else:
                if answer.status_code not in _BUSY or answer.status_code in accepted:
                    return self._accepted(answer, accepted)
                last = f"{self.name} is busy or out of order (HTTP {answer.status_code})"
                asked_s = retry_after_s(answer.headers)
                if asked_s is None and answer.status_code == 429:
                    asked_s = rate_limit_reset_s(answer.headers)
                if asked_s is not None and asked_s > LONGEST_RETRY_AFTER_S:
                    break
                wait_s = wait_s if asked_s is None else asked_s
            if number == len(WAITS_S):
                break
            time.sleep(wait_s)
            if (settled := settle()) is not None:
                return settled
        raise NotNow(last, _KEPT, "run the same command again later")

    def refusal(self, answer: Response) -> UserFacingError:
        """The error that an unsuccessful answer means."""
        status, message = answer.status_code, self._message(answer)
        said = f"{self.name} refused a request (HTTP {status})" + (f": {message}" if message else "")
        if status in (401, 403):
            return BadCredentials(said, _KEPT, self._advice)
        if status in (413, 507):
            return NoSpace(said, _KEPT, "ask the archive for more space, or deposit a smaller form")
        return BadInput(said, _KEPT, "correct what the message names; then run the same command again")

    def _accepted(self, answer: A, accepted: tuple[int, ...]) -> A:
        if answer.status_code in accepted or 200 <= answer.status_code < 300:
            return answer
        raise self.refusal(answer)

    def _message(self, answer: Response) -> str:
        """Some of what the answer says, on one line, without control characters and without the token."""
        # before it is cut, which could leave a half of the token
        words = " ".join(self._secret.redact(answer.text).split())[:_LONGEST_MESSAGE]
        return "".join(sign for sign in words if sign.isprintable())


class Connection(Caller):
    """A session of requests with the token in the header `Authorization`."""

    def __init__(self, name: str, url: str, secret: Secret, advice: str) -> None:
        super().__init__(name, url, secret, advice)
        self._session = requests.Session()
        fix_environment(self._session, url)
        limit_header_time(self._session, lambda: 10 * TIMEOUT_S)
        self._session.headers["Authorization"] = f"Bearer {secret.reveal()}"

    def __call__(
        self,
        method: str,
        address: str,
        *,
        accepted: tuple[int, ...] = (),
        settle: Callable[[], requests.Response | None] = lambda: None,
        data: Callable[[], Any] = lambda: None,
        **options: Any,
    ) -> requests.Response:
        """Send it; `data` makes the body anew for each try. An address that begins with `/` is below the server's."""
        full = f"{self.url}{address}" if address.startswith("/") else self._own(address)
        return self.call(
            lambda: self._session.request(method, full, timeout=TIMEOUT_S, data=data(), **options),
            (requests.RequestException,),
            accepted=accepted,
            settle=settle,
        )

    def close(self) -> None:
        self._session.close()

    def _own(self, address: str) -> str:
        """An address that the archive named, if the token may be sent there: a host of the same domain."""
        own, other = (urlsplit(url) for url in (self.url, address))
        if own.scheme == other.scheme and _domain(own.hostname) == _domain(other.hostname):
            return address
        raise BadInput(
            f"{self.name} names an address of another domain, {other.hostname}",
            "did not send the token there",
            "tell the people who run the server; a proxy may have changed its answer",
        )


class ConnectedArchive:
    """What the archives share that are asked by requests of our own: a connection, opened by the first of them."""

    name: str
    #: Where it makes a token, and which rights that needs.
    advice: str

    def __init__(self, url: str, secret: Secret | None, place: str | None) -> None:  # noqa: ARG002 - only others have places
        self.url = url
        self._secret = secret

    @cached_property
    def _http(self) -> Connection:
        assert self._secret is not None, "only a dry run has none, and it sends nothing"
        return Connection(self.name, self.url, self._secret, self.advice)

    def close(self) -> None:
        if "_http" in vars(self):
            self._http.close()


def _domain(host: str | None) -> str:
    """The last two names of a host, or the whole of an address in numbers."""
    whole = host or ""
    return whole if whole.replace(".", "").isdigit() else ".".join(whole.split(".")[-2:])


def _refuse_open(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and is_loopback_url(url)):
        return
    raise BadInput(
        f"{url} is not the address of a server with https://",
        "sent nothing: a token would be readable on the way",
        "give the address as the archive's own page has it, such as https://sandbox.zenodo.org",
    )
