"""The data dictionary: every table and column with its sentence, as Markdown."""

from collections.abc import Iterable

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


def markdown(tables: Iterable[Table]) -> str:
    """The dictionary of the given tables, with the closed list of reasons if a table has a column of reasons."""
    tables = list(tables)
    names = {column.name for table in tables for column in table.columns}
    parts = ["# Data dictionary\n", *(_table(table) for table in tables)]
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


def _table(table: Table) -> str:
    rows = (_row(column) for column in table.columns)
    head = "| column | type | meaning |\n|---|---|---|\n"
    return f"## {table.name}\n\n{table.sentence} Sorted by {', '.join(table.sort)}.\n\n{head}{''.join(rows)}"


def _row(column: Column) -> str:
    sentence = column.sentence.replace("|", r"\|")
    return f"| `{column.name}` | {type_name(column.dtype)} | {sentence} |\n"


def _reasons() -> str:
    rows = "".join(f"| `{reason}` | {sentence} |\n" for reason, sentence in REASONS.items())
    return f"## Reasons\n\nWhy a video has no result at a stage.\n\n| reason | meaning |\n|---|---|\n{rows}"
