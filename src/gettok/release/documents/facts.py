"""Numbers that the documents of a release give, from its tables."""

import math
from dataclasses import dataclass
from datetime import date
from itertools import chain

import polars as pl

from gettok.release.inputs import Tables
from gettok.tables.stored_rows import Rows

#: The tables whose answers are paid for.
_PAID = ("descriptions", "annotations", "prompt_injection")


@dataclass(frozen=True)
class Observed:
    """On which days (UTC) the videos were first seen, and on which the values in the tables were observed."""

    first: date
    first_until: date
    values: date
    values_until: date


@dataclass(frozen=True)
class Paid:
    """US dollars that the answers of the tables cost, each counted once; how many have a price, and how many none."""

    usd: float
    known: int
    unknown: int


def observed(tables: Tables) -> Observed | None:
    """None if no video says when it was observed."""
    seen = pl.coalesce("first_observed_at", "observed_at").dt.date()
    values = pl.col("observed_at").dt.date()
    found = tables.rows("videos").select(
        first=seen.min(), first_until=seen.max(), values=values.min(), values_until=values.max()
    )
    days = found.collect().row(0, named=True)
    return None if None in days.values() else Observed(**days)


def cost(tables: Tables, cascade: Rows | None) -> Paid:
    """Of descriptions, annotations and variants, and of the answers of a cascade's small model."""
    paid: list[pl.LazyFrame] = [tables.rows(name) for name in _PAID if name in tables.named()]
    paid += [] if cascade is None else [cascade.lazy()]
    prices = [_prices(rows) for rows in paid]
    unknown = sum(of_table.null_count() for of_table in prices)
    known = chain.from_iterable(of_table.drop_nulls() for of_table in prices)
    # exactly rounded, so that the order of the rows does not matter
    return Paid(round(math.fsum(known), 6), sum(map(len, prices)) - unknown, unknown)


def _prices(rows: pl.LazyFrame) -> pl.Series:
    """Of each answer that a model gave: videos with the same inputs share one, and a group's call has one price."""
    asked = rows.filter(pl.col("answer_key").is_not_null() & pl.col("model").is_not_null())
    # of a million videos, the keys themselves would take hundreds of megabytes
    by_answer = asked.group_by(pl.col("answer_key").hash()).agg(pl.col("cost_usd").max())
    return by_answer.collect(engine="streaming")["cost_usd"]
