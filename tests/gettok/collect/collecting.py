"""A collector against the sandbox: each run with a client of its own, and waits that take no time."""

import json
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from gettok import tabulate
from gettok.collect import Canary, Collector, StoredPage
from gettok.collect.windows import Window
from gettok.research_api import Credentials, Ledger, ResearchApi
from gettok.settings.query import Query, Terms, conditions
from gettok.settings.secrets import Secret
from gettok.store import Store
from gettok.tables import COUNTS, VIDEOS
from sandbox import bulk
from sandbox.server import Sandbox

DAY_S = 86_400
STUDY = Window(date(2022, 12, 1), date(2023, 1, 9))
COUNT = 420
QUERY = conditions(Query(any=Terms(keywords=("Castillo",))))
#: Words that the sandbox's captions have, too.
CANARY = ("de", "fyp")


def days(first: int, last: int) -> Window:
    """Days of the study by their numbers, from 0."""
    return Window(STUDY.start + timedelta(days=first), STUDY.start + timedelta(days=last))


def write_corpus(folder: Path) -> Path:
    """420 videos over 40 days, so that 30 days take four pages; no media."""
    bulk.write(folder, videos=COUNT, seed="collect", start=STUDY.start, days=len(STUDY.days))
    return folder


def facts(corpus: Path) -> dict[str, date]:
    """The day of each video of a corpus."""
    rows = [row["api"] for row in json.loads((corpus / "videos.json").read_text("utf-8"))]
    return {row["id"]: datetime.fromtimestamp(row["create_time"], UTC).date() for row in rows}


def truth(corpus: Path, study: Window = STUDY) -> set[str]:
    return {video_id for video_id, day in facts(corpus).items() if study.start <= day <= study.end}


@contextmanager
def client(folder: Path, research_api: str, **settings: Any) -> Iterator[tuple[Store, ResearchApi]]:
    """A store, and a client whose ledger is in its folder."""
    with Store(folder) as store, Ledger(folder) as ledger:
        credentials = Credentials("sandbox", Secret("sandbox"))
        defaults = {"sleep": [].append, **settings}
        yield store, ResearchApi(research_api, credentials, ledger, **defaults)


class Sent(NamedTuple):
    """A request in the ledger."""

    day: str
    endpoint: str
    purpose: str
    subject: str
    outcome: str | None


@dataclass
class Researcher:
    """A researcher who runs the same command again and again, on one store."""

    folder: Path
    sandbox: Sandbox
    study: Window = STUDY
    max_days: int = 30
    patience_days: int = 3
    query: Mapping[str, Any] = field(default_factory=lambda: QUERY)
    words: tuple[str, ...] = CANARY
    #: Results of the last run.
    waits: list[float] = field(default_factory=list)
    coverage: list[dict[str, Any]] = field(default_factory=list)
    windows: list[dict[str, Any]] = field(default_factory=list)

    def collect(self, **changes: Any) -> list[StoredPage]:
        """One run; every page of it."""
        self.waits, pages = [], []
        with self.run({"sleep": self.waits.append}, **changes) as collector:
            try:
                pages += collector.collect()
            finally:
                self.coverage, self.windows = collector.coverage(), collector.windows()
        return pages

    @contextmanager
    def run(self, api: Mapping[str, Any] | None = None, **changes: Any) -> Iterator[Collector]:
        """A collector of one run."""
        settings = {"query": self.query, "study": self.study, "max_days": self.max_days, **changes}
        settings |= {"patience_days": self.patience_days}
        with client(self.folder, self.sandbox.research_api, **(api or {})) as (store, client_api):
            canary = Canary(client_api, self.words) if self.words else None
            yield Collector(store, client_api, "sandbox", canary=canary, **settings)

    def states(self) -> dict[str, set[str]]:
        """The days of the study, by coverage."""
        states: dict[str, set[str]] = {}
        for row in self.coverage:
            states.setdefault(row["state"], set()).add(str(row["day"]))
        return states

    def events(self) -> list[str]:
        """The windows' events, as `first day_last day event`."""
        return [f"{row['start']}_{row['end']} {row['event']}" for row in self.windows]

    def sent(self) -> list[Sent]:
        """The ledger as it is on disk."""
        with closing(sqlite3.connect(self.folder / "requests.sqlite")) as ledger:
            columns = ", ".join(Sent._fields)
            return [Sent._make(row) for row in ledger.execute(f"SELECT {columns} FROM requests ORDER BY n")]

    def next_day(self, count: int = 1) -> None:
        self.sandbox.clock.advance(count * DAY_S)


def queries(sandbox: Sandbox, status: int | None = None) -> list[str]:
    """The searches that the sandbox was asked for, as `first day/last day/cursor`."""
    return [
        entry["subject"]
        for entry in sandbox.requests()
        if entry["path"].endswith("video/query/") and status in (None, entry["status"])
    ]


def tables(pages: Iterable[StoredPage], study: Window = STUDY) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The tables of videos and of counts made from these pages."""
    keyed = (tabulate.KeyedPage(stored.key, stored.page) for stored in pages)
    with tempfile.TemporaryDirectory() as folder:
        videos = tabulate.videos.gather(
            [tabulate.videos.read(keyed)], study, Path(folder), tabulate.Rejects()
        )
        return _concatenated(VIDEOS, videos.days()), _concatenated(COUNTS, videos.counts())


def _concatenated(table: Any, frames: Iterable[tuple[object, pl.DataFrame]]) -> pl.DataFrame:
    return pl.concat([table.frame([]), *(frame for _, frame in frames)])


def ids(pages: Iterable[StoredPage], study: Window = STUDY) -> set[str]:
    return set(tables(pages, study)[0]["video_id"])


def day_files(pages: Iterable[StoredPage], folder: Path, study: Window = STUDY) -> dict[str, bytes]:
    """The day files of both tables as they are written, by name."""
    files: dict[str, bytes] = {}
    keyed = (tabulate.KeyedPage(stored.key, stored.page) for stored in pages)
    with tempfile.TemporaryDirectory() as scratch:
        videos = tabulate.videos.gather(
            [tabulate.videos.read(keyed)], study, Path(scratch), tabulate.Rejects()
        )
        for table, frames in ((VIDEOS, videos.days()), (COUNTS, videos.counts())):
            for day, rows in frames:
                path = folder / table.name / f"{day}.parquet"
                table.write(rows, path)
                files[f"{table.name}/{day}"] = path.read_bytes()
    return files


def assert_each_once(researcher: Researcher) -> None:
    """Every answer that the client accepted is a page of the store, so that none was asked for twice."""
    with Store(researcher.folder) as store:
        count = sum(answers for stage, answers, _ in store.stats() if stage == "collect")
    steps = len(researcher.windows)
    accepted = [
        request for request in researcher.sent() if (request.purpose, request.outcome) == ("collect", "ok")
    ]
    assert len(accepted) == count - steps
