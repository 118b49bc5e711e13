"""Say what collecting and the models would ask and cost, before anything is spent."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from pathlib import Path
from threading import Event
from typing import Annotated

import typer

from gettok.cli.plan_models import price
from gettok.collect import Collector, People, Seen
from gettok.collect.estimate import (
    Estimate,
    comments_needed,
    days_of_quota,
    estimate,
    probe,
    users_needed,
)
from gettok.collect.ids import batches, read_ids
from gettok.pipeline.collecting.researching import idle_api, research_api, retry_until_quota
from gettok.pipeline.collecting.searching import collector, seen_in_study
from gettok.pipeline.paths import current_settings, store_root
from gettok.pipeline.progress import Progress
from gettok.pipeline.runner import Signals, only_one
from gettok.research_api import FIELDS, PAGE_ROWS, RequestFailing, SearchExpired, quota_exhausted
from gettok.settings import Settings
from gettok.store import Store

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
            retry_until_quota(partial(_probe, search), api, settings.collect.on_quota)
            yield from _by_windows(settings, search)
    else:
        with idle_api(settings.source, store.root) as api:
            search = collector(settings, store, api)
            yield from _by_windows(settings, search, _our_time)
        yield (
            "`gettok plan --probe` asks for the first page of each window to tell how many rows to expect; "
            "these pages are kept, and not paid for again"
        )


def _probe(search: Collector) -> None:
    estimates = [estimate(search, window) for window in search.plan()]
    windows = [one.window for one in estimates if one.requests and not one.pages]
    with Progress("plan", len(windows), 0, "window") as progress:
        for window in windows:
            try:
                probe(search, window)
            except (RequestFailing, SearchExpired) as error:
                raise quota_exhausted(error) from error
            progress.add("asked")


def _our_time() -> datetime:
    """By this machine's clock, since the server is not asked."""
    return datetime.now(UTC)


def _by_ids(settings: Settings) -> Iterator[str]:
    assert settings.source.file is not None, "the settings are checked"
    listed = read_ids(Path(settings.source.file))
    placed = batches(listed.ids)
    yield f"looks up {len(listed.ids)} videos of {settings.source.file} by id; {len(listed.refused)} lines are refused"
    yield from _on_top(settings)
    yield _cost(settings, [len(placed.batches)], "if all of them are found and none was asked for before")


def _by_windows(
    settings: Settings, search: Collector, now: Callable[[], datetime] | None = None
) -> Iterator[str]:
    study = search.study
    yield f"study {settings.study.name}: {study.start} to {study.end}, {len(study.days)} days"
    yield f"asks {settings.source.api}/research/video/query/?fields={FIELDS}"
    body = {"query": dict(search.query), "start_date": "…", "end_date": "…", "max_count": PAGE_ROWS}
    yield json.dumps(body, ensure_ascii=False, indent=2)
    estimates = [estimate(search, window, now) for window in search.plan(now)]
    yield f"windows: {len(estimates)}, of which {sum(not one.requests for one in estimates)} need nothing now"
    yield from (_line(one) for one in estimates[:_SHOWN])
    if len(estimates) > _SHOWN:
        yield f"  … and {len(estimates) - _SHOWN} more"
    requests = [sum(one.requests for one in estimates)]
    if all(one.rows is not None for one in estimates):
        rows = sum(one.rows or 0 for one in estimates)
        yield f"expected: about {rows} rows"
        requests += _people(settings, search, estimates, rows)
    else:
        yield from _on_top(settings)
    yield _cost(settings, requests, "if no request fails")


def _people(settings: Settings, search: Collector, estimates: list[Estimate], rows: int) -> Iterator[int]:
    """Requests for comments, and for authors, as far as the settings want them; 0 where they do not."""
    wanted, people = settings.collect, People(search.store, search.api, search.source)
    if wanted.comments or wanted.users:
        seen = _seen(settings, search, estimates)
        yield comments_needed(people, seen, rows, wanted.comments.per_video) if wanted.comments else 0
        yield users_needed(people, seen, rows) if wanted.users else 0


def _seen(settings: Settings, search: Collector, estimates: list[Estimate]) -> list[Seen]:
    """The study's videos on the pages that are there, each once."""
    pages = (kept.page for one in estimates for kept in search.kept(search.journal.life(one.window)))
    return list({one.video_id: one for page in pages for one in seen_in_study(page, settings)}.values())


def _on_top(settings: Settings) -> Iterator[str]:
    """What cannot be counted yet."""
    if settings.collect.comments:
        yield f"comments come on top: at least one request a video, {settings.collect.comments.requests_per_day} a day"
    if settings.collect.users:
        yield f"users come on top: one request an author, {settings.collect.users.requests_per_day} a day"


def _line(one: Estimate) -> str:
    if not one.requests:
        return f"  {one.window.start} to {one.window.end}: {one.stands}, {one.rows} rows"
    rows = "" if one.rows is None else f", about {one.rows} rows"
    again = "read too early, " if one.stands == "done" else ""
    to_ask = f"{again}{one.pages} pages kept, at least {one.requests} to ask"
    return f"  {one.window.start} to {one.window.end}: {to_ask}{rows}"


def _cost(settings: Settings, requests: list[int], provided: str) -> str:
    """The least cost of searching, and of comments and users where they are counted."""
    collect = settings.collect
    a_day = collect.requests_per_day - collect.reserve
    most = [a_day, *(part.requests_per_day if part else 0 for part in (collect.comments, collect.users))]
    days = days_of_quota(zip(requests, most, strict=False), a_day)
    named = zip(("searching", "comments", "users"), requests, strict=False)
    each = ", ".join(f"{name} {count}" for name, count in named)
    of_these = f" ({each})" if len(requests) > 1 else ""
    return (
        f"requests: at least {sum(requests)} {provided}{of_these}; that is {days} days of quota "
        f"({collect.requests_per_day} a day, {collect.reserve} of them kept for refreshing)"
    )


def command(
    *,
    probe: Annotated[
        bool,
        typer.Option(
            "--probe", help="Ask for the first page of each window, one request each; they are kept."
        ),
    ] = False,
) -> None:
    signals, settings = Signals(), current_settings()
    with Store(store_root()) as store:
        for line in chain(plan(settings, store, ask=probe, stop=signals.stop), price(settings, store)):
            typer.echo(line)
