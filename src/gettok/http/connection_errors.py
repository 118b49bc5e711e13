"""Why a host cannot be reached, in words, from the errors of the HTTP libraries, whose messages name their classes."""

import errno
import socket
import ssl
from collections.abc import Iterator

import requests
import urllib3.exceptions

_BY_ERRNO = {
    errno.ECONNREFUSED: "connection refused",
    errno.ENETUNREACH: "no network",
    errno.EHOSTUNREACH: "no route",
    errno.ENETDOWN: "no network",
    errno.ECONNRESET: "connection broken off",
    errno.EPIPE: "connection broken off",
    errno.ECONNABORTED: "connection broken off",
}


def cannot_reach(host: str, error: BaseException) -> str:
    """`open.tiktokapis.com cannot be reached (DNS)`."""
    return f"{host} cannot be reached ({why_unreachable(error)})"


def why_unreachable(error: BaseException) -> str:
    """The first cause in a chain of errors that has a name in plain words."""
    return next(filter(None, map(_in_words, _chain(error))), "connection failed")


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The innermost cause first: the outer errors have the general names."""
    links, link = [], error
    while link is not None and link not in links:
        links.append(link)
        # urllib3 passes the cause on as an argument only, and requests does the same
        reasons = [
            each for each in (*link.args, getattr(link, "reason", None)) if isinstance(each, BaseException)
        ]
        link = next(filter(None, (link.__cause__, *reasons, link.__context__)), None)  # type: ignore[assignment]
    return reversed(links)


def _in_words(error: BaseException) -> str | None:
    if isinstance(error, socket.gaierror):
        return "DNS"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"TLS: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return "TLS"
    if isinstance(error, requests.exceptions.ProxyError | urllib3.exceptions.ProxyError):
        return "proxy"
    if isinstance(error, TimeoutError | requests.Timeout | urllib3.exceptions.TimeoutError):
        return "no answer in time"
    return _BY_ERRNO.get(error.errno) if isinstance(error, OSError) and error.errno else None
