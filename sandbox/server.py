"""The loopback server and its services: the Research API, the website with its media, and a model endpoint."""

import socket
import threading
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from sandbox.admin import PREFIX as ADMIN
from sandbox.admin import Admin
from sandbox.clock import VirtualClock
from sandbox.corpus_check import check_videos
from sandbox.exchange import Reply, Request, text_reply
from sandbox.faults import Fault, FaultScript
from sandbox.http_server import HttpServer
from sandbox.model.api import ModelApi
from sandbox.pages.media import PREFIX as MEDIA
from sandbox.pages.media import Media
from sandbox.pages.site import SITE, Pages
from sandbox.profiles import Profile, profile_named
from sandbox.request_log import Entry
from sandbox.research_api.api import ResearchApi
from sandbox.videos import CORPUS
from sandbox.world import world_of


class Service(Protocol):
    def subject(self, request: Request) -> str:
        """What the request is about, for the log."""

    def answer(self, request: Request, fault: Fault) -> Reply:
        """The reply; the fault takes effect at its place in the order of checks."""


class Sandbox:
    """A running server, for a `with` block. Its answers depend only on seed, clock, script and requests."""

    def __init__(
        self,
        *,
        profile: str | Profile = "clean",
        corpus: Path = CORPUS,
        script: Iterable[Any] = (),
        log: Path | None = None,
        port: int | socket.socket = 0,
    ) -> None:
        switches = profile_named(profile) if isinstance(profile, str) else profile
        self._world = world_of(corpus, switches, FaultScript(script), log)
        research_api = ResearchApi(self._world)
        self._admin = Admin(self._world, research_api.quota)
        self._services: dict[str, tuple[str, Service]] = {
            "/v2/": ("research_api", research_api),
            f"{SITE}/": ("pages", Pages(self._world)),
            MEDIA: ("media", Media(self._world)),
            "/v1/": ("model", ModelApi(self._world)),
        }
        self._http = HttpServer(port, self._answer, self._world.traffic)
        self._world.base = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._world.stopped.set()
        self._http.shutdown()
        self._http.hang_up_all()
        self._http.server_close()
        self._thread.join()
        self._world.log.close()

    @property
    def base(self) -> str:
        return self._world.base

    @property
    def research_api(self) -> str:
        return f"{self.base}/v2"

    @property
    def pages(self) -> str:
        return f"{self.base}{SITE}"

    @property
    def model(self) -> str:
        return f"{self.base}/v1"

    @property
    def clock(self) -> VirtualClock:
        return self._world.clock

    def read_corpus(self) -> None:
        """Read the corpus now and not on first use; raises `BadCorpus` for one that cannot be served."""
        check_videos(self._world.corpus.folder / "videos.json")
        _ = self._world.corpus.videos

    def addresses(self) -> dict[str, str]:
        return {
            "base": self.base,
            "research_api": self.research_api,
            "pages": self.pages,
            "model": self.model,
        }

    def requests(self) -> list[dict[str, Any]]:
        """The request log so far, oldest first."""
        return self._world.log.entries()

    def traffic(self) -> dict[str, dict[str, float]]:
        """The requests to each host so far, and how many at once."""
        return self._world.traffic.totals()

    def play(self, script: Iterable[Any]) -> None:
        """Replace the fault script."""
        self._world.script = FaultScript(script)

    def _answer(self, request: Request) -> tuple[Reply, str]:
        date = self._world.clock.http_date()
        if request.path.startswith(ADMIN):
            return self._admin.answer(request), date
        name, service = self._service_of(request)
        reply = self._reply(request, service)
        subject = service.subject(request) if service else ""
        self._world.log.add(
            Entry(name, request.method, request.path, request.body_sha256, subject, reply.status)
        )
        return reply, date

    def _service_of(self, request: Request) -> tuple[str, Service | None]:
        for prefix, (name, service) in self._services.items():
            if request.path.startswith(prefix):
                return name, service
        return "", None

    def _reply(self, request: Request, service: Service | None) -> Reply:
        if service is None:
            return text_reply(404, "404 page not found")
        reply = service.answer(request, self._world.script.next_for(request))
        log_id = ("X-Tt-Logid", self._world.clock.log_id(request.digest))
        return replace(reply, headers=(log_id, *reply.headers))


def serve(**settings: Any) -> Sandbox:
    """A sandbox with these settings, for a `with` block."""
    return Sandbox(**settings)
