"""Comments out of pages: those on videos of the study, each as last observed.

Source of the fields: TikTok Research API documentation, "Query Video Comments".
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from gettok.step import Json
from gettok.tables import COMMENTS
from gettok.tabulate import values
from gettok.tabulate.gathering import Gathering
from gettok.tabulate.latest import Latest
from gettok.tabulate.pages import Found, NoPage, Stored, body, comments_of, said
from gettok.tabulate.reading import Kind, Values
from gettok.tabulate.rejects import Rejects
from gettok.tabulate.tally import Tally

COMMENT = Kind(
    "comments",
    {
        "id": ("comment_id", values.identity),
        "video_id": ("video_id", values.identity),
        "parent_comment_id": ("parent_comment_id", values.identity),
        "create_time": ("created_at", values.time),
        "text": ("text", values.text),
        "like_count": ("like_count", values.number),
        "reply_count": ("reply_count", values.number),
    },
)


@dataclass(frozen=True)
class Comments:
    """The comments by the day on which their videos were published."""

    tally: Tally
    _latest: Latest

    def days(self) -> Iterator[tuple[object, pl.DataFrame]]:
        """The latest observation of each comment on a day's videos."""
        if (winners := self._latest.winners()) is not None:
            for day, rows in self._latest.days(winners):
                yield day, rows.select(COMMENTS.schema.names()).sort(COMMENTS.sort)


def gather(pages: Iterable[Stored], videos: pl.DataFrame, folder: Path, aside: Rejects) -> Comments:
    """Read all pages once. `videos` are the study's, with `video_id` and `day`; other videos' comments go aside."""
    latest = Latest(folder, "comment_id")
    days = dict(videos.select("video_id", "day").iter_rows())

    def take(rows: pl.DataFrame) -> None:
        day = pl.Series("day", [days[video_id] for video_id in rows["video_id"]], pl.Date)
        latest.add(rows.with_columns(is_reply=pl.col("parent_comment_id") != pl.col("video_id"), day=day))

    gathering = Gathering(COMMENT, COMMENTS, ("observed_at",), aside, take)
    for stored in pages:
        if stored.page.status == 200:
            for found, read in gathering.objects(stored, lambda stored: comments_of(stored.page)):
                _keep(gathering, stored, found, read, days)
        else:
            aside.page(stored, *_refused(stored))
    gathering.finish()
    return Comments(gathering.tally, latest)


def _keep(
    gathering: Gathering, stored: Stored, found: Found, read: Values, days: Mapping[str, object]
) -> None:
    comment_id, video_id = read.row[:2]
    if video_id is None:
        video_id = read.row[1] = _asked_about(stored)
    if comment_id is None:
        gathering.aside.row(stored, found, "no_id", "it has no id of the documented type")
    elif video_id not in days:
        gathering.aside.row(stored, found, "outside_study", f"its video {video_id} is not in the study")
    else:
        gathering.keep(stored, found, read, (found.observed_us,))


def _asked_about(stored: Stored) -> str | None:
    asked: Json = stored.page.request.get("body")
    try:
        return values.identity(asked.get("video_id")) if isinstance(asked, dict) else None
    except values.Wrong:
        return None


def _refused(stored: Stored) -> tuple[str, str]:
    try:
        message = said(body(stored.page))
    except NoPage as error:
        return "no_page", str(error)
    return "refused", values.mended(message) or f"HTTP status {stored.page.status}"
