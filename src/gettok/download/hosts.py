"""Which hosts may be asked at all: TikTok's own over https, or the one loopback server that stands in for it.

A page names the addresses of its files, and any answer may redirect, so each is as foreign as the page. The address
that is checked need not be the one that is connected to, since a resolver may change its mind in between; but the
server there must have TikTok's certificate, which it has not.
"""

import ipaddress
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

import requests

from gettok.errors import BadSettings

_TIKTOK = re.compile(
    r"(?:[\w-]+\.)*"
    r"(?:tiktok\.com|tiktokcdn(?:-[a-z]+)?\.com|tiktokv\.(?:com|us|eu)|ibytedtos\.com|byteoversea\.com|muscdn\.com"
    r"|[\w-]*tiktokcdn[\w-]*\.akamaized\.net)"
)
Resolve = Callable[[str, int], list[Any]]


@dataclass(frozen=True)
class Site:
    """Where pages are: `https://www.tiktok.com`, or `http://127.0.0.1:PORT/www.tiktok.com`."""

    pages: str
    resolve: Resolve = socket.getaddrinfo

    @property
    def is_stand_in(self) -> bool:
        return urlsplit(self.pages).hostname in ("127.0.0.1", "localhost", "::1")

    def check(self) -> None:
        """Raises `BadSettings` for an address of pages that is neither TikTok's nor on loopback."""
        if not self.is_stand_in and not _is_tiktoks(urlsplit(self.pages)):
            raise BadSettings(
                f"source.pages: {self.pages!r} is no address of TikTok's pages",
                "stopped before any request",
                'write "https://www.tiktok.com", or "sandbox:" for the embedded sandbox',
            )

    def host(self, url: str) -> str:
        """Whose patience a request uses up. The stand-in plays several hosts, `/HOST/…` and `/media/HOST/…`."""
        parts = urlsplit(url)
        played = parts.path.removeprefix("/media").split("/", 2)[1:2]
        return played[0] if self.is_stand_in and played else parts.hostname or ""

    def objection(self, url: str) -> str | None:
        """Why the address must not be asked, with its host; None if it may."""
        try:
            parts, pages = urlsplit(url), urlsplit(self.pages)
            port = parts.port
        except ValueError:
            return "an address that is none"
        if self.is_stand_in:
            same = (parts.scheme, parts.hostname, port) == (pages.scheme, pages.hostname, pages.port)
            return None if same else f"an address outside the sandbox: {_shown(parts)}"
        return None if _is_tiktoks(parts) else f"an address that is not known to be TikTok's: {_shown(parts)}"

    def may_resolve(self, name: str) -> bool:
        """Whether a name may be looked up at all: TikTok's alone, or the stand-in's."""
        name = name.lower()
        return name == urlsplit(self.pages).hostname if self.is_stand_in else bool(_TIKTOK.fullmatch(name))

    def may_connect(self, address: str, port: int) -> bool:
        """Whether an address that a name resolved to may be connected to: a public one over https, or the stand-in."""
        found = ipaddress.ip_address(address.partition("%")[0])
        if self.is_stand_in:
            return found.is_loopback and port == urlsplit(self.pages).port
        return found.is_global and port == 443

    def is_public(self, url: str) -> bool:
        """Whether its name resolves to public addresses alone; a proxy resolves for itself.

        If not, that is about our network and not about the video: some resolvers blank out what they block.
        """
        if self.is_stand_in or requests.utils.get_environ_proxies(url):
            return True
        try:
            found = self.resolve(urlsplit(url).hostname or "", 443)
        except OSError:
            return True  # then the request fails too, and says so
        return all(ipaddress.ip_address(entry[4][0].partition("%")[0]).is_global for entry in found)


def joined(base: str, url: str) -> str:
    """An address that a page gives, whole; empty if it is none."""
    try:
        whole = urljoin(base, url)
        urlsplit(whole).port  # noqa: B018 - raises for a port that is none
    except ValueError:
        return ""
    return whole


def _shown(parts: SplitResult) -> str:
    """The host as it can be written down, which a stranger chose."""
    return ascii(parts.hostname or "")[1:-1][:100]


def _is_tiktoks(parts: SplitResult) -> bool:
    is_plain = parts.port in (None, 443) and parts.username is None
    return parts.scheme == "https" and is_plain and bool(_TIKTOK.fullmatch(parts.hostname or ""))
