"""A client of the Research API whose waits take no time, and a raw server that answers exactly the given bytes."""

import json
import socketserver
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from gettok.research_api import ApiCall, Credentials, Ledger, ResearchApi, ServerClock
from gettok.research_api.ledger import Sent
from gettok.settings.secrets import Secret
from sandbox.server import Sandbox

SECRET = "canary-secret-5f0c1e7a9b"
TOKEN = "clt.canary-token-77d1f0aa"
OK = {"code": "ok", "message": "", "log_id": "202303151200000F0E"}
EMPTY_PAGE = {"data": {"videos": [], "has_more": False}, "error": OK}
DATE = "Wed, 15 Mar 2023 12:00:00 GMT"
QUESTION = ApiCall(
    "video/query",
    {
        "query": {"and": [{"operation": "EQ", "field_name": "region_code", "field_values": ["PE"]}]},
        "start_date": "20221201",
        "end_date": "20221230",
        "max_count": 100,
    },
    "collect",
    "2022-12-01/2022-12-30 0",
    fields="id",
    shape={"has_more": bool},
)


def http(body: object, status: int = 200, **headers: str) -> bytes:
    """A complete answer; a body that is neither text nor bytes is sent as JSON."""
    raw = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
    named = {"Date": DATE, "Content-Length": str(len(raw)), "Connection": "close"}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"HTTP/1.1 {status} Whatever", *(f"{name}: {value}" for name, value in named.items()), "", ""]
    return "\r\n".join(lines).encode("latin-1") + raw


def fails(status: int, code: str, message: str = "", **headers: str) -> bytes:
    return http({"data": {}, "error": {**OK, "code": code, "message": message}}, status, **headers)


GRANTED = http({"access_token": TOKEN, "expires_in": 7200, "token_type": "Bearer"})
PAGE = http(EMPTY_PAGE)


@dataclass(frozen=True)
class Asked:
    """A request as it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes


Reply = bytes | Callable[[Any, Asked], None]


class RawServer:
    """Answers questions by a script whose last line repeats, and requests for a token in the same way."""

    def __init__(self, script: Iterable[Reply] = (PAGE,), tokens: Iterable[Reply] = (GRANTED,)) -> None:
        self._script, self._tokens = list(script), list(tokens)
        self.asked: list[Asked] = []
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                asked = _read(self.rfile)
                if asked is None:
                    return
                reply = outer._next(asked)
                try:
                    self.wfile.write(reply) if isinstance(reply, bytes) else reply(self.connection, asked)
                except ConnectionError:
                    return

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self.base = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def questions(self) -> list[Asked]:
        return [asked for asked in self.asked if "oauth" not in asked.path]

    @property
    def token_requests(self) -> int:
        return len(self.asked) - len(self.questions)

    def _next(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        script = self._tokens if "oauth" in asked.path else self._script
        return script.pop(0) if len(script) > 1 else script[0]


def _read(file: Any) -> Asked | None:
    first = file.readline().decode()
    if not first:
        return None
    headers = {}
    while line := file.readline().decode().strip():
        name, value = line.split(":", 1)
        headers[name.lower()] = value.strip()
    return Asked(first.split()[1], headers, file.read(int(headers.get("content-length", 0))))


@dataclass
class Clock:
    """A clock that does not move until it is set."""

    at: float = field(default_factory=time.time)

    def __call__(self) -> float:
        return self.at


class Asker:
    """A client with a ledger of its own, for a `with` block."""

    def __init__(self, base: str, root: Path, **settings: Any) -> None:
        self.waits: list[float] = []
        self.root, self.clock = root, Clock()
        credentials = Credentials("sandbox", Secret(settings.pop("secret", "sandbox")))
        settings = {
            "sleep": self.waits.append,
            "server": ServerClock(self.clock),
            "clock": self.clock,
        } | settings
        self.api = ResearchApi(base, credentials, Ledger(root), **settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.api.ledger.__exit__()

    def ask(self, call: ApiCall = QUESTION) -> Any:
        return self.api.ask(call)

    @property
    def used(self) -> int:
        return self.api.ledger.used(self.api.credentials.client, self.api.server.now())


def noted(root: Path) -> list[Sent]:
    """The requests in a folder's ledger; what its writer holds back is in it once that is closed."""
    with Ledger(root) as ledger:
        return ledger.requests()


def bytes_of(root: Path) -> bytes:
    """Every byte of every file below."""
    return b"".join(path.read_bytes() for path in root.rglob("*") if path.is_file())


def questions(sandbox: Sandbox) -> list[dict[str, Any]]:
    """The requests to the sandbox, except those for tokens."""
    return [entry for entry in sandbox.requests() if "/research/" in entry["path"]]


def outcomes(asker: Asker) -> list[str | None]:
    return [request.outcome for request in asker.api.ledger.requests()]
