"""Which videos of the tables under `data/` are this study's, and how many more it is expected to have.

The tables may be another study's: those of the demo in a fresh clone, or of the study that was composed before. The
events of windows say whose they are, since their answers' keys depend on the query and the source.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl

from gettok.collect import Collector
from gettok.collect.estimate import WindowEstimate, estimate
from gettok.collect.ids import read_ids
from gettok.collect.tombstones import RefreshLists, sha256
from gettok.collect.windows import Window, gaps
from gettok.collect.zeeschuimer import as_video, read
from gettok.pipeline.collecting.researching import offline_api
from gettok.pipeline.collecting.searching import collector, own_time, study_window, videos_on_pages
from gettok.pipeline.outputs import is_made, output
from gettok.pipeline.paths import REFRESH_LISTS
from gettok.pipeline.pricing.costs import StudyDays
from gettok.pipeline.recorded_settings import is_current
from gettok.settings import Settings
from gettok.store import Store
from gettok.store.keys import SCOPE_DIGITS
from gettok.tables import COVERAGE, IDS, VIDEOS, WINDOWS

#: In the year 2242; what is later is not a time.
_LATEST_SECOND = 2**33
_OTHER_SOURCE = "they were made from another source or query"
_NO_DAYS = StudyDays()
_OTHER_DAYS = "half of their videos or more are outside the study's days"


@dataclass(frozen=True)
class StudyVideos:
    """The ids of the study's videos in `data/videos`, and how many more are expected: `None` if nothing tells.

    `ignored` says why the tables in `data/` are not this study's; `None` if they are, or if there are none. `days` are
    those of a search, which are collected or not.
    """

    ids: frozenset[str]
    more: int | None
    ignored: str | None = None
    days: StudyDays = _NO_DAYS


def study_videos(settings: Settings, store: Store) -> StudyVideos:
    """What the tables, the stored pages and the list of ids tell about the study. Nothing is asked."""
    table = _table()
    in_days = frozenset(_within(table, settings))
    ignored = _why_not(table, in_days) if table else None
    if settings.source.kind == "research_api":
        return _searched(settings, store, in_days, ignored)
    if ignored is None and table and not is_current("collect", "source"):
        ignored = _OTHER_SOURCE
    if settings.source.kind == "ids":
        return _listed(settings, in_days, ignored)
    return _captured(settings, in_days, ignored)


def _table() -> dict[str, date]:
    """The videos of `data/videos`, each with its day."""
    if not is_made("videos"):
        return {}
    created = VIDEOS.read(output("videos"), ["video_id", "created_at"])
    return dict(created.with_columns(pl.col("created_at").dt.date()).rows())


def _within(table: dict[str, date], settings: Settings) -> Iterable[str]:
    study = study_window(settings)
    return (video_id for video_id, day in table.items() if study.start <= day <= study.end)


def _why_not(table: dict[str, date], in_days: frozenset[str]) -> str | None:
    """By their days alone; for tables without a word on who collected them."""
    return _OTHER_DAYS if 2 * len(in_days) <= len(table) else None


def _searched(settings: Settings, store: Store, in_days: frozenset[str], ignored: str | None) -> StudyVideos:
    with offline_api(settings.source, store.root) as api:
        search = collector(settings, store, api)
        windows = search.plan(own_time)
        estimates = [estimate(search, window, own_time) for window in windows]
        seen = {video.video_id for video in videos_on_pages(settings, search, windows)}
    if is_made("windows.parquet"):
        ignored = None if _is_by(search) else _OTHER_SOURCE
    covered = set() if ignored else _covered_days()
    rest = _still_to_find(search, estimates, covered, len(in_days))
    days = _days(search, estimates, covered)
    is_all_seen = rest == 0 and all(each.rows is not None for each in estimates)
    ids = in_days & seen if ignored or is_all_seen else in_days
    gone = RefreshLists(REFRESH_LISTS).gone()
    collected = sum(sha256(video_id) not in gone for video_id in seen - ids)
    return StudyVideos(ids, None if rest is None else rest + collected, None if ids else ignored, days)


def _is_by(search: Collector) -> bool:
    """Whether `data/windows.parquet` is about the windows of this search."""
    keys = WINDOWS.read(output("windows.parquet"), ["answer_key"])["answer_key"].drop_nulls()
    return {key[:SCOPE_DIGITS] for key in keys} == {search.journal.scope}


def _covered_days() -> set[date]:
    """The days that the tables cover."""
    if not is_made("coverage.parquet"):
        return set()
    days = COVERAGE.read(output("coverage.parquet"), ["day", "state"])
    return set(days.filter(pl.col("state") != "gap")["day"])


def _still_to_find(
    search: Collector, estimates: list[WindowEstimate], covered: set[date], videos: int
) -> int | None:
    """The videos on the days that are not searched yet, as many a day as on the others.

    `None` if the others have none. On days to come, too, at least one is to be expected.
    """
    known = [each for each in estimates if each.rows is not None]
    rate = _rate(sum(each.rows or 0 for each in known), sum(len(each.window.days) for each in known))
    rate = _rate(videos, len(covered)) if rate is None else rate
    rest = 0.0
    unseen = set(search.study.days) - covered
    for each in known:
        days = each.window.within(search.study).days
        rest += max((each.rows or 0) - each.stored_rows, 0) * len(days) / len(each.window.days)
        unseen -= {*days}
    if not unseen:
        return round(rest)
    return None if rate is None else max(round(rest + rate * len(unseen)), 1)


def _rate(videos: int, days: int) -> float | None:
    return videos / days if videos and days else None


def _days(search: Collector, estimates: list[WindowEstimate], covered: set[date]) -> StudyDays:
    """The days that are searched to the end or are in the tables, and the others."""
    done = (each.window.within(search.study) for each in estimates if each.is_read)
    collected = covered.intersection(search.study.days).union(*(window.days for window in done))
    others = gaps(search.study, [Window(day, day) for day in sorted(collected)])
    return StudyDays(len(collected), tuple((window.start, window.end) for window in others))


def _listed(settings: Settings, in_days: frozenset[str], ignored: str | None) -> StudyVideos:
    """Of a list of ids, each may be a video, unless it was looked up in vain."""
    assert settings.source.file is not None, "the settings are checked"
    listed = set(read_ids(Path(settings.source.file)).ids)
    ids = in_days & listed
    looked_up = (
        IDS.read(output("ids.parquet"), ["video_id", "state"])
        if is_made("ids.parquet") and not ignored
        else None
    )
    vain = set() if looked_up is None else set(looked_up.filter(pl.col("state") != "found")["video_id"])
    gone = RefreshLists(REFRESH_LISTS).gone()
    return StudyVideos(ids, sum(sha256(name) not in gone for name in listed - ids - vain), ignored)


def _captured(settings: Settings, in_days: frozenset[str], ignored: str | None) -> StudyVideos:
    """The videos of a file of captures, all of which are known."""
    assert settings.source.file is not None, "the settings are checked"
    videos = (as_video(item) for lines in read(Path(settings.source.file)) for item in lines.items)
    start, end = (day.isoformat() for day in (settings.study.start, settings.study.end))
    captured = {video["id"] for video in videos if start <= _day(video["create_time"]) <= end}
    gone = RefreshLists(REFRESH_LISTS).gone()
    ids = frozenset() if ignored else in_days & captured
    return StudyVideos(ids, sum(sha256(video_id) not in gone for video_id in captured - ids), ignored)


def _day(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).date().isoformat() if second < _LATEST_SECOND else ""
