"""One HTTP exchange within limits: on connecting, reading, total time, and the size of the answer."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gettok.research_api.error_mapping import Received
from gettok.store.disk_space import in_words

if TYPE_CHECKING:
    from requests import Session

#: A request that hangs ends in 504 after about 4 minutes (traktok#17).
_CONNECT_TIMEOUT_S, _READ_TIMEOUT_S, _TOTAL_TIMEOUT_S = 10.0, 120.0, 300.0
_CHUNK_BYTES = 2**16
#: A hundred captions of the longest kind are a few megabytes.
_MAX_BYTES = 2**26


class Unreachable(Exception):
    """No complete answer arrived; whether the server counted the request is unknown."""


@dataclass(frozen=True)
class Transport:
    """A connection that is kept open, with its limits in seconds and bytes."""

    read_timeout_s: float = _READ_TIMEOUT_S
    total_timeout_s: float = _TOTAL_TIMEOUT_S
    max_bytes: int = _MAX_BYTES
    clock: Callable[[], float] = time.monotonic

    @cached_property
    def _session(self) -> "Session":
        """Opened by the first request: where all pages are known, none is sent."""
        from requests import Session  # noqa: PLC0415 - takes long to import, and most stages only read pages

        from gettok.http.header_deadline import limit_header_time  # noqa: PLC0415 - as above

        session = Session()
        limit_header_time(session, lambda: self.total_timeout_s)
        return session

    def post(self, url: str, **content: object) -> Received:
        """Send one POST; raises `Unreachable` on anything short of a complete answer."""
        from requests import RequestException  # noqa: PLC0415 - as in `_session`
        from urllib3.exceptions import HTTPError  # noqa: PLC0415 - as above

        from gettok.http.connection_errors import cannot_reach  # noqa: PLC0415 - as above

        try:
            return self._post(url, content)
        except (RequestException, HTTPError, OSError) as error:
            raise Unreachable(cannot_reach(urlsplit(url).hostname or url, error)) from error

    def _post(self, url: str, content: dict[str, object]) -> Received:
        from gettok.http.session_environment import fix_environment  # noqa: PLC0415 - as in `_session`

        if self._session.trust_env:
            fix_environment(self._session, url)
        ends = self.clock() + self.total_timeout_s
        body = bytearray()
        # redirects are not followed: the token would travel with them
        with self._session.post(
            url,
            stream=True,
            timeout=(_CONNECT_TIMEOUT_S, self.read_timeout_s),
            allow_redirects=False,
            **content,  # type: ignore[arg-type]
        ) as response:
            # read1, since `iter_content` waits for a full chunk however slowly it trickles in
            while chunk := response.raw.read1(_CHUNK_BYTES, decode_content=True):
                body += chunk
                if len(body) > self.max_bytes:
                    raise Unreachable(f"the answer is larger than {in_words(self.max_bytes)}")
                if self.clock() > ends:
                    raise Unreachable(f"the answer did not end within {self.total_timeout_s:.0f} s")
            headers = response.headers.copy()  # finds a name in any letter case, as gateways write them
            headers.pop("Set-Cookie", None)
            return Received(response.status_code, headers, body.decode("utf-8", "surrogateescape"))
