"""The Research API as the stages use it: credentials, ledger, limits, and what to do when it gives nothing more."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event
from typing import TypeVar

from gettok.errors import Interrupted, NotNow
from gettok.pipeline.endpoints import SANDBOX, addresses
from gettok.pipeline.runner import say
from gettok.research_api import Credentials, Ledger, Limits, QuotaExhausted, ResearchApi
from gettok.settings import Collect, Source
from gettok.settings.secrets import Secret, from_environment

_SAY_EVERY_S = 600.0
_SHORTEST_REST_S, _LONGEST_REST_S = 60.0, 3600.0
T = TypeVar("T")


@contextmanager
def research_api(source: Source, collect: Collect, store: Path, stop: Event) -> Iterator[ResearchApi]:
    """A client for the source of the settings, with its ledger in the store's folder."""
    with addresses(source.api) as where, Ledger(store) as ledger:
        api = ResearchApi(
            where.of(source.api, "api"),
            credentials(source),
            ledger,
            Limits(collect.requests_per_day, collect.reserve, collect.failure_share),
            stop=stop,
            said=lambda text: say(f"collect: {text}"),
        )
        if collect.on_quota == "wait":
            api.on_quota = lambda spent: wait_until(spent, api.server.now, stop.wait)
        yield api


@contextmanager
def idle_api(source: Source, store: Path) -> Iterator[ResearchApi]:
    """A client that is never to ask: it has no credentials to do so."""
    with Ledger(store) as ledger:
        yield ResearchApi(source.api, Credentials("", Secret("")), ledger)


def credentials(source: Source) -> Credentials:
    """The sandbox's own, or the environment's."""
    if source.api == SANDBOX:
        return Credentials("sandbox", Secret("sandbox"))
    secret = from_environment("TIKTOK_CLIENT_SECRET")
    return Credentials(from_environment("TIKTOK_CLIENT_KEY").reveal(), secret)


def retry_until_quota(run: Callable[[], T], api: ResearchApi, on_quota: str) -> T:
    """Run it to its end. Who waits for the quota waits for everything else that waiting helps against.

    It is run again after a rest, which is longer each time, an hour at most, and goes on from what is kept.
    """
    rest_s = _SHORTEST_REST_S
    while True:
        began = api.clock()
        try:
            return run()
        except NotNow as trouble:
            if on_quota != "wait" or api.stop.is_set():
                raise
            if api.clock() - began > _LONGEST_REST_S:
                rest_s = _SHORTEST_REST_S
            rest = _span(timedelta(seconds=rest_s))
            say(f"collect: {trouble.what}; going on in {rest}. Ctrl-C ends it, nothing is lost")
            api.wait(rest_s)
            rest_s = min(2 * rest_s, _LONGEST_REST_S)


def wait_until(spent: QuotaExhausted, now: Callable[[], datetime], pause: Callable[[float], bool]) -> None:
    """Sleep until the quota is renewed, and say now and then how long that will be; `pause` tells of a signal."""
    say(
        f"collect: {spent.what}; waiting until {spent.back_at:%Y-%m-%d %H:%M} UTC. Ctrl-C ends it, nothing is lost"
    )
    while (left := spent.back_at - now()) > timedelta():
        say(f"collect: {_span(left)} to go")
        if pause(min(left.total_seconds(), _SAY_EVERY_S)):
            raise Interrupted


def _span(left: timedelta) -> str:
    minutes = -(-int(left.total_seconds()) // 60)
    return f"{minutes // 60} h {minutes % 60:02d} min"
