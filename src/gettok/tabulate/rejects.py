"""What is on a page but in no table, or not whole: nothing is dropped without a reason."""

from collections import Counter
from dataclasses import dataclass, field

import polars as pl

from gettok.step import Json
from gettok.tables import REJECTS
from gettok.tabulate.pages import Found, Stored
from gettok.tabulate.values import Unsound, verbatim

_MOST_WAITING = 20_000


@dataclass
class Rejects:
    """Collects what is set aside, and counts it by reason."""

    counts: Counter[str] = field(default_factory=Counter)
    _waiting: list[tuple[str, int | None, str, str, str | None]] = field(default_factory=list)
    _frames: list[pl.DataFrame] = field(default_factory=list)

    def page(self, stored: Stored, reason: str, detail: str) -> None:
        """Set a whole page aside."""
        self._add(stored.answer_key, None, reason, detail, None)

    def row(self, stored: Stored, found: Found, reason: str, detail: str) -> None:
        """Set one row of a page aside; what cannot be written down stays in the page alone."""
        try:
            row = verbatim(found.content)
        except Unsound:
            row = None
        self._add(stored.answer_key, found.position, reason, detail, row)

    def fields(self, stored: Stored, found: Found, names: list[str]) -> None:
        """Note the fields of a row that are not of the documented type; the row itself is in its table."""
        wrong = verbatim({name: found.content[name] for name in names})
        self._add(stored.answer_key, found.position, "retyped", ", ".join(names), wrong)

    def _add(self, key: str, position: int | None, reason: str, detail: str, row: Json) -> None:
        self.counts[reason] += 1
        self._waiting.append((key, position, reason, detail, row))
        if len(self._waiting) == _MOST_WAITING:
            self._pack()

    def _pack(self) -> None:
        self._frames.append(pl.DataFrame(self._waiting, schema=REJECTS.schema, orient="row"))
        self._waiting.clear()

    def frame(self) -> pl.DataFrame:
        """All that was set aside, in its order."""
        self._pack()
        return pl.concat(self._frames).sort(REJECTS.sort, nulls_last=True)
