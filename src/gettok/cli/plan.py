"""Show what collecting and the models would ask and cost, before anything is spent."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from threading import Event
from typing import Annotated

import typer

from gettok.cli.plan_models import lines, to_json
from gettok.cli.plan_on_paper import sum_lines
from gettok.collect import Collector, People
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
from gettok.pipeline.collecting.searching import collector, own_time, videos_on_pages
from gettok.pipeline.paths import current_settings, store_root
from gettok.pipeline.pricing import price
from gettok.pipeline.pricing.on_paper import on_paper
from gettok.pipeline.progress import Progress
from gettok.pipeline.refillable import refill_hint
from gettok.pipeline.runner import Signals, only_one
from gettok.research_api import FIELDS, PAGE_ROWS, RequestFailing, SearchExpired, as_not_now
from gettok.settings import Settings
from gettok.store import Store

_MAX_LISTED = 12


_NOTHING_MATCHES = (
    "nothing matches the terms, the regions and the days together. To see which of them is at fault, change one for a "
    "try, as in `gettok compose study.query.all.regions=[]`, and run `gettok plan --probe`, which costs one request a "
    "window"
)


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
            yield from _by_windows(settings, search, own_time)


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
    estimates = [estimate(search, window, now) for window in search.plan(now)]
    requests = [sum(each.requests for each in estimates)]
    rows = _rows(estimates)
    if rows is not None:
        requests += _people(settings, search, estimates, rows)
        if not any(requests):
            yield from _nothing_to_collect(search, estimates, rows)
            return
    yield f"asks {settings.source.api}/research/video/query/?fields={FIELDS}"
    body = {"query": dict(search.query), "start_date": "…", "end_date": "…", "max_count": PAGE_ROWS}
    yield json.dumps(body, ensure_ascii=False, indent=2)
    yield from _windows(estimates)
    if rows is None:
        yield from _not_counted(settings)
    else:
        yield f"expected: about {counted(rows, 'row')}"
        if not rows:
            yield _NOTHING_MATCHES
    yield _cost(settings, requests, "if no request fails")
    if rows is None:
        yield (
            "`gettok plan --probe` asks for the first page of each window to estimate the number of rows; "
            "these pages are kept, and not paid for again"
        )


def _nothing_to_collect(search: Collector, estimates: list[WindowEstimate], rows: int) -> Iterator[str]:
    """Days that are to come have no window."""
    read = f"({counted(len(estimates), 'window')}, {counted(rows, 'row')})"
    to_come = set(search.study.days).difference(*(each.window.days for each in estimates))
    if to_come:
        days = f"{counted(len(to_come), 'day')} to come, from {min(to_come)}"
        yield f"nothing to collect now: all is read {read} but {days}"
    else:
        yield f"nothing to collect: all is read {read}"
    if not rows and estimates:
        yield _NOTHING_MATCHES


def _rows(estimates: list[WindowEstimate]) -> int | None:
    """The rows to expect of all windows; None if nothing shows how many some of them have."""
    rows = [each.rows for each in estimates if each.rows is not None]
    return sum(rows) if len(rows) == len(estimates) else None


def _windows(estimates: list[WindowEstimate]) -> Iterator[str]:
    """How many windows there are, and the first of those that are asked for."""
    to_ask = [each for each in estimates if each.requests]
    yield f"windows: {len(estimates)}, of which {len(estimates) - len(to_ask)} need no requests now"
    yield from map(_line, to_ask[:_MAX_LISTED])
    if len(to_ask) > _MAX_LISTED:
        yield f"  … and {len(to_ask) - _MAX_LISTED} more to ask for"


def _people(
    settings: Settings, search: Collector, estimates: list[WindowEstimate], rows: int
) -> Iterator[int]:
    """Requests for comments, and for authors, if the settings want either; 0 for the one they do not want."""
    wanted, people = settings.collect, People(search.store, search.api, search.source)
    if wanted.comments or wanted.users:
        seen = videos_on_pages(settings, search, [each.window for each in estimates])
        yield comments_needed(people, seen, rows, wanted.comments.per_video) if wanted.comments else 0
        yield users_needed(people, seen, rows) if wanted.users else 0


def _not_counted(settings: Settings) -> Iterator[str]:
    """What cannot be counted yet."""
    comments, users = settings.collect.comments, settings.collect.users
    if comments:
        yield f"comments are not counted yet: at least one request a video, {comments.requests_per_day} a day"
    if users:
        yield f"users are not counted yet: one request an author, {users.requests_per_day} a day"


def _line(each: WindowEstimate) -> str:
    about = "" if each.rows is None else f", about {counted(each.rows, 'row')}"
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


def _print_sum(settings: Settings, videos: int, within: int | None) -> None:
    with Store(store_root(), to_read=True) as store:
        priced = price(settings, store)
    stages = None if priced is None else priced.stages
    for line in sum_lines(on_paper(settings, videos, stages), settings, within):
        typer.echo(line)


def command(
    *,
    probe: Annotated[
        bool,
        typer.Option(
            "--probe",
            help="Ask the API for the first page of each window of days, one request of the quota each, to estimate "
            "how many videos there are. The pages are kept.",
        ),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print only the price of the models, as JSON; in US dollars.")
    ] = False,
    videos: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Count on paper what so many videos would take: quota, downloads, GPU hours, dollars, disk and nodes.",
        ),
    ] = None,
    within: Annotated[
        int | None,
        typer.Option(
            min=1, help="With --videos: the days in which the nodes are to finish; else those of the quota."
        ),
    ] = None,
) -> None:
    if (videos is not None and (probe or as_json)) or (videos is None and within is not None):
        raise typer.BadParameter(
            "--videos counts on paper: it goes with --within alone, and --within with it alone"
        )
    signals, settings = Signals(), current_settings()
    if videos is not None:
        _print_sum(settings, videos, within)
        return
    with Store(store_root(), to_read=not probe) as store:
        collecting = plan(settings, store, ask=probe, stop=signals.stop)
        for line in collecting:
            typer.echo(line, err=as_json)
        priced = price(settings, store)
        if as_json:
            typer.echo(json.dumps(priced and to_json(priced), indent=2))
        elif priced is None:
            typer.echo(f"no price is set for {settings.llm.model} (llm.prices), so nothing will be asked")
        else:
            for line in lines(priced):
                typer.echo(line)
        if hint := refill_hint(store):
            typer.echo(hint, err=True)
