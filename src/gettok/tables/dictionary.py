"""The data dictionary: every table and column with its sentence, as Markdown."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

import polars as pl

from gettok.errors import REASONS
from gettok.tables import Column, Table

_TYPES: dict[pl.datatypes.DataTypeClass, str] = {
    pl.String: "text",
    pl.Int64: "whole number",
    pl.Float64: "number",
    pl.Boolean: "yes or no",
    pl.Date: "day",
    pl.Datetime: "time (UTC)",
    pl.Binary: "bytes",
}


#: Names the forms of a release that have a column of a table.
FormsOf: TypeAlias = Callable[[str, str], Sequence[str]]


def markdown(tables: Iterable[Table], forms_of: FormsOf | None = None) -> str:
    """The dictionary of the given tables, with the closed list of reasons if a table has a column of reasons.

    With `forms_of` it also says which forms of a release have each column.
    """
    tables = list(tables)
    names = {column.name for table in tables for column in table.columns}
    parts = ["# Data dictionary\n", *(_table(table, forms_of) for table in tables)]
    if any(name == "reason" or name.endswith("_because") for name in names):
        parts.append(_reasons())
    return "\n".join(parts)


def type_name(dtype: pl.DataType | pl.datatypes.DataTypeClass) -> str:
    """A column's type in words."""
    if isinstance(dtype, pl.List):
        return f"list of {type_name(dtype.inner)}"
    if isinstance(dtype, pl.Struct):
        return " + ".join(f"{field.name} ({type_name(field.dtype)})" for field in dtype.fields)
    return _TYPES[dtype.base_type()]


def _table(table: Table, forms_of: FormsOf | None) -> str:
    rows = "".join(_row(column, _forms(table, column, forms_of)) for column in table.columns)
    head = ("column", "type", *(("in releases",) if forms_of else ()), "meaning")
    line = "|".join("---" for _ in head)
    return f"## {table.name}\n\n{table.sentence} Sorted by {', '.join(table.sort)}.\n\n| {' | '.join(head)} |\n|{line}|\n{rows}"


def _forms(table: Table, column: Column, forms_of: FormsOf | None) -> str:
    return f" {', '.join(forms_of(table.name, column.name)) or 'none'} |" if forms_of else ""


def _row(column: Column, forms: str) -> str:
    sentence = column.sentence.replace("|", r"\|")
    return f"| `{column.name}` | {type_name(column.dtype)} |{forms} {sentence} |\n"


def _reasons() -> str:
    rows = "".join(f"| `{reason}` | {sentence} |\n" for reason, sentence in REASONS.items())
    return f"## Reasons\n\nWhy a video has no result at a stage.\n\n| reason | meaning |\n|---|---|\n{rows}"
