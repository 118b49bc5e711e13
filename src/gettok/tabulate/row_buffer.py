"""Reads the objects on pages into rows, and hands the rows on as frames, a limited number at a time."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from gettok.tables import Table
from gettok.tabulate.object_type import ObjectType, RowValues
from gettok.tabulate.pages import KeyedPage, PageObject, UnreadablePage
from gettok.tabulate.rejects import Rejects
from gettok.tabulate.tally import Tally
from gettok.tabulate.values import InvalidObject

#: Python objects take several times the memory of a frame, so few may wait: by number, and by the size of their pages.
_MAX_ROWS = 20_000
_MAX_CHARACTERS = 32 * 2**20


@dataclass
class RowBuffer:
    """Reads objects of one type: rows go to `on_frame`, the rest to the rejects, and every field is counted.

    A row has the type's columns, then the table's `extra` ones.
    """

    type: ObjectType
    table: Table
    extra: Sequence[str]
    rejects: Rejects
    on_frame: Callable[[pl.DataFrame], None]
    tally: Tally = field(init=False)
    _rows: list[list[Any]] = field(default_factory=list)
    _characters: int = 0

    def __post_init__(self) -> None:
        self.tally = Tally(self.type)

    def read(
        self, keyed: KeyedPage, objects_of: Callable[[KeyedPage], Iterator[PageObject]]
    ) -> Iterator[tuple[PageObject, RowValues]]:
        """The objects that `objects_of` finds on a page, with their values; invalid ones are rejected."""
        self._characters += len(keyed.page.text)
        try:
            for received in objects_of(keyed):
                if (values := self._read(keyed, received)) is not None:
                    yield received, values
        except UnreadablePage as error:
            self.rejects.add_page(keyed, "no_page", str(error))

    def _read(self, keyed: KeyedPage, received: PageObject) -> RowValues | None:
        if received.invalid is not None:
            self.rejects.add_row(keyed, received, "not_an_object", received.invalid)
            return None
        try:
            values = self.type.read(received.content)
        except InvalidObject as error:
            self.rejects.add_row(keyed, received, "not_an_object", str(error))
            return None
        self.tally.add(received.content, values.retyped)
        return values

    def add(self, keyed: KeyedPage, received: PageObject, values: RowValues, extra: Sequence[Any]) -> None:
        """Add a row, and note in the rejects which of its fields could not be read."""
        if values.retyped:
            self.rejects.add_fields(keyed, received, values.retyped)
        self._rows.append([*values.row, *extra])
        if len(self._rows) == _MAX_ROWS or self._characters > _MAX_CHARACTERS:
            self.flush()

    def flush(self) -> None:
        """Hand on the rows that wait."""
        if self._rows:
            names = [*self.type.columns, *self.extra]
            columns = zip(names, zip(*self._rows, strict=True), strict=True)
            self.on_frame(pl.DataFrame([_series(self.table, name, column) for name, column in columns]))
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
    """A series of lists of texts, twelve times as fast as polars makes it from Python lists."""
    lengths = pl.DataFrame({"length": pl.Series([-1 if texts is None else len(texts) for texts in column])})
    flat = pl.Series(name, [text for texts in column if texts for text in texts], pl.String)
    places = pl.int_range(pl.len(), dtype=pl.UInt32).repeat_by(pl.col("length").clip(0)).explode()
    filled = lengths.select(places.drop_nulls().alias("place")).with_columns(flat)
    grouped = filled.group_by("place", maintain_order=True).agg(name)
    numbered = lengths.with_row_index("place").join(grouped, on="place", how="left", maintain_order="left")
    empty = pl.lit([], dtype=pl.List(pl.String))
    return numbered.select(pl.when(pl.col("length") == 0).then(empty).otherwise(name).alias(name)).to_series()
