"""Rows gathered object by object and handed on as frames, a bounded number at a time."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from gettok.tables import Table
from gettok.tabulate.pages import Found, NoPage, Stored
from gettok.tabulate.reading import Kind, Values
from gettok.tabulate.rejects import Rejects
from gettok.tabulate.tally import Tally
from gettok.tabulate.values import Unsound

#: Python's objects take several times the room of a frame, so that few wait: by number, and by what their pages weigh.
_MOST_ROWS = 20_000
_MOST_CHARACTERS = 32 * 2**20


@dataclass
class Gathering:
    """Objects of one kind: what can be read goes on to `take`, the rest aside, and every field is counted.

    A gathered row has the kind's columns and then `further` ones of the table.
    """

    kind: Kind
    table: Table
    further: Sequence[str]
    aside: Rejects
    take: Callable[[pl.DataFrame], None]
    tally: Tally = field(init=False)
    _rows: list[list[Any]] = field(default_factory=list)
    _characters: int = 0

    def __post_init__(self) -> None:
        self.tally = Tally(self.kind)

    def objects(
        self, stored: Stored, on: Callable[[Stored], Iterator[Found]]
    ) -> Iterator[tuple[Found, Values]]:
        """What `on` finds on a page, read; what is unsound goes aside."""
        self._characters += len(stored.page.text)
        try:
            for found in on(stored):
                if (read := self._read(stored, found)) is not None:
                    yield found, read
        except NoPage as error:
            self.aside.page(stored, "no_page", str(error))

    def _read(self, stored: Stored, found: Found) -> Values | None:
        if found.unsound is not None:
            self.aside.row(stored, found, "not_an_object", found.unsound)
            return None
        try:
            read = self.kind.read(found.content)
        except Unsound as error:
            self.aside.row(stored, found, "not_an_object", str(error))
            return None
        self.tally.add(found.content, read.retyped)
        return read

    def keep(self, stored: Stored, found: Found, read: Values, further: Sequence[Any]) -> None:
        """Take a row in, and note in `aside` what of it could not be read."""
        if read.retyped:
            self.aside.fields(stored, found, read.retyped)
        self._rows.append([*read.row, *further])
        if len(self._rows) == _MOST_ROWS or self._characters > _MOST_CHARACTERS:
            self.finish()

    def finish(self) -> None:
        """Hand on what waits."""
        if self._rows:
            names = [*self.kind.columns, *self.further]
            columns = zip(names, zip(*self._rows, strict=True), strict=True)
            self.take(pl.DataFrame([_series(self.table, name, column) for name, column in columns]))
        self._rows.clear()
        self._characters = 0


def _series(table: Table, name: str, column: Sequence[Any]) -> pl.Series:
    dtype = table.schema[name]
    if dtype == pl.Datetime:  # still in microseconds
        return pl.Series(name, column, pl.Int64).cast(dtype)
    if dtype == pl.List(pl.String):
        return _lists(name, column)
    return pl.Series(name, column, dtype)


def _lists(name: str, column: Sequence[list[str] | None]) -> pl.Series:
    """Lists of texts, twelve times as fast as polars makes them out of Python's lists."""
    lengths = pl.DataFrame({"length": pl.Series([-1 if texts is None else len(texts) for texts in column])})
    flat = pl.Series(name, [text for texts in column if texts for text in texts], pl.String)
    places = pl.int_range(pl.len(), dtype=pl.UInt32).repeat_by(pl.col("length").clip(0)).explode()
    filled = lengths.select(places.drop_nulls().alias("place")).with_columns(flat)
    made = filled.group_by("place", maintain_order=True).agg(name)
    numbered = lengths.with_row_index("place").join(made, on="place", how="left", maintain_order="left")
    empty = pl.lit([], dtype=pl.List(pl.String))
    return numbered.select(pl.when(pl.col("length") == 0).then(empty).otherwise(name).alias(name)).to_series()
