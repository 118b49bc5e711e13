"""Confirm the videos that are due, and note those that two rounds do not find."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Event
from typing import Annotated

import polars as pl
import typer

from gettok.collect.refresh import Outcome, Refresher, Round, Seen, Way, cheaper, sha256
from gettok.collect.tombstones import Refreshes
from gettok.errors import BadInput
from gettok.pipeline.collecting.researching import research_api, retry_until_quota
from gettok.pipeline.paths import DATA, INPUTS, current_settings, store_root
from gettok.pipeline.progress import Progress
from gettok.pipeline.runner import Signals, only_one
from gettok.settings import Settings
from gettok.store import Store
from gettok.tables import VIDEOS


def refresh(
    settings: Settings, store: Store, way: Way | None, stop: Event, *, accept_losses: bool = False
) -> Iterator[str]:
    """Run one round, or go on with the one that was cut short; says line by line what it found.

    What stands in the store and not on the lists is listed first: a kill may have come between the two.
    """
    videos, lists = _videos(DATA), Refreshes(INPUTS)
    source = settings.source
    listed, _ = set(lists.rounds(source.name)), lists.gone()
    with only_one(store.root, "collect"), research_api(source, settings.collect, store.root, stop) as api:
        refresher = Refresher(store, api, source.name)
        yield from _listed(_unlisted(refresher, videos, listed), lists, source.name)
        retry_until_quota(api.now, api, settings.collect.on_quota)
        round_ = refresher.unfinished(way)
        if round_ is not None:
            yield f"goes on with the round of {round_.name}"
        else:
            after = timedelta(days=settings.collect.refresh_after_days)
            due = refresher.due(videos, after, lists.gone())
            if not due:
                yield f"none of {len(videos)} videos is due: each was confirmed within {after.days} days"
                return
            round_ = refresher.begin(due, way or cheaper(len(due), refresher.least_requests(due)))
        yield f"asks for {len(round_.days)} of {len(videos)} videos by {round_.way}"
        retry_until_quota(
            partial(_ask, refresher, round_, accept_losses=accept_losses), api, settings.collect.on_quota
        )
        outcome = refresher.outcome(round_)
    lists.add(outcome.line(source.name), map(sha256, outcome.missing))
    yield f"{len(round_.days) - len(outcome.missing)} are there; {len(outcome.missing)} were missed in two looks"
    yield f"noted in {lists.folder}/; commit it, and run `dvc repro` to take the new observations into the tables"


def _unlisted(refresher: Refresher, videos: list[Seen], listed: set[str]) -> Iterator[Outcome]:
    """Rounds about this dataset's videos that have an outcome and are on no list; a store may serve several."""
    ids = {video.video_id for video in videos}
    for outcome in refresher.outcomes():
        if outcome.round.name not in listed and not ids.isdisjoint(outcome.round.days):
            yield outcome


def _listed(outcomes: Iterable[Outcome], lists: Refreshes, source: str) -> Iterator[str]:
    for outcome in outcomes:
        lists.add(outcome.line(source), map(sha256, outcome.missing))
        yield f"noted the round of {outcome.round.name}, which was cut short after its end"


def _ask(refresher: Refresher, round_: Round, *, accept_losses: bool) -> None:
    with Progress("refresh", len(round_.days), 0) as progress:
        for there in refresher.run(round_, accept_losses=accept_losses):
            progress.add("there", there - progress.counts["there"])


def method_named(name: str) -> Way | None:
    """The way that a person named; None for `auto`."""
    ways: dict[str, Way | None] = {"auto": None, "ids": "ids", "compliance": "compliance"}
    if name not in ways:
        raise BadInput(
            f"there is no way {name!r} to refresh", "asked for nothing", f"choose one of {', '.join(ways)}"
        )
    return ways[name]


def _videos(data: Path) -> list[Seen]:
    if not (data / "videos").is_dir():
        raise BadInput(
            f"there is no table of videos in {data}",
            "asked for nothing",
            "run `dvc repro tabulate`, or `dvc pull` for a dataset that others have made",
        )
    table = VIDEOS.read(data / "videos", ["video_id", "created_at", "observed_at"])
    rows = table.select("video_id", pl.col("created_at").dt.date(), "observed_at").rows()
    return [Seen(*row) for row in rows]


def command(
    method: Annotated[
        str,
        typer.Option(
            help="ids (reads the counts anew, too), compliance (a file of ids), or auto: what costs less."
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
