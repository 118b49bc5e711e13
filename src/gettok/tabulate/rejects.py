"""What is on a page but in no table, or only in part: nothing is dropped without a reason."""

from collections import Counter
from dataclasses import dataclass, field

import polars as pl

from gettok.step import Json
from gettok.tables import REJECTS
from gettok.tabulate.pages import KeyedPage, PageObject
from gettok.tabulate.values import InvalidObject, verbatim

_MAX_WAITING = 20_000


@dataclass
class Rejects:
    """Collects rejected pages, rows and fields, and counts them by reason."""

    counts: Counter[str] = field(default_factory=Counter)
    _waiting: list[tuple[str, int | None, str, str, str | None]] = field(default_factory=list)
    _frames: list[pl.DataFrame] = field(default_factory=list)

    def add_page(self, keyed: KeyedPage, reason: str, detail: str) -> None:
        """Reject a whole page."""
        self._add(keyed.answer_key, None, reason, detail, None)

    def add_row(self, keyed: KeyedPage, received: PageObject, reason: str, detail: str) -> None:
        """Reject one row of a page; one that cannot be written as JSON is in the page alone."""
        try:
            row = verbatim(received.content)
        except InvalidObject:
            row = None
        self._add(keyed.answer_key, received.position, reason, detail, row)

    def add_fields(self, keyed: KeyedPage, received: PageObject, names: list[str]) -> None:
        """Note the fields of a row that are not of the documented type; the row itself is in its table."""
        wrong = verbatim({name: received.content[name] for name in names})
        self._add(keyed.answer_key, received.position, "retyped", ", ".join(names), wrong)

    def extend(self, others: "Rejects") -> None:
        """Add all that others have collected."""
        self.counts.update(others.counts)
        self._frames.append(others.frame())

    @staticmethod
    def of(rows: pl.DataFrame) -> "Rejects":
        """As they were, by their frame."""
        return Rejects(Counter(rows["reason"]), _frames=[rows])

    def _add(self, key: str, position: int | None, reason: str, detail: str, row: Json) -> None:
        self.counts[reason] += 1
        self._waiting.append((key, position, reason, detail, row))
        if len(self._waiting) == _MAX_WAITING:
            self._pack()

    def _pack(self) -> None:
        self._frames.append(pl.DataFrame(self._waiting, schema=REJECTS.schema, orient="row"))
        self._waiting.clear()

    def frame(self) -> pl.DataFrame:
        """All rejects, sorted."""
        self._pack()
        return pl.concat(self._frames).sort(REJECTS.sort, nulls_last=True)
