"""Sends the requests of foreign clients, which hard-code TikTok's host, to the sandbox."""

from typing import Any

import requests
from requests.adapters import HTTPAdapter

from bench.candidates.collect.task import TIKTOK


def redirect_to(base: str) -> None:
    """From now on, send requests for TikTok to `base`, and change nothing else.

    This is done at the transport, because one client hard-codes the address inside a method.
    """
    send = HTTPAdapter.send

    def send_redirected(
        self: HTTPAdapter, request: requests.PreparedRequest, **options: Any
    ) -> requests.Response:
        if request.url is not None and request.url.startswith(TIKTOK):
            request.url = base + request.url.removeprefix(TIKTOK)
            options["proxies"] = {}  # they were chosen for TikTok's host
        return send(self, request, **options)

    HTTPAdapter.send = send_redirected  # type: ignore[method-assign,assignment]
