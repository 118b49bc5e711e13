"""The tables of a release: in memory, or in files that are read in parts."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property

import polars as pl

from gettok.books import Books
from gettok.collect.origin import Origin
from gettok.settings import Codebook
from gettok.tables.stored_rows import ALL_IDS, IdRange, Rows, id_ranges, rows_between


@dataclass(
    frozen=True, eq=False
)  # that of frames has no meaning; what is made of the same tables is made once
class Tables:
    """A study's tables, as `gettok.tables` declares them, and the books of the stages that made them.

    `frames` is large: it may be None, and `release` also takes it without its `image` and `answer` columns. The report
    needs the `image` of the few videos that `report.shown_videos` names.
    """

    videos: Rows
    media: Rows
    transcripts: Rows
    descriptions: Rows
    annotations: Rows
    pairs: Rows
    captions: Rows
    books: Mapping[str, Books]
    codebook: Codebook
    frames: Rows | None = None
    screen_texts: Rows | None = None
    prompt_injection: Rows | None = None
    counts: Rows | None = None
    comments: Rows | None = None
    #: Days of the study in which videos may be missing, and why.
    uncovered: Mapping[str, str] = field(default_factory=dict)
    #: Where the videos are from; only the report says so.
    origin: Origin = field(default_factory=lambda: Origin("research_api", Books(0, 0)))
    #: Videos whose rows are left out.
    withdrawn: frozenset[str] = frozenset()
    #: How many videos have their rows in memory at a time, where tables are read in parts.
    videos_at_once: int = 10_000

    def named(self) -> dict[str, Rows]:
        """The tables that are there, by name."""
        named = {part.name: getattr(self, part.name) for part in fields(self)}
        return {name: rows for name, rows in named.items() if isinstance(rows, Rows)}

    def rows(self, name: str, ids: IdRange = ALL_IDS) -> pl.LazyFrame:
        """The rows of a table that is there, or only those of the videos of a range."""
        found = rows_between(self.named()[name], ids)
        return found.filter(~pl.col("video_id").is_in(sorted(self.withdrawn))) if self.withdrawn else found

    def of_variable(self, name: str) -> pl.LazyFrame:
        """The annotations of one variable: a row for each video."""
        return self.rows("annotations").filter(pl.col("variable") == name)

    @property
    def count(self) -> int:
        """The number of videos."""
        return int(self.rows("videos").select(pl.len()).collect().item())

    @cached_property
    def ranges(self) -> list[IdRange]:
        """Ranges of ids, in order, that have all ids: each of `videos_at_once` videos."""
        ids = self.rows("videos").select("video_id").collect()["video_id"]
        return id_ranges(ids, self.videos_at_once)

    def without(self, withdrawn: Collection[str]) -> "Tables":
        """These tables without the videos that people asked to have removed."""
        return replace(self, withdrawn=self.withdrawn | set(withdrawn))
