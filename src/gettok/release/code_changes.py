"""How the codes of one variable differ between two datasets: which labels became which, and whose shares moved."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from gettok.tables.dataset import variable_column_names


@dataclass(frozen=True)
class Recoded:
    """How many videos changed from one code to another. A reason or `abstained` stands in brackets for no code."""

    old: str
    new: str
    videos: int


@dataclass(frozen=True)
class MovedShare:
    """A label's share of the videos that have a code, in both releases, and its move in percentage points."""

    label: str
    old: float | None
    new: float | None
    points: float | None


@dataclass(frozen=True)
class VariableChange:
    """One variable: how many of the `compared` videos of both releases changed, and the shares among all with a code.

    Numbers, texts and quotations are only counted: almost each is a code of its own.
    """

    name: str
    compared: int
    changed: int
    recoded: tuple[Recoded, ...]
    coded_videos: tuple[int, int]
    shares: tuple[MovedShare, ...]

    @property
    def is_empty(self) -> bool:
        return not (self.changed or self.shares)


def variable_change(
    name: str, old: pl.LazyFrame, new: pl.LazyFrame, key: str, *, has_labels: bool
) -> VariableChange | None:
    """Compare the columns about a variable of two datasets; None if one of them lacks its values."""
    sides = [_codes(name, dataset, key) for dataset in (old, new)]
    if any("value" not in side.columns for side in sides):
        return None
    before, after = sides
    both = before.join(after, on=key, how="inner", suffix="_new")
    changed = both.filter(pl.col("code").ne_missing(pl.col("code_new")))
    recoded = (
        changed.group_by("code", "code_new")
        .len()
        .sort("len", "code", "code_new", descending=[True, False, False])
    )
    return VariableChange(
        name,
        both.height,
        changed.height,
        tuple(Recoded(*row) for row in recoded.iter_rows()) if has_labels else (),
        (before["value"].count(), after["value"].count()),
        tuple(_moved(before["value"], after["value"])) if has_labels else (),
    )


def _codes(name: str, dataset: pl.LazyFrame, key: str) -> pl.DataFrame:
    """A video's value, and its code in words: the value, or why there is none."""
    names, columns = variable_column_names(name), dataset.collect_schema()
    if names["value"] not in columns:
        return dataset.select(key).head(0).collect()
    value, is_list = pl.col(names["value"]), isinstance(columns[names["value"]], pl.List)
    in_words = value.list.sort().list.join(", ").replace("", "[none]") if is_list else value.cast(pl.String)
    reason = pl.col(names["reason"]) if names["reason"] in columns else pl.lit(None, pl.String)
    abstained = pl.col(names["abstained"]) if names["abstained"] in columns else pl.lit(value=False)
    why = pl.when(abstained).then(pl.lit("abstained")).otherwise(pl.coalesce(reason, pl.lit("missing")))
    return dataset.select(key, value=value, code=pl.coalesce(in_words, pl.format("[{}]", why))).collect()


def _moved(old: pl.Series, new: pl.Series) -> Sequence[MovedShare]:
    counts = [_counts(values) for values in (old, new)]
    totals = old.count(), new.count()
    moved = []
    for label in sorted(counts[0].keys() | counts[1].keys()):
        before, after = (
            100 * found.get(label, 0) / total if total else None
            for found, total in zip(counts, totals, strict=True)
        )
        if before != after:
            points = None if before is None or after is None else _rounded(after - before)
            moved.append(MovedShare(label, _rounded(before), _rounded(after), points))
    return moved


def _counts(values: pl.Series) -> dict[str, int]:
    labels = values.explode() if isinstance(values.dtype, pl.List) else values
    return dict(labels.drop_nulls().value_counts().iter_rows())


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2) + 0.0
