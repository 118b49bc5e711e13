"""A public release: rows under pseudonyms, and of the numbers that TikTok shows no more than many videos have alike."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import polars as pl

from gettok.release.pseudonyms import Pseudonyms
from gettok.tables import Table
from gettok.tables.dataset import LENGTHS, QUASI_IDENTIFIERS

#: Empty in a row that too few others are like.
AT_LEAST = [name for name in QUASI_IDENTIFIERS if name.endswith("_at_least")]
_SIGNIFICANT_DIGITS = 2


def magnitude(column: str) -> pl.Expr:
    """The power of ten at or below a count; 0 for 0."""
    digits = pl.col(column).cast(pl.String).str.len_bytes()
    return pl.when(pl.col(column) > 0).then(pl.lit(10, pl.Int64).pow(digits - 1)).otherwise(_zero(column))


def _zero(column: str) -> pl.Expr:
    return pl.when(pl.col(column).is_not_null()).then(pl.lit(0, pl.Int64))


def length(column: str) -> pl.Expr:
    """The lower end of the range of lengths in which seconds lie."""
    return pl.max_horizontal(
        pl.when(pl.col(column) >= lowest).then(pl.lit(lowest, pl.Int64)) for lowest in LENGTHS
    )


def rare_rows(rows: pl.DataFrame, smallest_group: int) -> pl.Series:
    """The ids of the videos whose day, region and magnitudes are those of fewer videos than a group must have."""
    return rows.filter(pl.len().over(QUASI_IDENTIFIERS) < smallest_group)["video_id"]


def under_pseudonyms(rows: pl.DataFrame, names: Pseudonyms) -> pl.DataFrame:
    """The rows with a pseudonym as `video_id`, and measured numbers to two digits: exact ones tell the videos apart."""
    return rows.with_columns(
        names.column("video", "video_id"), pl.col(pl.Float64).round_sig_figs(_SIGNIFICANT_DIGITS)
    )


def in_order(parts: Iterable[pl.DataFrame], table: Table, scratch: Path) -> Iterator[pl.DataFrame]:
    """The rows in the order of their pseudonyms, which says nothing of the order of the ids.

    The rows go to files in the folder `scratch`, by the first digit of the pseudonym, so that one of them fits into
    memory.
    """
    scratch.mkdir()
    for place, part in enumerate(parts):
        for (digit,), rows in part.group_by(pl.col("video_id").str.slice(1, 1)):
            rows.write_parquet(scratch / f"{digit}-{place}.parquet")
    for digit in sorted({file.name[0] for file in scratch.iterdir()}):
        files = sorted(scratch.glob(f"{digit}-*.parquet"))
        yield pl.concat([pl.read_parquet(file) for file in files]).sort(table.sort)
        for file in files:
            file.unlink()
    scratch.rmdir()
