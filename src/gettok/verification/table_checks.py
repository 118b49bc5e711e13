"""One Parquet file of a release against its declaration, read in parts: columns, order, keys, ids and counts."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from gettok.tables.dictionary import type_name
from gettok.tables.dictionary_reading import DeclaredTable

#: The name of the file that declares the tables.
DICTIONARY = "data_dictionary.md"
#: How much of a file is read at a time: rows, and bytes as they are stored, since a row with a picture is large.
_ROWS, _BYTES = 20_000, 2**24
#: The columns that videos are counted by.
_COUNTED = frozenset({"variable", "status", "reason"})


@dataclass
class TableCheck:
    """What is found in one table. `key` is the column with the video's id; `known` has the dataset's ids, sorted.

    Without `known`, ids are only gathered in `ids`, in parts.
    """

    table: DeclaredTable
    key: str
    known: pl.Series | None = None
    rows: int = 0
    videos: int = 0
    #: Videos by variable, None in a table that is not about variables, and by reason, None if ok.
    counts: Counter[tuple[str | None, str | None]] = field(default_factory=Counter)
    ids: list[pl.Series] = field(default_factory=list)
    #: The first problem of each kind.
    problems: dict[str, str] = field(default_factory=dict)
    #: Whether the file has the declared columns and all its rows could be read.
    is_read: bool = False
    _before: pl.DataFrame | None = None

    @property
    def file(self) -> str:
        return f"{self.table.name}.parquet"

    def add(self, rows: pl.DataFrame) -> None:
        """The next rows, in the order of the file."""
        if not rows.height:
            return
        self.rows += rows.height
        keys = rows.select(self.table.sort)
        pairs = _against_row_before(keys, self._before)
        self._before = keys.tail(1)
        self._refuse_disorder(pairs)
        if self.key in self.table.types:
            self._compare_ids(rows[self.key], pairs["is_first"])
            self._count(rows.select(self.table.types.keys() & _COUNTED), pairs["is_first"])

    def _refuse_disorder(self, pairs: pl.DataFrame) -> None:
        if (unordered := pairs.filter(order="before")).height:
            self._note("order", f"is not sorted by {', '.join(self.table.sort)}: see {_row(unordered)}")
        if (doubled := pairs.filter(order="same")).height:
            self._note("key", f"has {_row(doubled)} more than once")

    def _compare_ids(self, ids: pl.Series, is_first: pl.Series) -> None:
        if ids.null_count():
            self._note("null", f"has {ids.null_count()} rows without {self.key}")
        if self.known is None:
            self.ids.append(ids)
            return
        found = (ids.filter(is_first) if self.table.sort[0] == self.key else ids).drop_nulls()
        known = _between(self.known, found)
        if found.equals(known):  # as in every table that has all videos
            return
        strangers = found.filter(~found.is_in(known.implode()))
        if not strangers.is_empty():
            self._note("stranger", f"has {self.key} {strangers.sort()[0]}, which is not in the dataset")

    def _count(self, rows: pl.DataFrame, is_first: pl.Series) -> None:
        self.videos += int(is_first.sum())
        if not {"status", "reason"} <= self.table.types.keys():
            return
        of_variables = "variable" in self.table.sort
        counted = (rows if of_variables else rows.filter(is_first)).select(
            variable="variable" if of_variables else pl.lit(None, pl.String),
            why=pl.when(pl.col("status") != "ok").then(pl.coalesce("reason", "status")),
        )
        found = counted.group_by("variable", "why").len()
        self.counts.update({(variable, why): count for variable, why, count in found.iter_rows()})

    def _note(self, kind: str, problem: str) -> None:
        self.problems.setdefault(kind, f"{self.file} {problem}")


def check_table(
    path: Path,
    check: TableCheck,
    on_bytes: Callable[[int], object] = lambda _: None,
    on_rows: Callable[[pl.DataFrame], object] = lambda _: None,
) -> None:
    """Read the file and note all that is wrong with it in `check`. `on_rows` gets all rows of a readable file."""
    try:
        check.problems.update(_wrong_columns(check, pl.scan_parquet(path, glob=False).collect_schema()))
        if not check.problems:
            for rows in _batches(path):
                check.add(rows)
                on_rows(rows)
            check.is_read = True
    except (OSError, pl.exceptions.PolarsError) as error:
        check.problems["read"] = f"{check.file} cannot be read: {first_line(error)}"
    on_bytes(path.stat().st_size)


def _batches(path: Path) -> Iterator[pl.DataFrame]:
    """The rows of a file, in order, few at a time, at least once: polars' own batches keep many in memory."""
    scanned = pl.scan_parquet(path, glob=False)
    height = scanned.select(pl.len()).collect().item()
    # a release has its rows in groups of as many, so that no group is read twice
    count = max(1, min(_ROWS, height * _BYTES // path.stat().st_size))
    for start in range(0, max(height, 1), count):
        yield scanned.slice(start, count).collect()


def _wrong_columns(check: TableCheck, schema: pl.Schema) -> Iterator[tuple[str, str]]:
    declared = check.table.types
    found = {name: _type_in_words(dtype) for name, dtype in schema.items()}
    if lacking := ", ".join(name for name in declared if name not in found):
        yield "lacking", f"{check.file} lacks columns that {DICTIONARY} has: {lacking}"
    if more := ", ".join(name for name in found if name not in declared):
        yield "more", f"{check.file} has columns that {DICTIONARY} lacks: {more}"
    for name in declared.keys() & found.keys():
        if found[name] != declared[name]:
            yield (
                f"type of {name}",
                f"{check.file} has {name} as {found[name]}, and {DICTIONARY} says {declared[name]}",
            )
    if found.keys() == declared.keys() and [*found] != [*declared]:
        yield "columns", f"{check.file} has its columns in another order than {DICTIONARY}"
    if unsorted := ", ".join(name for name in check.table.sort if name not in declared):
        yield "sort", f"{DICTIONARY} sorts {check.file} by a column that it does not have: {unsorted}"
    if schema.get(check.key, pl.String) != pl.String:
        yield "ids", f"{check.file} has {check.key} as {found[check.key]}: ids are text"


def _type_in_words(dtype: pl.DataType) -> str:
    try:
        return type_name(dtype)
    except KeyError:
        return str(dtype)


def _against_row_before(keys: pl.DataFrame, before: pl.DataFrame | None) -> pl.DataFrame:
    """Each row's key, and whether it is after the row before, before it, or the same; a null is first or last.

    `is_first` says whether the row is the first with its value in the first column of the key.
    """
    same, after = pl.lit(value=True), pl.lit(value=False)
    for name in keys.columns:
        value, last = pl.col(name), pl.col(name).shift(1)
        is_above = ((value > last) | (value.is_null() != last.is_null())).fill_null(value=False)
        after = after | (same & is_above)
        same = same & value.eq_missing(last)
    first = pl.col(keys.columns[0])
    order = pl.when(after).then(pl.lit("after")).when(same).then(pl.lit("same")).otherwise(pl.lit("before"))
    compared = (keys if before is None else pl.concat([before, keys])).with_columns(
        order=order, is_first=first.ne_missing(first.shift(1))
    )
    if before is not None:
        return compared.slice(1)
    is_top = pl.int_range(pl.len()) == 0
    return compared.with_columns(
        order=pl.when(is_top).then(pl.lit("after")).otherwise("order"),
        is_first=is_top | pl.col("is_first"),
    )


def _between(known: pl.Series, ids: pl.Series) -> pl.Series:
    """Those of the sorted ids that are not below the lowest or above the highest of others."""
    if ids.is_empty():
        return known.clear()
    lowest, highest = str(ids.min()), str(ids.max())
    start, end = known.search_sorted(lowest, "left"), known.search_sorted(highest, "right")
    return known.slice(start, end - start)


def _row(pairs: pl.DataFrame) -> str:
    row = pairs.drop("order", "is_first").row(0, named=True)
    return ", ".join(f"{name} {value}" for name, value in row.items())


def first_line(error: Exception) -> str:
    """What is wrong, of an error of several lines."""
    return next(iter(str(error).splitlines()), type(error).__name__)
