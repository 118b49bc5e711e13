"""Confirm the videos that are due, and list those that both searches of a round miss."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Event
from typing import Annotated

import polars as pl
import typer

from gettok.collect.refresh import (
    DatasetVideo,
    Method,
    Outcome,
    Refresher,
    Round,
    cheaper_method,
    sha256,
)
from gettok.collect.tombstones import RefreshLists
from gettok.errors import BadInput, counted
from gettok.pipeline.collecting.researching import open_api, retry_until_quota
from gettok.pipeline.paths import DATA, INPUTS, current_settings, store_root
from gettok.pipeline.progress import Progress
from gettok.pipeline.runner import Signals, only_one
from gettok.settings import Settings
from gettok.store import Store
from gettok.tables import VIDEOS


def refresh(
    settings: Settings, store: Store, method: Method | None, stop: Event, *, accept_losses: bool = False
) -> Iterator[str]:
    """Run one round, or continue the one that was interrupted, and report the result line by line.

    Rounds that are in the store and not on the lists are listed first: a kill may have come between the two.
    """
    videos, lists = _videos(DATA), RefreshLists(INPUTS)
    source = settings.source
    listed, _ = set(lists.rounds(source.name)), lists.gone()
    with only_one(store.root, "collect"), open_api(source, settings.collect, store.root, stop) as api:
        refresher = Refresher(store, api, source.name)
        yield from _list(_unlisted(refresher, videos, listed), lists, source.name)
        retry_until_quota(api.now, api, settings.collect.on_quota)
        round_ = refresher.unfinished([video.video_id for video in videos], method)
        if round_ is not None:
            yield f"continues the round of {round_.name}"
        else:
            after = timedelta(days=settings.collect.refresh_after_days)
            due = refresher.due(videos, after, lists.gone())
            if not due:
                days = counted(after.days, "day")
                yield f"none of {counted(len(videos), 'video')} is due: each was confirmed within {days}"
                return
            round_ = refresher.begin(due, method or cheaper_method(len(due), refresher.least_requests(due)))
        yield f"asks for {len(round_.days)} of {counted(len(videos), 'video')} by {round_.method}"
        retry_until_quota(
            partial(_ask, refresher, round_, accept_losses=accept_losses), api, settings.collect.on_quota
        )
        outcome = refresher.outcome(round_)
    lists.add(outcome.line(source.name), map(sha256, outcome.missing))
    yield f"{len(round_.days) - len(outcome.missing)} are confirmed; both searches missed {len(outcome.missing)}"
    yield f"added to {lists.folder}/; commit it, and run `dvc repro` to add the new observations to the tables"


def _unlisted(refresher: Refresher, videos: list[DatasetVideo], listed: set[str]) -> Iterator[Outcome]:
    """Finished rounds about this dataset's videos that are not listed; a store may serve several datasets."""
    ids = {video.video_id for video in videos}
    for outcome in refresher.outcomes():
        if outcome.round.name not in listed and not ids.isdisjoint(outcome.round.days):
            yield outcome


def _list(outcomes: Iterable[Outcome], lists: RefreshLists, source: str) -> Iterator[str]:
    for outcome in outcomes:
        lists.add(outcome.line(source), map(sha256, outcome.missing))
        yield f"listed the round of {outcome.round.name}, which was interrupted after its end"


def _ask(refresher: Refresher, round_: Round, *, accept_losses: bool) -> None:
    with Progress("refresh", len(round_.days), 0) as progress:
        for confirmed in refresher.run(round_, accept_losses=accept_losses):
            progress.add("confirmed", confirmed - progress.counts["confirmed"])


def method_named(name: str) -> Method | None:
    """The method of that name; None for `auto`."""
    methods: dict[str, Method | None] = {"auto": None, "ids": "ids", "compliance": "compliance"}
    if name not in methods:
        raise BadInput(
            f"there is no method {name!r} to refresh",
            "asked for nothing",
            f"choose one of {', '.join(methods)}",
        )
    return methods[name]


def _videos(data: Path) -> list[DatasetVideo]:
    if not (data / "videos").is_dir():
        raise BadInput(
            f"there is no table of videos in {data}",
            "asked for nothing",
            "run `dvc repro tabulate`, or `dvc pull` for an existing dataset",
        )
    table = VIDEOS.read(data / "videos", ["video_id", "created_at", "observed_at"])
    rows = table.select("video_id", pl.col("created_at").dt.date(), "observed_at").rows()
    return [DatasetVideo(*row) for row in rows]


def command(
    method: Annotated[
        str,
        typer.Option(
            help="ids (also refreshes the counts), compliance (a file of ids), or auto: the one that costs less."
        ),
    ] = "auto",
    *,
    accept_losses: Annotated[
        bool,
        typer.Option(
            "--accept-losses", help="Accept a round even if more than half of its videos are missing."
        ),
    ] = False,
) -> None:
    signals = Signals()
    with Store(store_root()) as store:
        named = method_named(method)
        for line in refresh(current_settings(), store, named, signals.stop, accept_losses=accept_losses):
            typer.echo(line)
