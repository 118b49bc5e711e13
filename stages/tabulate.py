"""Make one row for each video out of the pages: ids as text, every documented field, the latest observation."""

import json
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from gettok.books import Books
from gettok.research_api import Page
from gettok.tables import PAGES, VIDEOS
from gettok.tabulate import tabulate
from gettok.windows import Window
from stages.answering import whole, writer_by_day
from stages.shell import DATA, Stage, main, say

PARAMS = ("study.start", "study.end")


def run(stage: Stage) -> None:
    settings = stage.settings
    table = tabulate(_pages(DATA / "pages"), Window(settings.study.start, settings.study.end))
    videos = VIDEOS.frame(table.rows).with_columns(
        pl.col("created_at").dt.date().cast(pl.String).alias("day")
    )
    with whole(DATA / "videos") as folder:
        write = writer_by_day(VIDEOS, folder)
        for (day,), of_day in videos.group_by("day", maintain_order=True):
            write(str(day), of_day.drop("day").to_dicts())
    if table.unidentified:
        say(f"tabulate: {table.unidentified} rows of the pages have no id or no time, and stay in the pages")
    stage.keep(Books(len(table.rows), len(table.rows)))


def _pages(folder: Path) -> Iterator[Page]:
    for file in sorted(folder.glob("*.parquet")):
        for answer in PAGES.read(file)["answer"]:
            yield Page.from_json(json.loads(answer))


if __name__ == "__main__":
    main(globals(), run)
