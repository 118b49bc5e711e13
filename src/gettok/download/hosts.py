"""Which hosts may be asked: TikTok's own over https, or one loopback server that replaces them, such as the sandbox.

A page names the URLs of its files, and any answer may redirect, so no URL deserves more trust than the page. A resolver
may give one address for the check and another for the connection. That is harmless: the other server would need
TikTok's certificate.
"""

import ipaddress
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

from gettok.errors import BadSettings
from gettok.http.loopback import is_loopback, is_loopback_url

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
    def is_loopback(self) -> bool:
        return is_loopback_url(self.pages)

    def check(self) -> None:
        """Raises `BadSettings` if the pages are neither TikTok's nor on loopback."""
        if not self.is_loopback and not _is_tiktoks(urlsplit(self.pages)):
            raise BadSettings(
                f"source.pages: {self.pages!r} is not the address of TikTok's pages",
                "stopped before any request",
                'write "https://www.tiktok.com", or "sandbox:" for the embedded sandbox',
            )

    def host(self, url: str) -> str:
        """The host that a request burdens. The loopback server plays several: `/HOST/…` and `/media/HOST/…`."""
        parts = urlsplit(url)
        played = parts.path.removeprefix("/media").split("/", 2)[1:2]
        return played[0] if self.is_loopback and played else parts.hostname or ""

    def objection(self, url: str) -> str | None:
        """Why the URL must not be asked for, with its host; None if it may be."""
        try:
            parts, pages = urlsplit(url), urlsplit(self.pages)
            port = parts.port
        except ValueError:
            return "an invalid address"
        if self.is_loopback:
            same = (parts.scheme, parts.hostname, port) == (pages.scheme, pages.hostname, pages.port)
            return None if same else f"an address outside the sandbox: {_shown(parts)}"
        return None if _is_tiktoks(parts) else f"an address that is not known to be TikTok's: {_shown(parts)}"

    def may_resolve(self, name: str) -> bool:
        """Whether the name may be looked up: only TikTok's, or only the loopback server's."""
        name = name.lower()
        return name == urlsplit(self.pages).hostname if self.is_loopback else bool(_TIKTOK.fullmatch(name))

    def may_connect(self, address: str, port: int) -> bool:
        """Whether we may connect to an address that a name resolved to: public and https, or the loopback server."""
        if self.is_loopback:
            return is_loopback(address) and port == urlsplit(self.pages).port
        ip = ipaddress.ip_address(address.partition("%")[0])
        return ip.is_global and port == 443

    def is_public(self, url: str) -> bool:
        """Whether its name resolves only to public addresses; a proxy looks names up itself.

        If not, that is about our network and not about the video: some resolvers answer 0.0.0.0 for what they block.
        """
        from requests.utils import get_environ_proxies  # noqa: PLC0415 - takes long to import; most answers are known

        if self.is_loopback or get_environ_proxies(url):
            return True
        try:
            entries = self.resolve(urlsplit(url).hostname or "", 443)
        except OSError:
            return True  # then the request fails too, with the better message
        return all(ipaddress.ip_address(entry[4][0].partition("%")[0]).is_global for entry in entries)


def absolute_url(base: str, url: str) -> str:
    """A URL of the page made absolute; empty if it is invalid."""
    try:
        whole = urljoin(base, url)
        urlsplit(whole).port  # noqa: B018 - raises for an invalid port
    except ValueError:
        return ""
    return whole


def _shown(parts: SplitResult) -> str:
    """The host, escaped and cut short: it comes from a foreign page and goes into a table."""
    return ascii(parts.hostname or "")[1:-1][:100]


def _is_tiktoks(parts: SplitResult) -> bool:
    is_plain = parts.port in (None, 443) and parts.username is None
    return parts.scheme == "https" and is_plain and bool(_TIKTOK.fullmatch(parts.hostname or ""))
