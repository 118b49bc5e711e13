"""Collect the days that are new, and fetch each day's videos at once, until today or until the quota is spent.

Videos vanish: of an event some weeks ago, one in ten may be gone. Everything goes into the answer store, under the
keys that the stages `collect` and `download` use, so `dvc repro` finds it there and asks for none of it again.
"""

from collections.abc import Iterator
from threading import Event

import typer

from gettok.collect import Seen, StoredPage
from gettok.collect.journal import WindowState
from gettok.download import DownloadStep
from gettok.engine import LocalEngine
from gettok.errors import BadSettings, NotNow
from gettok.pipeline.answering import Asking
from gettok.pipeline.collecting.researching import research_api, retry_until_quota
from gettok.pipeline.collecting.searching import collector, days_of, seen_in_study
from gettok.pipeline.downloading import fetched, opened_step, question
from gettok.pipeline.paths import current_settings, store_root
from gettok.pipeline.runner import Signals, only_one
from gettok.research_api import QuotaExhausted, ResearchApi
from gettok.settings import Settings
from gettok.store import Store


class NoMore(Event):
    """Set where fetching is over, and for as long as the run's own signal to stop is."""

    def __init__(self, stop: Event) -> None:
        super().__init__()
        self._stop = stop

    def is_set(self) -> bool:
        return super().is_set() or self._stop.is_set()


class Fetcher:
    """Fetches the files of the videos that it has met, until their pages cannot be read: that is then its `trouble`."""

    def __init__(self, settings: Settings, step: DownloadStep, asking: Asking) -> None:
        self._settings, self._step, self._asking = settings, step, asking
        self._met: dict[str, Seen] = {}
        self.asked: set[str] = set()
        self.retry_next_run: set[str] = set()
        self.trouble: NotNow | None = None

    def meet(self, kept: StoredPage) -> None:
        self._met.update({one.video_id: one for one in seen_in_study(kept.page, self._settings)})

    def fetch(self, _: WindowState | None = None) -> None:
        """Fetch what was met since the last time, and is not in the store yet."""
        if self.trouble is not None:
            return
        met, self._met = list(self._met.values()), {}
        items = [question(self._step, *one) for one in met]
        self._step.breaker.known = self._step.breaker.known or fetched(self._asking, items)
        try:
            self.retry_next_run |= self._asking.ask(items).keys()
        except NotNow as trouble:
            self.trouble = trouble  # what is not collected may vanish from the Research API, too
        self.asked |= {item.video_id for item in items}


def fetch_first(api: ResearchApi, fetcher: Fetcher) -> None:
    """Where the quota ends in the middle of a day, what that day has shown so far may be gone tomorrow."""
    then = api.on_quota

    def on_quota(spent: QuotaExhausted) -> None:
        fetcher.fetch()
        then(spent)

    api.on_quota = on_quota


def collect(settings: Settings, store: Store, api: ResearchApi, fetcher: Fetcher) -> QuotaExhausted | None:
    """Collect what is new, and have it fetched; gives back that the quota is spent, if it is."""

    def collected() -> None:
        for kept in collector(settings, store, api, fetcher.fetch, most_days=1).collect():
            fetcher.meet(kept)

    try:
        retry_until_quota(collected, api, settings.collect.on_quota)
    except QuotaExhausted as spent:
        return spent
    return None


def pages_are_the_trouble(trouble: NotNow, collected: str, spent: QuotaExhausted | None) -> NotNow:
    """What the breaker says, and that the collection went on."""
    until = f", and then: {spent.what}" if spent else ""
    return NotNow(
        f"the videos' pages are the trouble: {trouble.what}",
        f"{trouble.did}; the collection went on without them, and {collected}{until}",
        trouble.can,
    )


def follow(settings: Settings, store: Store, stop: Event) -> Iterator[str]:
    """Collect and fetch up to today; says what it came to.

    Raises `QuotaExhausted` when the quota is spent, and `NotNow` at its end where the videos' pages could not be read.
    """
    if settings.source.kind != "research_api":
        raise BadSettings(
            f"source.kind: {settings.source.kind!r} names its videos in a file, so there are no new days to follow",
            "asked for nothing",
            "choose a source that is searched, such as source=tiktok, or run `dvc repro download`",
        )
    with (
        only_one(store.root, "collect"),
        only_one(store.root, "download"),
        research_api(settings.source, settings.collect, store.root, stop) as api,
        opened_step(settings) as step,
    ):
        fetcher = Fetcher(
            settings, step, Asking(step, store, LocalEngine(settings.engine.workers), NoMore(stop))
        )
        fetch_first(api, fetcher)
        spent = collect(settings, store, api, fetcher)
        days = collector(settings, store, api).coverage()
    done = sum(row["state"] != "gap" for row in days)
    collected = f"{done} of {len(days_of(settings).days)} days are collected"
    if fetcher.trouble is not None:
        raise pages_are_the_trouble(fetcher.trouble, collected, spent)
    if spent is not None:
        raise spent
    yield f"{collected}, with {len(fetcher.asked)} videos"
    yield f"{len(fetcher.retry_next_run)} of them could not be reached and are asked for again by the next call"
    yield "run `dvc repro` to take them into the tables; nothing of this is asked for again"


def command() -> None:
    signals = Signals()
    with Store(store_root()) as store:
        for line in follow(current_settings(), store, signals.stop):
            typer.echo(line)
