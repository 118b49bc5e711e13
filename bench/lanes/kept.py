"""What a lane has left on disk, however it ended."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import polars as pl

from gettok.collect.search import stored_pages
from gettok.research_api import Page
from gettok.store import Store

#: As the demo's settings call the sandbox.
SOURCE = "sandbox"


def ids(lane: str, folder: Path) -> set[str]:
    """The ids of the videos that the lane has kept in its folder."""
    return set(_KEPT[lane](folder))


def _in_lines(folder: Path) -> Iterator[str]:
    file = folder / "pages.jsonl"
    if file.is_file():
        with file.open(encoding="utf-8") as lines:
            for line in lines:
                yield from (str(video["id"]) for video in json.loads(line)["videos"])


def _in_database(folder: Path) -> Iterator[str]:
    if (folder / "tiktok.sqlite").is_file():
        with closing(sqlite3.connect(folder / "tiktok.sqlite")) as database:
            yield from (str(number) for (number,) in database.execute("SELECT id FROM video"))


def _in_pages(folder: Path) -> Iterator[str]:
    """From the outputs; a run that is not done has none yet, and all its pages are in its answer store."""
    files = sorted((folder / "data" / "pages" / "videos").glob("*.parquet"))
    for file in files:
        for answer in pl.read_parquet(file, columns=["answer"])["answer"]:
            yield from _of_page(Page.from_json(json.loads(answer)))
    if not files and (folder / "store").is_dir():
        with Store(folder / "store") as store:
            for kept in stored_pages(store, {"source": SOURCE}):
                yield from _of_page(kept.page)


def _of_page(page: Page) -> Iterator[str]:
    return (str(video["id"]) for video in page.data["videos"])


_KEPT: dict[str, Callable[[Path], Iterator[str]]] = {
    "ours": _in_pages,
    "tiktok_library": _in_database,
    "sdk": _in_lines,
    "bare_loop": _in_lines,
}
LANES = tuple(_KEPT)
