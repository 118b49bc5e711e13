"""Where a study's videos are from, and how many of those that its source looked at it gave."""

from dataclasses import dataclass
from typing import Literal

import polars as pl

from gettok.books import Books
from gettok.errors import counted

SourceKind = Literal["research_api", "ids", "zeeschuimer"]


@dataclass(frozen=True)
class Origin:
    """The kind of the source, and its books: candidates of the Research API, ids of a list, or captured videos."""

    kind: SourceKind
    books: Books

    @property
    def is_query(self) -> bool:
        """Whether the study's query found the videos."""
        return self.kind == "research_api"

    def in_words(self) -> str:
        """How the videos were found, in words that follow the word `videos`."""
        if self.kind == "ids":
            return f"from a list of {counted(self.books.asked, 'id')}"
        return "that match the query" if self.is_query else "captured in a browser (Zeeschuimer)"


def origin(kind: SourceKind, collected: Books, windows: pl.DataFrame) -> Origin:
    """The books of a search count days, so its candidates come from the table of windows."""
    return Origin(kind, _searched(windows) if kind == "research_api" else collected)


def finished_searches(windows: pl.DataFrame) -> pl.DataFrame:
    """The last search of each window that reached its end, of those that were not split."""
    last = windows.sort("step").group_by("start", "end").agg(pl.col("event").last().alias("last"))
    whole = windows.join(last.filter(pl.col("last") != "split"), on=["start", "end"], how="semi")
    return whole.filter(pl.col("event") == "done").sort("step").unique(["start", "end"], keep="last")


def _searched(windows: pl.DataFrame) -> Books:
    """Candidates that the searches passed, and the rows that they gave, before duplicates are dropped."""
    done = finished_searches(windows)
    rows = int(done["rows"].sum())
    candidates = max(rows, int(done["candidates"].sum()))  # a cursor that an answer lacks counts nothing
    withheld = {"not_returned": candidates - rows} if candidates > rows else {}
    return Books(candidates, rows, withheld)
