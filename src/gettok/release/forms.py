"""The tables of a release in each of its forms: `gettok.tables.forms` says which columns each has."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import polars as pl

from gettok.annotate.values import COLUMN_OF
from gettok.release.comment_numbers import by_day, by_video
from gettok.release.inputs import Tables
from gettok.release.pseudonyms import Pseudonyms
from gettok.release.public import AT_LEAST, length, magnitude, rare_rows, under_pseudonyms
from gettok.release.texts import without_names
from gettok.settings import Codebook, Variable
from gettok.tables import ANNOTATIONS, COMMENTS_BY_DAY, COMMENTS_BY_VIDEO, TABLES, Column, Table
from gettok.tables.dataset import (
    DATASET,
    PSEUDONYM,
    QUASI_IDENTIFIERS,
    DatasetField,
    fields_in,
    variable_column_names,
    without_value,
)
from gettok.tables.forms import Form, columns_in
from gettok.tables.stored_rows import IdRange

#: In a file of a release: few enough that one group fits into memory wherever the file is written or read.
_ROWS_PER_GROUP = 20_000
#: The tables with votes.
_VOTED = ("annotations", "prompt_injection")


@dataclass(frozen=True)
class Sharing:
    """A form, and what the forms without names need: pseudonyms, and how many videos a public row must be like."""

    form: Form
    names: Pseudonyms
    smallest_group: int


class Part(NamedTuple):
    """A table of a release: its declaration, and its rows in parts, each of which fits into memory."""

    table: Table
    rows: Iterator[pl.DataFrame]


def variable_columns(name: str, variable: Variable, form: Form) -> dict[str, Column]:
    """The dataset's columns about a variable, each by its source among the columns of `annotations`."""
    if form == "ids_only":
        return {}
    value, names = COLUMN_OF[variable.kind], variable_column_names(name)
    columns = {
        value: Column(
            names["value"], ANNOTATIONS.schema[value], f"The value of `{name}`: {variable.question}"
        ),
        "abstained": Column(
            names["abstained"], pl.Boolean, f"Whether the model says that it cannot tell `{name}`."
        ),
        "confidence": Column(
            names["confidence"], pl.Float64, f"How well the value of `{name}` is supported, from 0 to 1."
        ),
        "confidence_by": Column(
            names["confidence_by"],
            pl.String,
            f"How the confidence of `{name}` was measured: `votes`, `models` or `logprobs`.",
        ),
        "reason": Column(names["reason"], pl.String, f"Why there is no value of `{name}`."),
    }
    if not variable.abstain:
        del columns["abstained"]
    if without_value(variable.kind, form):
        del columns[value]
    return columns


def dataset(tables: Tables, sharing: Sharing) -> Part:
    """One row for each video, with the columns that the form has."""
    fields = fields_in(sharing.form)
    of_variables = {
        name: variable_columns(name, variable, sharing.form)
        for name, variable in tables.codebook.variables.items()
    }
    declared = [field.column for field in fields]
    declared += [column for columns in of_variables.values() for column in columns.values()]
    table = _declared(replace(DATASET, columns=tuple(declared)), sharing.form)
    kept = _without_rare_numbers(tables, sharing) if sharing.form == "public" else ()
    joined = ((ids, _joined(tables, ids, fields, of_variables, sharing.names)) for ids in tables.ranges)
    return Part(
        table, (_collected(part.with_columns(kept), table, tables, ids, sharing) for ids, part in joined)
    )


def _collected(
    part: pl.LazyFrame, table: Table, tables: Tables, ids: IdRange, sharing: Sharing
) -> pl.DataFrame:
    """The rows of the videos of a range, with names as the form shows them."""
    rows = part.select(table.schema.names()).sort(table.sort).collect()
    if sharing.form == "controlled":
        authors = tables.rows("videos", ids).select("video_id", "username").collect()
        return without_names(rows, dict(authors.iter_rows()), sharing.names)
    return under_pseudonyms(rows, sharing.names) if sharing.form == "public" else rows


def _without_rare_numbers(tables: Tables, sharing: Sharing) -> pl.Expr:
    """The numbers that TikTok shows, without those of the videos that too few others are like."""
    fields = [field for field in fields_in("public") if field.column.name in ("video_id", *QUASI_IDENTIFIERS)]
    parts = [_joined(tables, ids, fields, {}, sharing.names).collect() for ids in tables.ranges]
    rare = rare_rows(pl.concat(parts), sharing.smallest_group)
    return pl.when(~pl.col("video_id").is_in(rare.implode())).then(pl.col(AT_LEAST))


def _declared(table: Table, form: Form) -> Table:
    if form == "public":
        columns = (PSEUDONYM if column.name == PSEUDONYM.name else column for column in table.columns)
        table = replace(table, columns=tuple(columns))
    return table if "image" in table.schema else replace(table, rows_per_group=_ROWS_PER_GROUP)


def _joined(
    tables: Tables,
    ids: IdRange,
    fields: Iterable[DatasetField],
    of_variables: Mapping[str, Mapping[str, Column]],
    names: Pseudonyms,
) -> pl.LazyFrame:
    """The rows of the videos of a range, with the columns of all tables."""
    joined = tables.rows("videos", ids).select("video_id")
    facts = [field for field in fields if field.column.name != "video_id"]
    for name in dict.fromkeys(field.table for field in facts):
        columns = {field.column.name: _made(field, names) for field in facts if field.table == name}
        joined = joined.join(tables.rows(name, ids).select("video_id", **columns), on="video_id", how="left")
    sources = {source for columns in of_variables.values() for source in columns}
    annotations = tables.rows("annotations", ids).select("video_id", "variable", *sorted(sources)).collect()
    for name, of_variable in of_variables.items():
        rows = annotations.lazy().filter(pl.col("variable") == name)
        columns = {column.name: pl.col(source) for source, column in of_variable.items()}
        joined = joined.join(rows.select("video_id", **columns), on="video_id", how="left")
    return joined


def _made(field: DatasetField, names: Pseudonyms) -> pl.Expr:
    """A column of the dataset, from its source."""
    match field.change:
        case "account":
            return names.column("account", field.source)
        case "day":
            return pl.col(field.source).dt.date()
        case "magnitude":
            return magnitude(field.source)
        case "length":
            return length(field.source)
        case "as_is":
            return pl.col(field.source)


def released(tables: Tables, sharing: Sharing) -> list[Part]:
    """The tables beside the dataset, with the columns that the form has."""
    cut = [
        _cut(tables, name, columns, sharing)
        for name in sorted(tables.named())
        if (columns := columns_in(name, sharing.form))
    ]
    return [*cut, *_of_comments(tables, sharing)] if "comments" in tables.named() else cut


def _of_comments(tables: Tables, sharing: Sharing) -> Iterator[Part]:
    """The tables that have comments in numbers."""
    days, videos = (
        _of_columns(table, columns_in(table.name, sharing.form), sharing)
        for table in (COMMENTS_BY_DAY, COMMENTS_BY_VIDEO)
    )
    if days.columns:
        found = by_day(tables.rows("comments"), sharing.smallest_group)
        rows = found.select(days.schema.names()).sort(days.sort).collect(engine="streaming")
        yield Part(days, iter([rows]))
    if videos.columns:
        parts = ((ids, by_video(tables.rows("comments", ids))) for ids in tables.ranges)
        yield Part(videos, (_collected(part, videos, tables, ids, sharing) for ids, part in parts))


def _of_columns(table: Table, wanted: Collection[str], sharing: Sharing) -> Table:
    columns = (column for column in table.columns if column.name in wanted)
    return _declared(replace(table, columns=tuple(columns)), sharing.form)


def _cut(tables: Tables, name: str, wanted: frozenset[str], sharing: Sharing) -> Part:
    table = _of_columns(TABLES[name], wanted & set(tables.rows(name).collect_schema()), sharing)
    kept = _without_words(tables.codebook, sharing.form) if name in _VOTED else ()
    parts = ((ids, tables.rows(name, ids).with_columns(kept)) for ids in tables.ranges)
    return Part(table, (_collected(part, table, tables, ids, sharing) for ids, part in parts))


def _without_words(codebook: Codebook, form: Form) -> pl.Expr:
    """Without the votes that are words of the model or of the video, in the forms that do not have these."""
    in_words = [name for name, variable in codebook.variables.items() if without_value(variable.kind, form)]
    return pl.when(~pl.col("variable").is_in(in_words)).then(pl.col("votes", "tied_with"))
