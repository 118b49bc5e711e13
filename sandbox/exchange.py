"""A request, the reply to it, and the error that refuses it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

JsonObject = dict[str, Any]
Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    target: str
    """Path and query string, as sent."""
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes = b""

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        """The last value of each name; empty values are kept."""
        pairs = parse_qs(urlsplit(self.target).query, keep_blank_values=True)
        return {name: values[-1] for name, values in pairs.items()}

    @property
    def body_sha256(self) -> str:
        return hashlib.sha256(self.body).hexdigest()

    @property
    def digest(self) -> str:
        """The same for the same request, independent of headers, time and port."""
        content = f"{self.method} {self.target}\n".encode() + self.body
        return hashlib.sha256(content).hexdigest()


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply; `sent`, `framing`, `hang_up` and `pace_s` can make it a broken one.

    `sent` is how many bytes of the body are sent before the connection is closed (None: all of them).
    """

    status: int
    body: bytes = b""
    content_type: str = "application/json; charset=utf-8"
    headers: Headers = field(default=())
    sent: int | None = None
    framing: str = "length"
    """`length`, `chunked`, or `close` (the end of the body is the end of the connection)."""
    hang_up: str = ""
    """`reset` breaks the connection before a byte is sent; `silent` keeps it open and sends nothing."""
    pace_s: float = 0
    """Real seconds between the bytes of the body; 0: no delay."""


class Refusal(Exception):
    """A refused request: the HTTP status, the service's own error code, and the message for the caller."""

    def __init__(self, status: int, code: str, message: str, param: str | None = None) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.param = param


def as_json(value: Any) -> bytes:
    """Compact JSON; a lone surrogate is sent as its JSON escape."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", errors="backslashreplace")


def json_reply(status: int, value: Any, headers: Headers = ()) -> Reply:
    return Reply(status, as_json(value), headers=headers)


def html_reply(status: int, html: str, headers: Headers = ()) -> Reply:
    return Reply(status, html.encode("utf-8", errors="replace"), "text/html; charset=utf-8", headers)


def text_reply(status: int, text: str) -> Reply:
    return Reply(status, text.encode(), "text/plain; charset=utf-8")


def json_body(request: Request) -> JsonObject | None:
    """The body if it is a JSON object, else None."""
    try:
        value = json.loads(request.body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
