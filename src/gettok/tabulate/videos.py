"""Videos from pages: one row each, and the counts of every observation.

Source of the fields: TikTok Research API documentation, "Query Videos"; `video_id` and `favourites_count` are spellings
that its examples use.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import polars as pl

from gettok.collect.tombstones import sha256
from gettok.collect.windows import Window
from gettok.http.json_guards import to_mapping
from gettok.research_api import sent_video_id
from gettok.step import Blob, Json
from gettok.tables import COUNTS, REJECTS, VIDEOS
from gettok.tabulate import values
from gettok.tabulate.gone import NONE_GONE, Gone
from gettok.tabulate.latest import Latest, write_part
from gettok.tabulate.object_type import ObjectType, RowValues
from gettok.tabulate.pages import KeyedPage, PageFile, PageObject, endpoint_of, read_pages, videos_of
from gettok.tabulate.rejects import Rejects
from gettok.tabulate.row_buffer import RowBuffer
from gettok.tabulate.tally import Tally
from gettok.tabulate.values import folded
from gettok.tabulate.video_tags import DOCUMENTED, TagLabels, tag_labels

VIDEO = ObjectType(
    "videos",
    {
        "id": ("video_id", values.identity),
        "create_time": ("created_at", values.time),
        "username": ("username", values.text),
        "region_code": ("region_code_sent", values.text),
        "video_description": ("description", values.text),
        "hashtag_names": ("hashtags", values.texts),
        "voice_to_text": ("voice_to_text", values.text),
        "view_count": ("view_count", values.number),
        "like_count": ("like_count", values.number),
        "comment_count": ("comment_count", values.number),
        "share_count": ("share_count", values.number),
        "favorites_count": ("favorites_count", values.number),
        "video_duration": ("duration_s", values.number),
        "music_id": ("music_id", values.identity),
        "playlist_id": ("playlist_id", values.identity),
        "effect_ids": ("effect_ids", values.texts),
        "video_mention_list": ("mentions", values.texts),
        "is_stem_verified": ("is_stem_verified", values.flag),
        "hashtag_info_list": ("hashtag_info", values.verbatim),
        "sticker_info_list": ("sticker_info", values.verbatim),
        "effect_info_list": ("effect_info", values.verbatim),
        "video_label": ("video_label", values.verbatim),
        "video_tag": ("video_tag", values.verbatim),
        "title": ("title", values.text),
        "page_ai_label": ("page_ai_label", values.flag),
        "page_ai_label_type": ("page_ai_label_type", values.number),
    },
    {"video_id": "id", "favourites_count": "favorites_count"},
    frozenset({"title", "page_ai_label", "page_ai_label_type"}),
)
_EXTRA = ("hashtags_folded", "ai_label", "paid_label", "endpoint", "retyped", "mended", "observed_at")
_NO_LABELS = TagLabels(None, None)
_ID, _CREATED_AT, _HASHTAGS = map(VIDEO.columns.index, ("video_id", "created_at", "hashtags"))
_COUNTS = [column.name for column in COUNTS.columns if column.name.endswith("_count")]


@dataclass(frozen=True)
class Videos:
    """The result of reading all pages: how many videos were `seen`, who is gone, and the index of those `in_study`."""

    seen: int
    #: The digests of the videos that were met and left out.
    left_out: frozenset[str]
    in_study: pl.DataFrame
    tally: Tally
    _latest: Latest

    def by_day(self) -> Iterator["DayOfVideos"]:
        """The study's videos by day of publication, in order, before they are read."""
        for day, wanted in self._latest.by_day(self.in_study):
            yield DayOfVideos(day, wanted, self._latest)

    def days(self) -> Iterator[tuple[object, pl.DataFrame]]:
        """The latest observation of each video of the study, by day of publication."""
        return ((of_day.day, of_day.rows()) for of_day in self.by_day())

    def counts(self) -> Iterator[tuple[object, pl.DataFrame]]:
        """Every distinct observation of the counts of the study's videos, by day of publication."""
        index = self._latest.index()
        if index is None:
            return
        names = COUNTS.schema.names()
        dated = index.select(names).join(self.in_study.select("video_id", "day"), on="video_id", how="inner")
        in_order = dated.unique().sort("day", *names, nulls_last=True)
        for (day,), rows in in_order.partition_by("day", maintain_order=True, as_dict=True).items():
            yield day, rows.select(names)


@dataclass(frozen=True)
class DayOfVideos:
    """The study's videos of one day, which are read when they are needed."""

    day: object
    _wanted: pl.DataFrame
    _latest: Latest

    @property
    def count(self) -> int:
        return self._wanted.height

    def made_of(self) -> Json:
        """What the rows depend on; of two days that are made of the same, the rows are the same."""
        return self._latest.made_of(self._wanted)

    def rows(self) -> pl.DataFrame:
        """The latest observation of each video."""
        rows = self._latest.rows(self.day, self._wanted)
        return rows.select(VIDEOS.schema.names()).sort("video_id")


@dataclass(frozen=True)
class VideoRows:
    """What was read from some pages: rows, what was rejected, the fields that were received, and who is gone.

    The rows are in memory, or in a file by `latest.write_part`.
    """

    rows: pl.DataFrame | Blob
    rejects: Rejects
    tally: Tally
    #: The digests of the ids that were met and are gone.
    gone: frozenset[str]

    @property
    def note(self) -> Json:
        """All but the rows, as JSON."""
        return [self.rejects.frame().rows(), self.tally.stored(), sorted(self.gone)]

    @staticmethod
    def of_stored(rows: Blob, note: Json) -> "VideoRows":
        """From a file of the rows and a note of the rest."""
        rejected, tally, gone = note
        rejects = Rejects.of(pl.DataFrame(rejected, schema=REJECTS.schema, orient="row"))
        return VideoRows(rows, rejects, Tally.of_stored(VIDEO, tally), frozenset(gone))


def read(pages: Iterable[KeyedPage], gone: Gone = NONE_GONE) -> VideoRows:
    """Read the videos on some pages, which must fit into memory. Videos that are `gone` are only noted."""
    frames: list[pl.DataFrame] = []
    here = Gone(gone.digests, gone.erased)
    buffer = RowBuffer(VIDEO, VIDEOS, _EXTRA, Rejects(), frames.append)
    for keyed in pages:
        found = buffer.objects(keyed, lambda keyed: here.without(videos_of(keyed.page), video_id_of))
        _add_page(buffer, keyed, found)
    buffer.flush()
    rows = pl.concat([_NO_ROWS, *frames])
    return VideoRows(_derived(rows), buffer.rejects, buffer.tally, frozenset(here.met))


def read_file(gone: Gone, file: PageFile) -> tuple[bytes, Json]:
    """The videos in a table of pages, for another process to take: a file of the rows, and the note of the rest."""
    found = read(read_pages(file.path), gone)
    assert isinstance(found.rows, pl.DataFrame), "they were just read"
    written = BytesIO()
    write_part(found.rows, written)
    return written.getvalue(), found.note


def gather(
    parts: Iterable[VideoRows],
    study: Window,
    folder: Path,
    rejects: Rejects,
    *,
    refreshed: Iterable[KeyedPage] = (),
) -> Videos:
    """Put together what was read; rows that do not fit into memory are in `folder` until the tables are made.

    Of the pages of refreshes, which studies share, only videos that are in `parts` are read. A video that is erased on
    one page, by its author's name, is left out on all, also where its author had another name.
    """
    latest = Latest(folder, "video_id", _COUNTS)
    buffer = RowBuffer(VIDEO, VIDEOS, _EXTRA, rejects, lambda rows: latest.add(_derived(rows)))
    left_out: set[str] = set()
    for part in parts:
        if isinstance(part.rows, pl.DataFrame):
            latest.add(part.rows)
        elif part.rows.path is not None:
            latest.add_file(part.rows.path, part.rows.digest)
        rejects.extend(part.rejects)
        buffer.tally.extend(part.tally)
        left_out |= part.gone
    left_out |= _add_refreshed(buffer, refreshed, latest)
    return _within(study, latest, buffer.tally, frozenset(left_out))


def _add_refreshed(buffer: RowBuffer, pages: Iterable[KeyedPage], latest: Latest) -> set[str]:
    """Add the study's own videos; returns the digests of those that are erased on these pages."""
    index = latest.index()
    own = frozenset() if index is None else frozenset(index["video_id"])
    erased = Gone()
    for keyed in pages:
        found = buffer.objects(
            keyed, lambda keyed: _own_videos(erased.without(videos_of(keyed.page), video_id_of), own)
        )
        _add_page(buffer, keyed, found)
    buffer.flush()
    return {sha256(name) for name in own} & erased.met if erased.met else set()


def _own_videos(videos: Iterator[PageObject], own: frozenset[str]) -> Iterator[PageObject]:
    return (video for video in videos if video_id_of(video.content) in own)


def video_id_of(content: Json) -> str | None:
    """The id of a video as a page has it; None for anything else."""
    return values.identity_or_none(sent_video_id(to_mapping(content)))


def _add_page(buffer: RowBuffer, keyed: KeyedPage, objects: Sequence[PageObject]) -> None:
    """Add the videos of a page: all at once if none of them is odd."""
    columns = buffer.read_all(objects)
    if columns is None or None in columns[_ID] or None in columns[_CREATED_AT]:
        for received, row_values in buffer.read_each(keyed, objects):
            _add(buffer, keyed, received, row_values)
        return
    endpoint = endpoint_of(keyed.page)
    labels = [_labels(received, endpoint) for received in objects]
    as_received = [None] * len(objects)
    extra = (
        [_folded(tags) for tags in columns[_HASHTAGS]],
        [label.ai for label in labels],
        [label.paid for label in labels],
        [endpoint] * len(objects),
        as_received,
        as_received,
        [received.observed_us for received in objects],
    )
    buffer.add_all(objects, columns, extra)


def _labels(received: PageObject, endpoint: str) -> TagLabels:
    tag = received.content.get("video_tag")
    return tag_labels(tag) if tag and endpoint == DOCUMENTED else _NO_LABELS


def _folded(tags: Sequence[str] | None) -> list[str] | None:
    return None if tags is None else [folded(tag) for tag in tags]


def _add(buffer: RowBuffer, keyed: KeyedPage, received: PageObject, row_values: RowValues) -> None:
    video_id, created_at = row_values.row[_ID], row_values.row[_CREATED_AT]
    if video_id is None:
        buffer.rejects.add_row(keyed, received, "no_id", _lacking("id", row_values))
    elif created_at is None:
        buffer.rejects.add_row(keyed, received, "no_time", _lacking("create_time", row_values))
    else:
        folded_tags = _folded(row_values.row[_HASHTAGS])
        endpoint = endpoint_of(keyed.page)
        odd = row_values.retyped or None, row_values.mended or None
        extra = (folded_tags, *_labels(received, endpoint), endpoint, *odd, received.observed_us)
        buffer.add(keyed, received, row_values, extra)


def _lacking(name: str, row_values: RowValues) -> str:
    return f"its {name} is of another type" if name in row_values.retyped else f"it has no {name}"


def _derived(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(
        pl.col("region_code_sent").str.to_uppercase().alias("region_code"),
        pl.col("created_at").dt.date().alias("day"),
    )


def _within(study: Window, latest: Latest, tally: Tally, left_out: frozenset[str]) -> Videos:
    newest, index = latest.newest(), latest.index()
    if newest is None or index is None:
        return Videos(0, left_out, _NO_VIDEOS, tally, latest)
    if left_out:
        erased = [name for name in newest["video_id"] if sha256(name) in left_out]
        newest = newest.filter(~pl.col("video_id").is_in(erased))
    seen = index.group_by("video_id").agg(
        pl.col("observed_at").min().alias("first_observed_at"), pl.len().cast(pl.Int64).alias("observations")
    )
    in_study = newest.filter(pl.col("day").is_between(study.start, study.end)).join(seen, on="video_id")
    return Videos(newest.height, left_out, in_study.select(_NO_VIDEOS.columns), tally, latest)


_NO_VIDEOS = pl.DataFrame(
    schema={
        "n": pl.UInt32,
        "part": pl.UInt32,
        "day": pl.Date,
        "video_id": pl.String,
        "first_observed_at": VIDEOS.schema["observed_at"],
        "observations": pl.Int64,
    }
)
_NO_ROWS = pl.DataFrame(schema={name: VIDEOS.schema[name] for name in (*VIDEO.columns, *_EXTRA)})
