"""Which hosts are this machine itself, in every way to write them: no proxy can reach them for us."""

import ipaddress
import socket
from urllib.parse import urlsplit

_NAMES = frozenset(
    {"localhost", "localhost.localdomain", "localhost4", "localhost6", "ip6-localhost", "ip6-loopback"}
)


def is_loopback(host: str) -> bool:
    """Whether a host name or address, as in a URL and without its port, is this machine. Looks no name up.

    That is `localhost` and the names below it (RFC 6761), 127.0.0.0/8 and ::1 in any notation, such as 127.1 and
    2130706433, and 0.0.0.0 and ::, to which a connection reaches this machine as well.
    """
    name = host.strip("[]").rstrip(".").lower()
    if name in _NAMES or name.endswith(".localhost"):
        return True
    address = _address(name.partition("%")[0])
    return address is not None and (address.is_loopback or address.is_unspecified)


def is_loopback_url(url: str) -> bool:
    """The same for the host of a URL."""
    return is_loopback(urlsplit(url).hostname or "")


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that the resolver reads from these characters."""
    try:
        address = ipaddress.ip_address(name if ":" in name else socket.inet_aton(name))
    except (OSError, ValueError):
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
