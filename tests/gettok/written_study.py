"""Writes the tables of a made-up study to `data/`, as the stages do."""

from dataclasses import replace
from pathlib import Path

import polars as pl

from gettok.books import COUNTED, Books
from gettok.pipeline import results
from gettok.pipeline.video_lookup import SOURCES
from gettok.release import Tables
from gettok.step import Row
from gettok.tables import COVERAGE, Table


def write(tables: Tables, **more: list[Row]) -> None:
    """Each table, by day where the stages split it; `more` has the rows of tables that a release does not take."""
    days = tables.videos.select("video_id", day=pl.col("created_at").dt.date().cast(pl.String))
    frames = {**tables.named(), **{name: SOURCES[name].table.frame(rows) for name, rows in more.items()}}
    for name, frame in frames.items():
        source = SOURCES[name]
        if source.path.endswith(".parquet"):
            source.table.write(frame, Path("data", source.path))
            continue
        by_day = frame.join(days, on="video_id", how="left")
        if name != "annotations":
            _write_days(source.table, by_day, Path("data", source.path))
            continue
        for group, variables in tables.codebook.groups.items():
            of_group = by_day.filter(pl.col("variable").is_in(list(variables)))
            _write_days(source.table, of_group, Path("data", source.path, group))


def stored(tables: Tables, videos_at_once: int) -> Tables:
    """The same study, read a few videos at a time from the files that it has been written to."""
    write(tables)
    COVERAGE.write([], Path("data/coverage.parquet"))
    count = tables.count
    for stage in COUNTED:
        tables.books.get(stage, Books(count, count)).write(Path("data", "books", f"{stage}.json"))
    return replace(results.tables(tables.codebook), videos_at_once=videos_at_once)


def _write_days(table: Table, by_day: pl.DataFrame, folder: Path) -> None:
    folder.mkdir(parents=True)
    for (day,), rows in by_day.partition_by("day", as_dict=True).items():
        table.write(rows.drop("day"), folder / f"{day}.parquet")
