"""Collect the days that are new, and fetch each day's videos right away, until today or until the quota is spent.

Videos vanish: weeks after an event, one in ten may be gone. Everything goes into the answer store, under the keys that
the stages `collect` and `download` use, so `dvc repro` finds it there and asks for none of it again.
"""

from collections.abc import Iterator
from threading import Event

import typer

from gettok.collect import StoredPage, VideoOnPage
from gettok.collect.erased import Erased
from gettok.collect.journal import WindowState
from gettok.download import DownloadStep
from gettok.engine import ENGINES
from gettok.errors import BadSettings, NotNow, counted
from gettok.pipeline.answering import Asking
from gettok.pipeline.collecting.researching import open_api, retry_until_quota
from gettok.pipeline.collecting.searching import collector, study_window, videos_in_study
from gettok.pipeline.downloading import any_fetched, opened_step, video_item
from gettok.pipeline.paths import REFRESH_LISTS, current_settings, store_root
from gettok.pipeline.runner import Signals, only_one
from gettok.research_api import QuotaExhausted, ResearchApi
from gettok.settings import Settings
from gettok.store import Store


class FetchStop(Event):
    """Set when fetching must end: by the fetcher itself, or by the signal that stops the run."""

    def __init__(self, stop: Event) -> None:
        super().__init__()
        self._stop = stop

    def is_set(self) -> bool:
        return super().is_set() or self._stop.is_set()


class Fetcher:
    """Fetches the files of the videos on collected pages, until the videos' own pages cannot be read (`trouble`)."""

    def __init__(self, settings: Settings, step: DownloadStep, asking: Asking) -> None:
        self._settings, self._step, self._asking = settings, step, asking
        self._erased = Erased.of(REFRESH_LISTS)
        self._waiting: dict[str, VideoOnPage] = {}
        self.asked: set[str] = set()
        self.retry_next_run: set[str] = set()
        self.trouble: NotNow | None = None

    def add_page(self, stored: StoredPage) -> None:
        """Note the page's videos that are not erased, to be fetched by the next call of `fetch`."""
        videos = videos_in_study(self._erased.page(stored).page, self._settings)
        self._waiting.update({video.video_id: video for video in videos})

    def fetch(self, _: WindowState | None = None) -> None:
        """Fetch the videos noted since the last call that are not in the store yet."""
        if self.trouble is not None:
            return
        videos, self._waiting = list(self._waiting.values()), {}
        items = [video_item(self._step, *video) for video in videos]
        self._step.breaker.last_fetched = self._step.breaker.last_fetched or any_fetched(self._asking, items)
        try:
            self.retry_next_run |= self._asking.ask(items).keys()
        except NotNow as trouble:
            # the collection goes on: later, the Research API may lack these videos, too
            self.trouble = trouble
        self.asked |= {item.video_id for item in items}


def fetch_before_waiting(api: ResearchApi, fetcher: Fetcher) -> None:
    """Have videos fetched when the quota ends in the middle of a day: they may be gone tomorrow."""
    next_handler = api.on_quota

    def on_quota(spent: QuotaExhausted) -> None:
        fetcher.fetch()
        next_handler(spent)

    api.on_quota = on_quota


def collect(settings: Settings, store: Store, api: ResearchApi, fetcher: Fetcher) -> QuotaExhausted | None:
    """Collect and fetch what is new; returns the error if the quota is spent."""

    def collect_new() -> None:
        for stored in collector(settings, store, api, fetcher.fetch, max_days=1).collect():
            fetcher.add_page(stored)

    try:
        retry_until_quota(collect_new, api, settings.collect.on_quota)
    except QuotaExhausted as spent:
        return spent
    return None


def page_trouble(trouble: NotNow, collected: str, spent: QuotaExhausted | None) -> NotNow:
    """The breaker's error, with a note that the collection went on."""
    until = f", and then: {spent.what}" if spent else ""
    return NotNow(
        f"the videos' pages cannot be read: {trouble.what}",
        f"{trouble.did}; the collection went on without them, and {collected}{until}",
        trouble.can,
    )


def follow(settings: Settings, store: Store, stop: Event) -> Iterator[str]:
    """Collect and fetch up to today, and report the result line by line.

    Raises `QuotaExhausted` when the quota is spent, and `NotNow` at its end if the videos' pages could not be read.
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
        open_api(settings.source, settings.collect, store.root, stop) as api,
        opened_step(settings) as step,
    ):
        fetcher = Fetcher(
            settings,
            step,
            Asking(step, store, ENGINES[settings.engine.name](settings.engine), FetchStop(stop)),
        )
        fetch_before_waiting(api, fetcher)
        spent = collect(settings, store, api, fetcher)
        days = collector(settings, store, api).coverage()
    done = sum(row["state"] != "gap" for row in days)
    collected = f"{done} of {len(study_window(settings).days)} days are collected"
    if fetcher.trouble is not None:
        raise page_trouble(fetcher.trouble, collected, spent)
    if spent is not None:
        raise spent
    yield f"{collected}, with {counted(len(fetcher.asked), 'video')}"
    yield f"{len(fetcher.retry_next_run)} of them could not be reached and are asked for again by the next call"
    yield "run `dvc repro` to add them to the tables; nothing of this is asked for again"


def command() -> None:
    signals = Signals()
    with Store(store_root()) as store:
        for line in follow(current_settings(), store, signals.stop):
            typer.echo(line)
