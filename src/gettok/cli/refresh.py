"""Confirm the videos, comments and users that are due, and list those that both searches of a round miss."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import partial
from threading import Event
from typing import Annotated, NamedTuple

import polars as pl
import typer

from gettok.collect import Canary
from gettok.collect.refresh import Method, Outcome, Refresher, Round, cheaper_method
from gettok.collect.tombstones import SUBJECTS, RefreshLists, Subject, sha256
from gettok.errors import BadInput, counted
from gettok.pipeline.collecting.researching import open_api, retry_until_quota
from gettok.pipeline.outputs import output
from gettok.pipeline.paths import DATA, REFRESH_LISTS, current_settings, store_root
from gettok.pipeline.progress import Progress
from gettok.pipeline.runner import Signals, only_one
from gettok.research_api import ResearchApi
from gettok.settings import Settings
from gettok.store import Store
from gettok.tables import COMMENTS, USERS, VIDEOS


class _Dataset(NamedTuple):
    """What the dataset has of one subject, and its lists; a row has an id, its day, and when it was last observed."""

    rows: list[tuple[str, date, datetime]]
    lists: RefreshLists

    @property
    def subject(self) -> Subject:
        return self.lists.subject

    @property
    def ids(self) -> frozenset[str]:
        return frozenset(name for name, *_ in self.rows)


def refresh(
    settings: Settings, store: Store, method: Method | None, stop: Event, *, accept_losses: bool = False
) -> Iterator[str]:
    """Run one round for each subject that the study collects, and report the results line by line.

    A round that was interrupted is continued. Rounds that are in the store and not on the lists are listed first: a
    kill may have come between the two.
    """
    datasets = _datasets(settings)
    source = settings.source
    with only_one(store.root, "collect"), open_api(source, settings.collect, store.root, stop) as api:
        for dataset in datasets:
            refresher = _refresher(settings, store, api, dataset.subject)
            yield from _list(_unlisted(refresher, dataset), dataset.lists, source.name)
            retry_until_quota(api.now, api, settings.collect.on_quota)
            yield from _run_round(refresher, dataset, settings, method, accept_losses=accept_losses)


def _refresher(settings: Settings, store: Store, api: ResearchApi, subject: Subject) -> Refresher:
    collect = settings.collect
    limit = collect.users.requests_per_day if collect.users else collect.requests_per_day
    canary = Canary(api, collect.canary) if collect.canary else None
    return Refresher(store, api, settings.source.name, subject, limit, canary)


def _run_round(
    refresher: Refresher, dataset: _Dataset, settings: Settings, method: Method | None, *, accept_losses: bool
) -> Iterator[str]:
    every = counted(len(dataset.rows), dataset.subject)
    round_ = refresher.unfinished(method if dataset.subject == "video" else None, about=dataset.ids)
    if round_ is not None:
        yield f"continues the round of {round_.name}"
    else:
        after = timedelta(days=settings.terms.refresh_days)
        due = refresher.due(dataset.rows, after, dataset.lists.gone())
        if not due:
            yield f"none of {every} is due: each was confirmed within {counted(after.days, 'day')}"
            return
        round_ = refresher.begin(due, _method(refresher, due, method))
    yield f"asks for {len(round_.days)} of {every} by {round_.method}"
    ask = partial(_ask, refresher, round_, accept_losses=accept_losses)
    retry_until_quota(ask, refresher.api, settings.collect.on_quota)
    outcome = refresher.outcome(round_)
    dataset.lists.add(outcome.line(refresher.source), map(sha256, outcome.missing))
    yield f"{len(outcome.confirmed)} are confirmed; both searches missed {len(outcome.missing)}"
    if outcome.unanswered:
        yield f"the Research API fails for {counted(outcome.unanswered, dataset.subject)}; the next refresh asks again"
    yield f"added to {dataset.lists.folder}/; commit it, and run `dvc repro` to bring the tables up to date"


def _method(refresher: Refresher, due: Mapping[str, date], method: Method | None) -> Method:
    """Comments can only be checked by Batch Compliance, and users only one by one."""
    if refresher.subject == "video":
        return method or cheaper_method(len(due), refresher.least_requests(due))
    return "compliance" if refresher.subject == "comment" else "ids"


def _unlisted(refresher: Refresher, dataset: _Dataset) -> Iterator[Outcome]:
    """Finished rounds about this dataset that are not listed; a store may serve several datasets."""
    listed = set(dataset.lists.rounds(refresher.source))
    for outcome in refresher.outcomes():
        if outcome.round.name not in listed and not dataset.ids.isdisjoint(outcome.round.days):
            yield outcome


def _list(outcomes: Iterable[Outcome], lists: RefreshLists, source: str) -> Iterator[str]:
    for outcome in outcomes:
        lists.add(outcome.line(source), map(sha256, outcome.missing))
        yield f"listed the round of {outcome.round.name}, which was interrupted after its end"


def _ask(refresher: Refresher, round_: Round, *, accept_losses: bool) -> None:
    with Progress("refresh", len(round_.days), 0, refresher.subject) as progress:
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


def _datasets(settings: Settings) -> list[_Dataset]:
    """What there is to refresh; raises `BadInput` for a list or table that cannot be read, before anything is asked."""
    found: dict[Subject, list[tuple[str, date, datetime]]] = {"video": _videos()}
    if settings.collect.comments:
        found["comment"] = _comments()
    if settings.collect.users:
        found["user"] = _users()
    datasets = [
        _Dataset(found[subject], RefreshLists(REFRESH_LISTS, subject))
        for subject in SUBJECTS
        if subject in found
    ]
    for dataset in datasets:
        dataset.lists.rounds(settings.source.name)
        dataset.lists.gone()
    return datasets


def _videos() -> list[tuple[str, date, datetime]]:
    if not (DATA / "videos").is_dir():
        raise BadInput(
            "there is no table of videos in data/",
            "asked for nothing",
            "run `dvc repro tabulate`, or `dvc pull` for an existing dataset",
        )
    return _rows(VIDEOS.read(output("videos"), ["video_id", "created_at", "observed_at"]), "created_at")


def _comments() -> list[tuple[str, date, datetime]]:
    return _rows(COMMENTS.read(output("comments"), ["comment_id", "observed_at"]), "observed_at")


def _users() -> list[tuple[str, date, datetime]]:
    """The users whose profile is there; of the others, the table has the name and a reason alone."""
    users = USERS.read(output("users.parquet"), ["username", "observed_at", "status"])
    return _rows(users.filter(pl.col("status") == "ok"), "observed_at")


def _rows(frame: pl.DataFrame, day: str) -> list[tuple[str, date, datetime]]:
    """The ids, which are the first column, each with a day and the time of its last observation."""
    return frame.select(frame.columns[0], pl.col(day).dt.date().alias("day"), "observed_at").rows()


def command(
    method: Annotated[
        str,
        typer.Option(
            help="For videos: ids (also refreshes the counts), compliance (a file of ids), or auto: the cheaper one."
        ),
    ] = "auto",
    *,
    accept_losses: Annotated[
        bool,
        typer.Option("--accept-losses", help="Accept a round even if more than half of it is missing."),
    ] = False,
) -> None:
    signals = Signals()
    with Store(store_root()) as store:
        named = method_named(method)
        for line in refresh(current_settings(), store, named, signals.stop, accept_losses=accept_losses):
            typer.echo(line)
