"""Pages made into tables in memory, as the stage does it with files."""

import json
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from gettok.collect.windows import Window
from gettok.research_api import Page
from gettok.step import Json, Row
from gettok.tables import COMMENTS, COUNTS, FIELDS, PAGES, VIDEOS
from gettok.tabulate import KeyedPage, Rejects, comments, fields, users, videos

STUDY = Window(date(2022, 11, 20), date(2023, 3, 1))
CREATED = int(datetime(2022, 12, 7, 18, tzinfo=UTC).timestamp())
SEEN = datetime(2023, 3, 15, 12, tzinfo=UTC)
ID = 7342600000000000315


def answer(text: str, observed_at: datetime = SEEN, status: int = 200, **asked: Json) -> Page:
    return Page({"path": "/research/video/query/", "body": asked}, status, {}, observed_at, text)


def page(*found: Json, observed_at: datetime = SEEN) -> Page:
    content = {"data": {"videos": list(found), "cursor": len(found), "has_more": False}}
    return answer(json.dumps(content), observed_at)


def raw_page(*rows: str) -> Page:
    """A page with rows as they are written, valid or not."""
    return answer(f'{{"data": {{"videos": [{", ".join(rows)}]}}}}')


def video(**fields: Json) -> dict[str, Json]:
    return {"id": ID, "create_time": CREATED, **fields}


@dataclass(frozen=True)
class Tabulated:
    """The tables of some pages, and how many videos they show, inside the study and outside."""

    videos: pl.DataFrame
    counts: pl.DataFrame
    comments: pl.DataFrame
    users: pl.DataFrame
    rejects: pl.DataFrame
    fields: pl.DataFrame
    seen: int

    @property
    def rows(self) -> list[Row]:
        return self.videos.to_dicts()

    def reasons(self) -> list[str]:
        return self.rejects["reason"].to_list()


def tabulate(
    pages: Iterable[Page],
    study: Window = STUDY,
    of_comments: Iterable[Page] = (),
    of_users: Iterable[Page] = (),
) -> Tabulated:
    rejects = Rejects()
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        found = videos.gather([videos.read(_keyed("v", pages))], study, scratch / "videos", rejects)
        below = comments.gather(_keyed("c", of_comments), found.in_study, scratch / "comments", rejects)
        authors, user_tally = users.gather(_keyed("u", of_users), scratch / "users", rejects)
        return Tabulated(
            _all(VIDEOS, found.days()),
            _all(COUNTS, found.counts()),
            _all(COMMENTS, below.days()),
            authors,
            rejects.frame(),
            FIELDS.frame(fields((found.tally, below.tally, user_tally))),
            found.seen,
        )


def _keyed(prefix: str, pages: Iterable[Page]) -> Iterable[KeyedPage]:
    return [KeyedPage(f"{prefix}{place:06}", page) for place, page in enumerate(pages)]


def _all(table: Any, days: Any) -> pl.DataFrame:
    return pl.concat([table.frame([]), *(frame for _, frame in days)])


def page_file(path: Path, *pages: Page) -> None:
    """Pages as `collect` writes them."""
    PAGES.write([_page_row(place, page) for place, page in enumerate(pages)], path)


def _page_row(place: int, page: Page) -> Row:
    return {
        "endpoint": "video/query",
        "subject": str(STUDY),
        "attempt": 0,
        "cursor": place,
        "observed_at": page.observed_at,
        "answer_key": f"{place:064}",
        "answer": json.dumps(page.to_json()),
    }
