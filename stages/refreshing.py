"""`gettok refresh`: confirm the videos that are due, and keep the list of those that are gone."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from threading import Event

import polars as pl

from gettok.errors import BadInput
from gettok.refresh import Refresher, Seen, Way, cheaper, sha256
from gettok.refreshes import Refreshes
from gettok.settings import Settings
from gettok.store import Store
from gettok.tables import VIDEOS
from stages.place import INPUTS
from stages.progress import Progress
from stages.researching import research_api
from stages.shell import DATA, only_one


def refresh(settings: Settings, store: Store, way: Way | None, stop: Event) -> Iterator[str]:
    """Run one round, or go on with the one that was cut short; says line by line what it found."""
    videos, lists = _videos(DATA), Refreshes(INPUTS)
    source = settings.source
    with only_one(store.root, "collect"), research_api(source, settings.collect, store.root, stop) as api:
        refresher = Refresher(store, api, source.name)
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
        with Progress("refresh", len(round_.days), 0) as progress:
            for there in refresher.run(round_):
                progress.add("there", there - progress.counts["there"])
        outcome = refresher.outcome(round_)
    lists.add(outcome.line(source.name), map(sha256, outcome.missing))
    yield f"{len(round_.days) - len(outcome.missing)} are there; {len(outcome.missing)} were missed in two looks"
    yield f"noted in {lists.folder}/; commit it, and run `dvc repro` to take the new observations into the tables"


def way_named(name: str) -> Way | None:
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
