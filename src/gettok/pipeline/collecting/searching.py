"""The study's search, as whoever runs or plans it sees it."""

from collections.abc import Callable, Iterator
from typing import Any

from gettok.collect import Canary, Collector, Seen, seen_on
from gettok.collect.journal import WindowState
from gettok.collect.windows import Window
from gettok.research_api import Page, ResearchApi
from gettok.settings import Settings
from gettok.settings.query import conditions
from gettok.store import Store


def days_of(settings: Settings) -> Window:
    """The study's days."""
    return Window(settings.study.start, settings.study.end)


def seen_in_study(page: Page, settings: Settings) -> Iterator[Seen]:
    """The page's videos of the study's days; a window may reach beyond them."""
    days = days_of(settings)
    return (one for one in seen_on(page) if days.start.isoformat() <= one.day <= days.end.isoformat())


def collector(
    settings: Settings,
    store: Store,
    api: ResearchApi,
    told: Callable[[WindowState], Any] = lambda _: None,
    most_days: int | None = None,
) -> Collector:
    """The collector of the study's query over its days; `told` hears of each window that needs nothing more for now."""
    canary = Canary(api, settings.collect.canary) if settings.collect.canary else None
    return Collector(
        store,
        api,
        settings.source.name,
        conditions(settings.study.query),
        days_of(settings),
        most_days or settings.source.window_days,
        settings.collect.patience_days,
        canary,
        told,
    )
