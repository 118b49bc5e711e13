"""`gettok follow`: collect the days that are new, and fetch each day's videos as soon as it is there.

Videos vanish: of an event of some weeks ago, one in ten may be gone. Everything goes into the answer store, under the
keys that the stages `collect` and `download` use, so `dvc repro` finds it there and asks for none of it again.
"""

from collections.abc import Iterator
from functools import partial
from threading import Event

from gettok.collect import Collector, Kept, Seen
from gettok.collect.journal import Life
from gettok.download import DownloadStep
from gettok.engine import LocalEngine
from gettok.errors import BadSettings
from gettok.research_api import ComeBack, ResearchApi
from gettok.settings import Settings
from gettok.store import Store
from stages.answering import Asking
from stages.download import fetched, opened_step, question
from stages.researching import patiently, research_api
from stages.searching import collector, days_of, seen_in_study
from stages.shell import only_one


class Fetcher:
    """Fetches the files of the videos that it has met."""

    def __init__(self, settings: Settings, step: DownloadStep, asking: Asking) -> None:
        self._settings, self._step, self._asking = settings, step, asking
        self._met: dict[str, Seen] = {}
        self.asked: set[str] = set()
        self.unsettled: set[str] = set()

    def meet(self, kept: Kept) -> None:
        self._met.update({one.video_id: one for one in seen_in_study(kept.page, self._settings)})

    def fetch(self, _: Life | None = None) -> None:
        """Fetch what was met since the last time, and is not in the store yet."""
        met, self._met = list(self._met.values()), {}
        items = [question(self._step, *one) for one in met]
        self._step.breaker.known = self._step.breaker.known or fetched(self._asking, items)
        self.unsettled |= self._asking.ask(items).keys()
        self.asked |= {item.video_id for item in items}


def fetch_first(api: ResearchApi, fetcher: Fetcher) -> None:
    """Where the quota ends in the middle of a day, what that day has shown so far may be gone tomorrow."""
    then = api.on_quota

    def on_quota(spent: ComeBack) -> None:
        fetcher.fetch()
        then(spent)

    api.on_quota = on_quota


def _collected(settings: Settings, store: Store, api: ResearchApi, fetcher: Fetcher) -> Collector:
    search = collector(settings, store, api, fetcher.fetch, most_days=1)
    for kept in search.collect():
        fetcher.meet(kept)
    return search


def follow(settings: Settings, store: Store, stop: Event) -> Iterator[str]:
    """Collect and fetch up to today; says what it came to. Raises `ComeBack` when the quota is spent."""
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
        fetcher = Fetcher(settings, step, Asking(step, store, LocalEngine(settings.engine.workers), stop))
        fetch_first(api, fetcher)
        collected = partial(_collected, settings, store, api, fetcher)
        search = patiently(collected, api, settings.collect.on_quota)
        done = sum(row["state"] != "gap" for row in search.coverage())
    yield f"{done} of {len(days_of(settings).days)} days are collected, with {len(fetcher.asked)} videos"
    yield f"{len(fetcher.unsettled)} of them could not be reached and are asked for again by the next call"
    yield "run `dvc repro` to take them into the tables; nothing of this is asked for again"
