"""Comments from pages: those on videos of the study, each as last observed.

Source of the fields: TikTok Research API documentation, "Query Video Comments".
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from gettok.http.json_guards import to_mapping
from gettok.step import Json
from gettok.tables import COMMENTS
from gettok.tabulate import values
from gettok.tabulate.gone import NONE_GONE, Gone
from gettok.tabulate.latest import Latest
from gettok.tabulate.object_type import ObjectType, RowValues
from gettok.tabulate.pages import KeyedPage, PageObject, UnreadablePage, body_of, comments_of, error_message
from gettok.tabulate.rejects import Rejects
from gettok.tabulate.row_buffer import RowBuffer
from gettok.tabulate.tally import Tally

COMMENT = ObjectType(
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
        if (newest := self._latest.newest()) is not None:
            for day, rows in self._latest.days(newest):
                yield day, rows.select(COMMENTS.schema.names()).sort(COMMENTS.sort)


def without_gone_videos(pages: Iterable[KeyedPage], gone: Gone) -> Iterator[KeyedPage]:
    """The pages, without those on videos that are gone."""
    return (keyed for keyed in pages if _requested_video(keyed) not in gone)


def gather(
    pages: Iterable[KeyedPage],
    videos: pl.DataFrame,
    folder: Path,
    rejects: Rejects,
    gone: Gone = NONE_GONE,
) -> Comments:
    """Read all pages once. `videos` are the study's, with `video_id` and `day`; comments on others are rejected.

    Comments that are `gone` are in no table.
    """
    latest = Latest(folder, "comment_id")
    days = dict(videos.select("video_id", "day").iter_rows())

    def add(rows: pl.DataFrame) -> None:
        day = pl.Series("day", [days[video_id] for video_id in rows["video_id"]], pl.Date)
        rows = rows.with_columns(is_reply=pl.col("parent_comment_id") != pl.col("video_id"), day=day)
        latest.add(gone.without_parents(rows))

    buffer = RowBuffer(COMMENT, COMMENTS, ("observed_at",), rejects, add)
    for keyed in pages:
        if keyed.page.status == 200:
            for received, row_values in buffer.read(
                keyed, lambda keyed: gone.without(comments_of(keyed.page), _id_of)
            ):
                _add(buffer, keyed, received, row_values, days)
        else:
            rejects.add_page(keyed, *_refused(keyed))
    buffer.flush()
    return Comments(buffer.tally, latest)


def _add(
    buffer: RowBuffer,
    keyed: KeyedPage,
    received: PageObject,
    row_values: RowValues,
    days: Mapping[str, object],
) -> None:
    comment_id, video_id = row_values.row[:2]
    if video_id is None:
        video_id = row_values.row[1] = _requested_video(keyed)
    if comment_id is None:
        buffer.rejects.add_row(keyed, received, "no_id", "it has no id of the documented type")
    elif video_id not in days:
        buffer.rejects.add_row(keyed, received, "outside_study", f"its video {video_id} is not in the study")
    else:
        buffer.add(keyed, received, row_values, (received.observed_us,))


def _requested_video(keyed: KeyedPage) -> str | None:
    return values.identity_or_none(to_mapping(keyed.page.request.get("body")).get("video_id"))


def _id_of(content: Json) -> str | None:
    return values.identity_or_none(to_mapping(content).get("id"))


def _refused(keyed: KeyedPage) -> tuple[str, str]:
    try:
        message = error_message(body_of(keyed.page))
    except UnreadablePage as error:
        return "no_page", str(error)
    return "refused", values.mended(message) or f"HTTP status {keyed.page.status}"
