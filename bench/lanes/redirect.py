"""Foreign clients name TikTok's host in their code; here it means the sandbox."""

from typing import Any

import requests
from requests.adapters import HTTPAdapter

from bench.lanes.task import TIKTOK


def to(base: str) -> None:
    """From now on, send to `base` what is meant for TikTok, and change nothing else.

    At the transport, since one client writes the address into the middle of a method.
    """
    send = HTTPAdapter.send

    def elsewhere(self: HTTPAdapter, request: requests.PreparedRequest, **how: Any) -> requests.Response:
        if request.url is not None and request.url.startswith(TIKTOK):
            request.url = base + request.url.removeprefix(TIKTOK)
            how["proxies"] = {}  # those of the host that is not asked
        return send(self, request, **how)

    HTTPAdapter.send = elsewhere  # type: ignore[method-assign,assignment]
