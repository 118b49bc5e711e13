"""Why a video is in no table: there are none, it was collected and rejected, or it was never seen."""

import json
import re
from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from gettok.collect.ids import day_of, impossible_time
from gettok.collect.tombstones import RefreshLists, sha256
from gettok.errors import BadInput, UserFacingError, reason_in_words
from gettok.pipeline.outputs import is_made, output
from gettok.pipeline.paths import PARAMS, REFRESH_LISTS
from gettok.research_api import Page
from gettok.research_api.page import sent_video_id
from gettok.settings import load
from gettok.step import Row
from gettok.tables import COVERAGE, IDS, PAGES, REJECTS, VIDEOS
from gettok.tabulate.pages import UnreadablePage, videos_of


def unknown_video(video_id: str, made: Collection[str]) -> BadInput:
    """The error for a video in none of the tables that were `made`, by their names."""
    if why := why_rejected(video_id):
        return BadInput(
            f"the video {video_id} was collected and rejected, or is gone: {why}",
            "looked for it in the tables, the rejects, the list of ids and the collected pages",
            "if it belongs in the study, change what left it out (the study's days, the list of ids), and run"
            " `dvc repro`; data/rejects.parquet has the rejected rows",
        )
    if impossible := impossible_time(video_id, datetime.now(UTC)):
        return BadInput(
            f"{video_id} is no id of a video: {impossible}",
            "looked for it in the tables, and found nothing",
            "copy the id again from the video's address; an id has 19 digits, and a spreadsheet may have rounded it",
        )
    if not made and not is_made("pages"):
        return BadInput(
            "this workspace has no dataset yet: data/ has no table and no page",
            "looked for the video nowhere",
            "run `dvc repro` to make the dataset, or `dvc pull` if a remote has it",
        )
    if VIDEOS.name not in made:
        return BadInput(
            f"the table of videos is not made yet, and no other table has the video {video_id}",
            "looked for it in the tables that there are",
            "run `dvc repro tabulate`",
        )
    where, can = _where_it_would_be(video_id)
    return BadInput(
        f"the video {video_id} was never seen: no table and no collected page has it{where}",
        "looked for it in the tables, the rejects, the list of ids and the collected pages",
        can,
    )


def _where_it_would_be(video_id: str) -> tuple[str, str]:
    """How the day of an id lies to the days of the study, and what a person can do; params.yaml may be unreadable."""
    day = day_of(video_id)
    check = f"check the id, which was made on {day}"
    try:
        settings = load(PARAMS)
    except UserFacingError:
        return "", f"{check}; `gettok plan` shows what the study asks for"
    study, source = settings.study, settings.source
    if not study.start <= day <= study.end:
        side = "before" if day < study.start else "after"
        outside = f"; its id was made on {day}, {side} the study's days ({study.start} to {study.end})"
        return (
            outside,
            "check the id; or change study.start or study.end, and run `gettok compose` and `dvc repro`",
        )
    if source.kind != "research_api":
        return "", f"{check}; or add the video to {source.file}, and run `dvc repro`"
    if not _is_collected(day):
        return (
            f"; its day, {day}, is not collected yet",
            "run `dvc repro`, which collects the days that are new",
        )
    return "", f"{check}, one of the study's days; `gettok plan` shows what the study asks for"


def _is_collected(day: date) -> bool:
    """Whether the tables cover this day, as far as they say which they cover."""
    if not is_made("coverage.parquet"):
        return True
    return COVERAGE.read(output("coverage.parquet"), ["day"]).filter(day=day).height > 0


def why_rejected(video_id: str) -> str | None:
    """Why a video that a source sent is in no table, in words; None if none sent it."""
    lists, digest = RefreshLists(REFRESH_LISTS), sha256(video_id)
    if digest in lists.gone():
        return reason_in_words("erased" if digest in lists.erased() else "gone")
    if _is_marked_on_pages(digest):
        return reason_in_words("erased")
    for row in _rejects(video_id):
        return reason_in_words(row["reason"], row["detail"])
    for line in _lines(video_id):
        return reason_in_words(line["state"], line["detail"])
    if is_made("videos") and any(_videos_on_pages(video_id)):
        return reason_in_words("outside_study")
    return None


def _rejects(video_id: str) -> Iterator[Row]:
    """Rejected rows of the video itself, not of comments on it or of fields."""
    if is_made("rejects.parquet"):
        where = _has(video_id, "row") & (pl.col("reason") != "retyped")
        for row in REJECTS.find(output("rejects.parquet"), where, ("reason", "detail", "row")):
            if _is_video(json.loads(row["row"]), video_id):
                yield row


def _lines(video_id: str) -> list[Row]:
    """The video's lines of the list of ids, unless it was found."""
    if not is_made("ids.parquet"):
        return []
    where = (pl.col("video_id") == video_id) & (pl.col("state") != "found")
    return IDS.find(output("ids.parquet"), where, ("state", "detail"))


def _is_marked_on_pages(digest: str) -> bool:
    """Whether collected pages have the mark of a video with this digest: if no list has it, its author is erased."""
    return any(_pages_with(pl.col("answer").str.contains(digest, literal=True)))


def _videos_on_pages(video_id: str) -> Iterator[bool]:
    """For each video on the collected pages that mention the id, whether it is the one with this id."""
    for row in _pages_with(_has(video_id, "answer")):
        try:
            for received in videos_of(Page.from_json(json.loads(row["answer"]))):
                yield _is_video(received.content, video_id)
        except UnreadablePage:
            continue


def _pages_with(where: pl.Expr) -> Iterator[Row]:
    """The collected pages of videos that meet a condition."""
    if is_made("pages"):
        pages = output("pages")
        # DVC does not keep an empty folder
        for folder in filter(Path.is_dir, (pages / "videos", pages / "refreshed")):
            yield from PAGES.find(folder, where, ("answer",))


def _has(video_id: str, column: str) -> pl.Expr:
    return pl.col(column).str.contains(rf"(?:^|\D){re.escape(video_id)}(?:\D|$)")


def _is_video(content: Any, video_id: str) -> bool:
    return isinstance(content, dict) and str(sent_video_id(content)) == video_id
