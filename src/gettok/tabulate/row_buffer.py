"""Reads the objects on pages into rows, and hands the rows on as frames, a limited number at a time."""

from collections.abc import Callable, Iterable, Iterator, Sequence
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
    _columns: list[list[Any]] = field(init=False)
    _characters: int = 0

    def __post_init__(self) -> None:
        self.tally = Tally(self.type)
        self._names = [*self.type.columns, *self.extra]
        self._columns = [[] for _ in self._names]

    def read(
        self, keyed: KeyedPage, objects_of: Callable[[KeyedPage], Iterator[PageObject]]
    ) -> Iterator[tuple[PageObject, RowValues]]:
        """The objects that `objects_of` finds on a page, with their values; invalid ones are rejected."""
        return self.read_each(keyed, self.objects(keyed, objects_of))

    def objects(
        self, keyed: KeyedPage, objects_of: Callable[[KeyedPage], Iterator[PageObject]]
    ) -> list[PageObject]:
        """The objects that `objects_of` finds on a page; none if it cannot be read, which is noted in the rejects."""
        self._characters += len(keyed.page.text)
        try:
            return list(objects_of(keyed))
        except UnreadablePage as error:
            self.rejects.add_page(keyed, "no_page", str(error))
            return []

    def read_each(
        self, keyed: KeyedPage, objects: Iterable[PageObject]
    ) -> Iterator[tuple[PageObject, RowValues]]:
        """A page's objects with their values; invalid ones are rejected."""
        for received in objects:
            if (values := self._read(keyed, received)) is not None:
                yield received, values

    def read_all(self, objects: Sequence[PageObject]) -> list[list[Any]] | None:
        """The values of a page's objects by column; None unless each is as documented, in all its fields."""
        if any(received.invalid is not None for received in objects):
            return None
        return self.type.read_all([received.content for received in objects])

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
        for column, value in zip(self._columns, (*values.row, *extra), strict=True):
            column.append(value)
        self._flush_if_full()

    def add_all(
        self, objects: Sequence[PageObject], columns: Sequence[list[Any]], extra: Sequence[list[Any]]
    ) -> None:
        """Add the rows of a page's objects, by column as `read_all` gives them."""
        self.tally.add_all([received.content for received in objects])
        for column, more in zip(self._columns, (*columns, *extra), strict=True):
            column.extend(more)
        self._flush_if_full()

    def _flush_if_full(self) -> None:
        if len(self._columns[0]) >= _MAX_ROWS or self._characters > _MAX_CHARACTERS:
            self.flush()

    def flush(self) -> None:
        """Hand on the rows that wait."""
        if self._columns[0]:
            columns = zip(self._names, self._columns, strict=True)
            self.on_frame(pl.DataFrame([_series(self.table, name, column) for name, column in columns]))
        for column in self._columns:
            column.clear()
        self._characters = 0


def _series(table: Table, name: str, column: Sequence[Any]) -> pl.Series:
    dtype = table.schema[name]
    if dtype == pl.Datetime:  # still in microseconds
        return pl.Series(name, column, pl.Int64).cast(dtype)
    if dtype == pl.List(pl.String) and any(column):
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
