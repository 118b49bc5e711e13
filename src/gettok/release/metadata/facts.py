"""What the metadata of a release are written from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from gettok.books import Books
from gettok.errors import counted
from gettok.release.inputs import Tables
from gettok.settings import Citation, Settings
from gettok.tables import Table

#: What a file says of a licence that no setting names.
NOT_STATED = "not stated"


@dataclass(frozen=True)
class Facts:
    """A release that is otherwise finished: its settings, tables, books and provenance."""

    #: The parts that the stage `release` declares.
    settings: Settings
    #: As they were written: each is the file `<name>.parquet`; the first is also `dataset.csv`.
    tables: tuple[Table, ...]
    #: The content of `provenance.json`.
    provenance: Mapping[str, Any]
    books: Mapping[str, Books]
    #: The number of videos in the release, and of those that were left out of it.
    released: int
    withdrawn: int
    #: The days on which values of the released videos were observed, first and last; None without any video.
    observed: tuple[date, date] | None
    #: Days of the study in which videos may be missing, and why.
    uncovered: Mapping[str, str]

    @property
    def citation(self) -> Citation:
        return self.settings.citation

    @property
    def has_labels(self) -> bool:
        """Whether a table has values of the codebook's variables."""
        columns = {name for table in self.tables for name in table.schema}
        return "variable" in columns or bool(columns & self.settings.codebook.variables.keys())

    @property
    def title(self) -> str:
        return self.citation.title or self.settings.study.title

    @property
    def published(self) -> date | None:
        """The day of publication; if no setting has it, the day on which the newest values were observed."""
        return self.citation.published or (self.observed[1] if self.observed else None)

    @property
    def url(self) -> str | None:
        return self.citation.url or (f"https://doi.org/{self.citation.doi}" if self.citation.doi else None)

    @property
    def licence_url(self) -> str | None:
        licence = self.citation.licence
        return f"https://spdx.org/licenses/{licence}.html" if licence else None

    @property
    def description(self) -> str:
        """The description, and a sentence about what is not stated."""
        missing = ", ".join(
            name
            for name, value in {"authors": self.citation.authors, "licence": self.citation.licence}.items()
            if not value
        )
        text = self.citation.description or self._generated()
        return f"{text} {NOT_STATED.capitalize()}: {missing}." if missing else text

    def _generated(self) -> str:
        study = self.settings.study
        names = ", ".join(table.name for table in self.tables)
        return (
            f"{counted(self.released, 'video')} published from {study.start} to {study.end} (UTC), collected and "
            f"processed with gettok. Tables: {names}."
        )


def facts(
    settings: Settings,
    tables: Sequence[Table],
    remaining: Tables,
    *,
    provenance: Mapping[str, Any],
    withdrawn: int,
) -> Facts:
    """Of the released videos; `tables` are the declarations of what was written, the dataset first."""
    return Facts(
        settings=settings,
        tables=tuple(tables),
        provenance=provenance,
        books=remaining.books,
        released=remaining.count,
        withdrawn=withdrawn,
        observed=_observed(remaining),
        uncovered=remaining.uncovered,
    )


def _observed(tables: Tables) -> tuple[date, date] | None:
    """The days on which these videos were first and last observed; None without any video."""
    times = ("first_observed_at", "observed_at")
    ends = pl.min_horizontal(times).min().alias("first"), pl.max_horizontal(times).max().alias("last")
    first, last = tables.rows("videos").select(ends).collect().row(0)
    return None if first is None else (first.date(), last.date())
