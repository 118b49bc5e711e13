"""The study's search, for the stage that runs it and the commands that plan it."""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from gettok.collect import Canary, Collector, VideoOnPage, videos_on
from gettok.collect.journal import WindowState
from gettok.collect.windows import Window
from gettok.research_api import Page, ResearchApi
from gettok.settings import Settings
from gettok.settings.query import conditions
from gettok.store import Store


def study_window(settings: Settings) -> Window:
    """The study's days."""
    return Window(settings.study.start, settings.study.end)


def videos_in_study(page: Page, settings: Settings) -> Iterator[VideoOnPage]:
    """The page's videos that were published on the study's days; a window may reach beyond them."""
    study = study_window(settings)
    return (
        video for video in videos_on(page) if study.start.isoformat() <= video.day <= study.end.isoformat()
    )


def videos_on_pages(settings: Settings, search: Collector, windows: Iterable[Window]) -> list[VideoOnPage]:
    """The study's videos on the stored pages of these windows, each once."""
    states = [search.journal.state(window) for window in windows]
    pages = (stored.page for state in states for stored in search.stored(state))
    videos = (video for page in pages for video in videos_in_study(page, settings))
    return list({video.video_id: video for video in videos}.values())


def own_time() -> datetime:
    """The time by this machine's clock, for a plan that asks no server."""
    return datetime.now(UTC)


def collector(
    settings: Settings,
    store: Store,
    api: ResearchApi,
    on_window_done: Callable[[WindowState], Any] = lambda _: None,
    max_days: int | None = None,
) -> Collector:
    """The collector of the study's query over its days."""
    canary = Canary(api, settings.collect.canary) if settings.collect.canary else None
    return Collector(
        store,
        api,
        settings.source.name,
        conditions(settings.study.query),
        study_window(settings),
        max_days or settings.source.window_days,
        settings.collect.patience_days,
        canary,
        on_window_done,
    )
