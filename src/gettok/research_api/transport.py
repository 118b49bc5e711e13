"""One HTTP exchange with an end: connect, read and total time are bounded, and so is what may arrive."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import requests
from urllib3.exceptions import HTTPError

from gettok.http.header_deadline import limit_header_time
from gettok.research_api.error_mapping import Received

#: A request that hangs ends in 504 after about 4 minutes (traktok#17).
_CONNECT_S, _SILENCE_S, _TOTAL_S = 10.0, 120.0, 300.0
_PIECE_BYTES = 2**16
#: A hundred captions of the longest kind are a few megabytes.
_MOST_BYTES = 2**26


class Unreachable(Exception):
    """No whole answer came; whether the server counted the request is not known."""


@dataclass(frozen=True)
class Transport:
    """A connection that is kept open, with its limits in seconds and bytes."""

    silence_s: float = _SILENCE_S
    total_s: float = _TOTAL_S
    most_bytes: int = _MOST_BYTES
    clock: Callable[[], float] = time.monotonic
    _session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        limit_header_time(self._session, lambda: self.total_s)

    def post(self, url: str, **content: object) -> Received:
        """Send one POST; raises `Unreachable` on anything short of a whole answer."""
        try:
            return self._post(url, content)
        except (requests.RequestException, HTTPError, OSError) as error:
            raise Unreachable(f"{type(error).__name__}: {error}") from error

    def _post(self, url: str, content: dict[str, object]) -> Received:
        if self._session.trust_env:
            _settle(self._session, url)
        ends = self.clock() + self.total_s
        body = bytearray()
        limits = (_CONNECT_S, self.silence_s)
        # redirects are not followed: the token would travel with them
        with self._session.post(
            url,
            stream=True,
            timeout=limits,
            allow_redirects=False,
            **content,  # type: ignore[arg-type]
        ) as response:
            # read1, since `iter_content` waits for a full piece however slowly it trickles in
            while piece := response.raw.read1(_PIECE_BYTES, decode_content=True):
                body += piece
                if len(body) > self.most_bytes:
                    raise Unreachable(f"the answer is larger than {self.most_bytes} bytes")
                if self.clock() > ends:
                    raise Unreachable(f"the answer did not end within {self.total_s:.0f} s")
            headers = response.headers.copy()  # which finds a name in any letter case, as gateways write them
            headers.pop("Set-Cookie", None)
            return Received(response.status_code, headers, body.decode("utf-8", "surrogateescape"))


def _settle(session: requests.Session, url: str) -> None:
    """Take proxy and certificates from the environment once, and nothing from a .netrc, which would replace the token.

    requests would go through the whole environment again for each request.
    """
    found = session.merge_environment_settings(url, {}, None, None, None)
    session.trust_env = False
    session.proxies, session.verify = found["proxies"], found["verify"]
