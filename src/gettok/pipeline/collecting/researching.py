"""The Research API as the stages use it: credentials, ledger, limits, and what to do when it gives nothing more."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event
from typing import TypeVar

from gettok.errors import Interrupted, NotNow
from gettok.pipeline.endpoints import addresses, client_variables
from gettok.pipeline.runner import say
from gettok.research_api import Backoff, Credentials, Ledger, Limits, QuotaExhausted, ResearchApi, span
from gettok.settings import Collect, Source
from gettok.settings.fields import SANDBOX
from gettok.settings.secrets import Secret, from_environment, refuse_missing

_MESSAGE_EVERY_S = 600.0
#: A run that lasted longer than this had made progress, so that the pauses start over.
_LONG_RUN_S = 3600.0
T = TypeVar("T")


@contextmanager
def open_api(source: Source, collect: Collect, store: Path, stop: Event) -> Iterator[ResearchApi]:
    """A client for the source of the settings, with its ledger in the store's folder."""
    with addresses(source.api) as where, Ledger(store) as ledger:
        api = ResearchApi(
            where.of(source.api, "api"),
            credentials(source),
            ledger,
            Limits(collect.requests_per_day, collect.reserve, collect.failure_share),
            stop=stop,
            on_message=_say,
        )
        if collect.on_quota == "wait":
            api.on_quota = lambda spent: wait_until(spent, api.server.now, stop.wait)
        yield api


@contextmanager
def offline_api(source: Source, store: Path) -> Iterator[ResearchApi]:
    """A client for what is in the ledger; it cannot ask, since it has no credentials."""
    with Ledger(store, to_read=True) as ledger:
        yield ResearchApi(source.api, Credentials("", Secret("")), ledger)


def credentials(source: Source) -> Credentials:
    """The sandbox's own, or those in the environment."""
    if source.api == SANDBOX:
        return Credentials("sandbox", Secret("sandbox"))
    names = client_variables(source)
    refuse_missing(names)
    key, secret = map(from_environment, names)
    return Credentials(key.reveal(), secret)


def retry_until_quota(run: Callable[[], T], api: ResearchApi, on_quota: str) -> T:
    """Call `run` to its end; where the settings wait for the quota, wait out every other `NotNow` too.

    After each pause, `run` is called again and continues with what is stored.
    """
    backoff = Backoff(api.wait, _say)
    while True:
        began = api.clock()
        try:
            return run()
        except NotNow as trouble:
            if on_quota != "wait" or api.stop.is_set():
                raise
            if api.clock() - began > _LONG_RUN_S:
                backoff.restart()
            backoff.back_off(trouble)


def wait_until(spent: QuotaExhausted, now: Callable[[], datetime], pause: Callable[[float], bool]) -> None:
    """Sleep until the quota is renewed, and report now and then how long that will be.

    `pause` returns True when a signal ends the wait.
    """
    _say(
        f"{spent.what}; waiting until {spent.back_at:%Y-%m-%d %H:%M} UTC. Ctrl-C ends the run; nothing is lost"
    )
    while (left := spent.back_at - now()) > timedelta():
        _say(f"{span(left)} to go")
        if pause(min(left.total_seconds(), _MESSAGE_EVERY_S)):
            raise Interrupted


def _say(text: str) -> None:
    say(f"collect: {text}")
