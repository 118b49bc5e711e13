"""Videos out of pages: one row each, and every observation's counts.

Source of the fields: TikTok Research API documentation, "Query Videos"; `video_id` and `favourites_count` are spellings
that its examples use.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from gettok.collect.windows import Window
from gettok.tables import COUNTS, VIDEOS
from gettok.tabulate import values
from gettok.tabulate.gathering import Gathering
from gettok.tabulate.latest import Latest
from gettok.tabulate.pages import Found, Stored, videos_of
from gettok.tabulate.reading import Kind, Values
from gettok.tabulate.rejects import Rejects
from gettok.tabulate.tally import Tally
from gettok.tabulate.values import folded

VIDEO = Kind(
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
    },
    {"video_id": "id", "favourites_count": "favorites_count"},
)
_FURTHER = ("hashtags_folded", "retyped", "mended", "observed_at")
_HASHTAGS = VIDEO.columns.index("hashtags")
_COUNTS = [column.name for column in COUNTS.columns if column.name.endswith("_count")]


@dataclass(frozen=True)
class Videos:
    """What the pages came to: `seen` videos, of which `found` were published within the study; tables by day."""

    seen: int
    found: pl.DataFrame
    tally: Tally
    _latest: Latest

    def days(self) -> Iterator[tuple[object, pl.DataFrame]]:
        """The latest observation of each video of a day."""
        for day, rows in self._latest.days(self.found):
            yield day, rows.select(VIDEOS.schema.names()).sort("video_id")

    def counts(self) -> Iterator[tuple[object, pl.DataFrame]]:
        """Every distinct observation of the videos of a day, by the day on which they were published."""
        index = self._latest.index()
        if index is None:
            return
        names = COUNTS.schema.names()
        distinct = index.select(names).unique()
        dated = distinct.join(self.found.select("video_id", "day"), on="video_id", how="inner")
        for (day,), of_day in sorted(dated.partition_by("day", as_dict=True).items()):
            yield day, of_day.select(names).sort(names, nulls_last=True)


def gather(pages: Iterable[Stored], study: Window, folder: Path, aside: Rejects) -> Videos:
    """Read all pages once; what does not fit into memory lies in `folder` until the tables are made."""
    latest = Latest(folder, "video_id", _COUNTS)
    gathering = Gathering(VIDEO, VIDEOS, _FURTHER, aside, lambda rows: latest.add(_derived(rows)))
    for stored in pages:
        for found, read in gathering.objects(stored, _videos_of):
            _keep(gathering, stored, found, read)
    gathering.finish()
    return _within(study, latest, gathering.tally)


def _videos_of(stored: Stored) -> Iterator[Found]:
    return videos_of(stored.page)


def _keep(gathering: Gathering, stored: Stored, found: Found, read: Values) -> None:
    video_id, created_at = read.row[:2]
    if video_id is None:
        gathering.aside.row(stored, found, "no_id", _lacking("id", read))
    elif created_at is None:
        gathering.aside.row(stored, found, "no_time", _lacking("create_time", read))
    else:
        tags = read.row[_HASHTAGS]
        plain = None if tags is None else [folded(tag) for tag in tags]
        further = (plain, read.retyped or None, read.mended or None, found.observed_us)
        gathering.keep(stored, found, read, further)


def _lacking(name: str, read: Values) -> str:
    return f"its {name} is of another type" if name in read.retyped else f"it has no {name}"


def _derived(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(
        pl.col("region_code_sent").str.to_uppercase().alias("region_code"),
        pl.col("created_at").dt.date().alias("day"),
    )


def _within(study: Window, latest: Latest, tally: Tally) -> Videos:
    winners, index = latest.winners(), latest.index()
    if winners is None or index is None:
        return Videos(0, _NONE_FOUND, tally, latest)
    seen = index.group_by("video_id").agg(
        pl.col("observed_at").min().alias("first_observed_at"), pl.len().cast(pl.Int64).alias("observations")
    )
    found = winners.filter(pl.col("day").is_between(study.start, study.end)).join(seen, on="video_id")
    return Videos(winners.height, found.select(_NONE_FOUND.columns), tally, latest)


_NONE_FOUND = pl.DataFrame(
    schema={
        "n": pl.UInt32,
        "day": pl.Date,
        "video_id": pl.String,
        "first_observed_at": VIDEOS.schema["observed_at"],
        "observations": pl.Int64,
    }
)
