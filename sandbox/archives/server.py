"""The server around a stand-in: its token, its log, and what goes wrong."""

import re
import threading
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Protocol, Self

from sandbox.archives.dataverse import Dataverse
from sandbox.archives.hub import Hub
from sandbox.archives.osf import Osf
from sandbox.archives.zenodo import Zenodo
from sandbox.exchange import Refusal, Reply, Request
from sandbox.http_server import HttpServer
from sandbox.traffic import Traffic

#: The one that a stand-in takes, unless another is given.
TOKEN = "stand-in-token-of-the-loopback"  # noqa: S105 - it opens nothing
_DATE = "Tue, 01 Dec 2026 12:00:00 GMT"


class Service(Protocol):
    """An archive: its state, and its answers. `base` is its own address."""

    base: str

    def is_known(self, request: Request, token: str) -> bool:
        """Whether the request has this token, where the archive looks for it, or needs none."""

    def unknown(self) -> Reply:
        """How the archive refuses a token."""

    def refused(self, refusal: Refusal) -> Reply:
        """How it words an error."""

    def answer(self, request: Request) -> Reply:
        """The answer; raises `Refusal`."""


@dataclass
class Trouble:
    """Something that goes wrong with requests such as `PUT /api/records/1/draft/files/a.csv/content`."""

    #: A regular expression for a request's method and path.
    request: str
    #: The status, without the request being carried out; 0: no answer, or a lost one.
    status: int = 0
    #: How many such requests it hits.
    times: int = 1
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b"<html><head><title>out of order</title></head></html>"
    #: Carry the request out, and lose the answer.
    is_done: bool = False
    #: Keep the connection open and say nothing.
    is_silent: bool = False
    #: How many such requests are served first.
    after: int = 0

    def reply(self) -> Reply:
        if self.status:
            return Reply(self.status, self.body, "text/html", self.headers)
        return Reply(0, hang_up="silent" if self.is_silent else "reset")


@dataclass
class _Log:
    lines: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


class ArchiveServer(AbstractContextManager["ArchiveServer"]):
    """A stand-in that serves, for a `with` block."""

    def __init__(self, service: Service, *, token: str = TOKEN, port: int = 0) -> None:
        self.service = service
        self.token = token
        self._troubles: list[Trouble] = []
        self._log = _Log()
        self._state = threading.Lock()
        self._http = HttpServer(port, self._answer, Traffic())
        service.base = self.url
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._http.hang_up_all()
        self._http.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def play(self, troubles: Iterable[Trouble]) -> None:
        """From now on, this goes wrong."""
        self._troubles = [replace(trouble) for trouble in troubles]

    def requests(self, pattern: str = "") -> list[str]:
        """The method and path of each request so far, or of those that match."""
        with self._log.lock:
            return [line for line in self._log.lines if re.search(pattern, line)]

    def _answer(self, request: Request) -> tuple[Reply, str]:
        line = f"{request.method} {request.path}"
        with self._log.lock:
            self._log.lines.append(line)
            trouble = self._trouble_with(line)
        if trouble is not None and not trouble.is_done:
            return trouble.reply(), _DATE
        reply = self._served(request)
        return (reply if trouble is None else trouble.reply()), _DATE

    def _trouble_with(self, line: str) -> Trouble | None:
        for trouble in self._troubles:
            if re.search(trouble.request, line):
                if trouble.after:
                    trouble.after -= 1
                    continue
                trouble.times -= 1
                if not trouble.times:
                    self._troubles.remove(trouble)
                return trouble
        return None

    def _served(self, request: Request) -> Reply:
        if not self.service.is_known(request, self.token):
            return self.service.unknown()
        with self._state:
            try:
                return self.service.answer(request)
            except Refusal as refusal:
                return self.service.refused(refusal)


def stand_in(word: str, *, token: str = TOKEN, port: int = 0) -> ArchiveServer:
    """The stand-in for `zenodo`, `dataverse`, `osf` or `hf`."""
    services: dict[str, type[Service]] = {"zenodo": Zenodo, "dataverse": Dataverse, "osf": Osf, "hf": Hub}
    return ArchiveServer(services[word](), token=token, port=port)
