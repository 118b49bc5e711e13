"""Whether the rates of prompt injection in the books are those of the table of variants."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import polars as pl

from gettok.step import Json
from gettok.verification.books_check import BOOKS
from gettok.verification.table_checks import TableCheck

_TABLE = "prompt_injection"


def wrong_rates(content: Mapping[str, Json], checks: Mapping[str, TableCheck], folder: Path) -> Iterator[str]:
    """A line for each variable whose rates differ. `checks` are those of the tables that were read, by name.

    The books count the variants of withdrawn videos, which the table does not have, so both can be compared only where
    no video was withdrawn.
    """
    if _TABLE not in checks or content.get("withdrawn"):
        return
    found = _rates(folder / checks[_TABLE].file) if checks[_TABLE].rows else {}
    try:
        books = (content[_TABLE] or {"variables": {}})["variables"]
        names = sorted(books.keys() | found.keys())
    except (LookupError, TypeError, AttributeError) as error:
        yield f"{BOOKS} does not have the rates of a release: {type(error).__name__}: {error}"
        return
    for name in names:
        if books.get(name) != found.get(name):
            yield f"{BOOKS} has other rates of prompt injection than {_TABLE}.parquet for {name}"


def _rates(table: Path) -> Mapping[str, Json]:
    # few releases have variants, and what the rates are computed with takes as long to import as a check takes
    from gettok.annotate.prompt_injection.rates import rates_by_variable, stored  # noqa: PLC0415

    variants = pl.scan_parquet(table, glob=False)
    names = variants.select(pl.col("variable").unique()).collect()["variable"].drop_nulls()
    kept = stored(rates_by_variable(variants, names))
    rates: Mapping[str, Json] = kept["variables"] if kept else {}
    return rates
