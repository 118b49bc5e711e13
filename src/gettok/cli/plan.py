"""Show what collecting and the models would ask and cost, before anything is spent."""

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
from gettok.collect import Collector, People, VideoOnPage
from gettok.collect.estimate import (
    WindowEstimate,
    comments_needed,
    days_of_quota,
    estimate,
    probe,
    users_needed,
)
from gettok.collect.ids import batches, read_ids
from gettok.errors import counted
from gettok.pipeline.collecting.researching import offline_api, open_api, retry_until_quota
from gettok.pipeline.collecting.searching import collector, videos_in_study
from gettok.pipeline.paths import current_settings, store_root
from gettok.pipeline.progress import Progress
from gettok.pipeline.runner import Signals, only_one
from gettok.research_api import FIELDS, PAGE_ROWS, RequestFailing, SearchExpired, as_not_now
from gettok.settings import Settings
from gettok.store import Store

_MAX_LISTED = 12


def plan(settings: Settings, store: Store, *, ask: bool, stop: Event) -> Iterator[str]:
    """The plan, line by line; with `ask`, from the first page of each window, which is asked for and stored."""
    if settings.source.kind == "zeeschuimer":
        yield f"reads {settings.source.file}; the Research API is not asked, and no quota is spent"
    elif settings.source.kind == "ids":
        yield from _by_ids(settings)
    elif ask:
        with (
            only_one(store.root, "collect"),
            open_api(settings.source, settings.collect, store.root, stop) as api,
        ):
            search = collector(settings, store, api)
            retry_until_quota(partial(_probe, search), api, settings.collect.on_quota)
            yield from _by_windows(settings, search)
    else:
        with offline_api(settings.source, store.root) as api:
            search = collector(settings, store, api)
            yield from _by_windows(settings, search, _own_time)
        yield (
            "`gettok plan --probe` asks for the first page of each window to estimate the number of rows; "
            "these pages are kept, and not paid for again"
        )


def _probe(search: Collector) -> None:
    estimates = [estimate(search, window) for window in search.plan()]
    windows = [each.window for each in estimates if each.requests and not each.pages]
    with Progress("plan", len(windows), 0, "window") as progress:
        for window in windows:
            try:
                probe(search, window)
            except (RequestFailing, SearchExpired) as error:
                raise as_not_now(error) from error
            progress.add("asked")


def _own_time() -> datetime:
    """The time by this machine's clock, since the server is not asked."""
    return datetime.now(UTC)


def _by_ids(settings: Settings) -> Iterator[str]:
    assert settings.source.file is not None, "the settings are checked"
    listed = read_ids(Path(settings.source.file))
    placed = batches(listed.ids)
    yield (
        f"looks up {counted(len(listed.ids), 'video')} of {settings.source.file} by id; "
        f"refused lines: {len(listed.refused)}"
    )
    yield from _not_counted(settings)
    yield _cost(settings, [len(placed.batches)], "if all of them are found and none was asked for before")


def _by_windows(
    settings: Settings, search: Collector, now: Callable[[], datetime] | None = None
) -> Iterator[str]:
    study = search.study
    yield f"study {settings.study.name}: {study.start} to {study.end}, {counted(len(study.days), 'day')}"
    yield f"asks {settings.source.api}/research/video/query/?fields={FIELDS}"
    body = {"query": dict(search.query), "start_date": "…", "end_date": "…", "max_count": PAGE_ROWS}
    yield json.dumps(body, ensure_ascii=False, indent=2)
    estimates = [estimate(search, window, now) for window in search.plan(now)]
    done = sum(not each.requests for each in estimates)
    yield f"windows: {len(estimates)}, of which {done} need no requests now"
    yield from map(_line, estimates[:_MAX_LISTED])
    if len(estimates) > _MAX_LISTED:
        yield f"  … and {len(estimates) - _MAX_LISTED} more"
    requests = [sum(each.requests for each in estimates)]
    if all(each.rows is not None for each in estimates):
        rows = sum(each.rows or 0 for each in estimates)
        yield f"expected: about {counted(rows, 'row')}"
        requests += _people(settings, search, estimates, rows)
    else:
        yield from _not_counted(settings)
    yield _cost(settings, requests, "if no request fails")


def _people(
    settings: Settings, search: Collector, estimates: list[WindowEstimate], rows: int
) -> Iterator[int]:
    """Requests for comments, and for authors, if the settings want either; 0 for the one they do not want."""
    wanted, people = settings.collect, People(search.store, search.api, search.source)
    if wanted.comments or wanted.users:
        seen = _seen(settings, search, estimates)
        yield comments_needed(people, seen, rows, wanted.comments.per_video) if wanted.comments else 0
        yield users_needed(people, seen, rows) if wanted.users else 0


def _seen(settings: Settings, search: Collector, estimates: list[WindowEstimate]) -> list[VideoOnPage]:
    """The study's videos on the stored pages, each once."""
    states = [search.journal.state(each.window) for each in estimates]
    pages = (stored.page for state in states for stored in search.stored(state))
    videos = (video for page in pages for video in videos_in_study(page, settings))
    return list({video.video_id: video for video in videos}.values())


def _not_counted(settings: Settings) -> Iterator[str]:
    """What cannot be counted yet."""
    comments, users = settings.collect.comments, settings.collect.users
    if comments:
        yield f"comments are not counted yet: at least one request a video, {comments.requests_per_day} a day"
    if users:
        yield f"users are not counted yet: one request an author, {users.requests_per_day} a day"


def _line(each: WindowEstimate) -> str:
    rows = None if each.rows is None else counted(each.rows, "row")
    if not each.requests:
        return f"  {each.window.start} to {each.window.end}: {each.status}, {rows}"
    about = "" if rows is None else f", about {rows}"
    again = "read too early, " if each.status == "done" else ""
    to_ask = f"{again}{counted(each.pages, 'page')} kept, at least {each.requests} to ask"
    return f"  {each.window.start} to {each.window.end}: {to_ask}{about}"


def _cost(settings: Settings, requests: list[int], condition: str) -> str:
    """The least cost of searching, and of comments and users where they are counted."""
    collect = settings.collect
    daily = collect.requests_per_day - collect.reserve
    limits = [daily, *(part.requests_per_day if part else 0 for part in (collect.comments, collect.users))]
    days = days_of_quota(zip(requests, limits, strict=False), daily)
    named = zip(("searching", "comments", "users"), requests, strict=False)
    parts = ", ".join(f"{name} {count}" for name, count in named)
    detail = f" ({parts})" if len(requests) > 1 else ""
    return (
        f"requests: at least {sum(requests)} {condition}{detail}; that is {counted(days, 'day')} of quota "
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
