"""The videos that a candidate has written to disk, however it ended."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import polars as pl

from gettok.collect.search import stored_pages
from gettok.research_api import Page
from gettok.store import Store

#: The sandbox's name in the demo's settings.
SOURCE = "sandbox"


def video_ids(candidate: str, folder: Path) -> set[str]:
    """The ids of the videos in the candidate's folder."""
    return set(_READERS[candidate](folder))


def _from_json_lines(folder: Path) -> Iterator[str]:
    file = folder / "pages.jsonl"
    if file.is_file():
        with file.open(encoding="utf-8") as lines:
            for line in lines:
                yield from (str(video["id"]) for video in json.loads(line)["videos"])


def _from_database(folder: Path) -> Iterator[str]:
    if (folder / "tiktok.sqlite").is_file():
        with closing(sqlite3.connect(folder / "tiktok.sqlite")) as database:
            yield from (str(number) for (number,) in database.execute("SELECT id FROM video"))


def _from_pages(folder: Path) -> Iterator[str]:
    """From the outputs; an unfinished run has none yet, but all its pages are in its answer store."""
    files = sorted((folder / "data" / "pages" / "videos").glob("*.parquet"))
    for file in files:
        for answer in pl.read_parquet(file, columns=["answer"])["answer"]:
            yield from _ids_of(Page.from_json(json.loads(answer)))
    if not files and (folder / "store").is_dir():
        with Store(folder / "store") as store:
            for stored in stored_pages(store, {"source": SOURCE}):
                yield from _ids_of(stored.page)


def _ids_of(page: Page) -> Iterator[str]:
    return (str(video["id"]) for video in page.data["videos"])


_READERS: dict[str, Callable[[Path], Iterator[str]]] = {
    "ours": _from_pages,
    "tiktok_library": _from_database,
    "sdk": _from_json_lines,
    "bare_loop": _from_json_lines,
}
CANDIDATES = tuple(_READERS)
