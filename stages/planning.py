"""`gettok plan`: what would be asked, and what it would cost, before anything is spent."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import Event

from gettok.collect import Collector
from gettok.collect.estimate import Estimate, estimate, probe
from gettok.lookup import batches, read_ids
from gettok.research_api import FIELDS, PAGE_ROWS, Failing, Ledger, SearchLost, come_back
from gettok.settings import Settings
from gettok.store import Store
from gettok.windows import Window
from stages.progress import Progress
from stages.researching import credentials, idle_api, patiently, research_api
from stages.searching import collector
from stages.shell import only_one

_SHOWN = 12


def plan(settings: Settings, store: Store, *, ask: bool, stop: Event) -> Iterator[str]:
    """The plan, line by line; with `ask`, from the first page of each window, which is asked for and kept."""
    if settings.source.kind == "zeeschuimer":
        yield f"reads {settings.source.file}; the Research API is not asked, and no quota is spent"
    elif settings.source.kind == "ids":
        yield from _by_ids(settings)
    elif ask:
        with (
            only_one(store.root, "collect"),
            research_api(settings.source, settings.collect, store.root, stop) as api,
        ):
            search = collector(settings, store, api)
            patiently(partial(_probe, search), api, settings.collect.on_quota)
            yield from _by_windows(settings, search, search.plan())
    else:
        with idle_api(settings.source, store.root) as api:
            search = collector(settings, store, api)
            yield from _by_windows(settings, search, search.plan(lambda: datetime.now(UTC)))
        yield (
            "`gettok plan --probe` asks for the first page of each window to tell how many rows to expect; "
            "these pages are kept, and not paid for again"
        )


def _probe(search: Collector) -> None:
    windows = [window for window in search.plan() if not estimate(search, window).pages]
    with Progress("plan", len(windows), 0, "window") as progress:
        for window in windows:
            try:
                probe(search, window)
            except (Failing, SearchLost) as error:
                raise come_back(error) from error
            progress.add("asked")


def _by_ids(settings: Settings) -> Iterator[str]:
    assert settings.source.file is not None, "the settings are checked"
    listed = read_ids(Path(settings.source.file))
    placed = batches(listed.ids)
    yield f"looks up {len(listed.ids)} videos of {settings.source.file} by id; {len(listed.refused)} lines are refused"
    yield _cost(settings, len(placed.batches), "if all of them are found and none was asked for before")


def _by_windows(settings: Settings, search: Collector, windows: list[Window]) -> Iterator[str]:
    study = search.study
    yield f"study {settings.study.name}: {study.start} to {study.end}, {len(study.days)} days"
    yield f"asks {settings.source.api}/research/video/query/?fields={FIELDS}"
    body = {"query": dict(search.query), "start_date": "…", "end_date": "…", "max_count": PAGE_ROWS}
    yield json.dumps(body, ensure_ascii=False, indent=2)
    estimates = [estimate(search, window) for window in windows]
    yield f"windows: {len(windows)}, of which {sum(one.requests == 0 for one in estimates)} are done"
    yield from (_line(one) for one in estimates[:_SHOWN])
    if len(estimates) > _SHOWN:
        yield f"  … and {len(estimates) - _SHOWN} more"
    if all(one.rows is not None for one in estimates):
        yield f"expected: about {sum(one.rows or 0 for one in estimates)} rows"
    yield _cost(settings, sum(one.requests for one in estimates), "if no request fails")


def _line(one: Estimate) -> str:
    if not one.requests:
        return f"  {one.window.start} to {one.window.end}: done, {one.rows} rows"
    rows = "" if one.rows is None else f", about {one.rows} rows"
    return f"  {one.window.start} to {one.window.end}: {one.pages} pages kept, at least {one.requests} to ask{rows}"


def _cost(settings: Settings, requests: int, provided: str) -> str:
    a_day = settings.collect.requests_per_day - settings.collect.reserve
    return (
        f"requests: at least {requests} {provided}; that is {-(-requests // a_day)} days of quota "
        f"({settings.collect.requests_per_day} a day, {settings.collect.reserve} of them kept for refreshing)"
    )


def quota(settings: Settings, store: Path) -> Iterator[str]:
    """The ledger's days: requests sent by endpoint, how many failed, and what is left of today."""
    client, now = credentials(settings.source).client, datetime.now(UTC)
    with Ledger(store) as ledger:
        for day, endpoint, sent, failed in ledger.days(client):
            yield f"{day}  {endpoint:<28} {sent:>6} requests, {failed} of them failed"
        left = max(settings.collect.requests_per_day - ledger.used(client, now), 0)
        spent = ", but TikTok says that the quota is spent" if ledger.is_spent(client, now) else ""
    a_day = settings.collect.requests_per_day
    yield f"{left} of {a_day} are left of {now:%Y-%m-%d} (UTC, by this machine's clock){spent}"
