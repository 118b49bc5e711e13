"""The last check of a public release: nothing in its files is a value by which a video of the study can be found."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from gettok.errors import Damaged
from gettok.release.forms import Sharing
from gettok.release.inputs import Tables
from gettok.release.public import AT_LEAST
from gettok.tables import Table
from gettok.tables.dataset import QUASI_IDENTIFIERS
from gettok.tables.forms import columns_in

#: The tables with what TikTok shows of a video, or what anybody can measure of its file.
_SHOWN = ("videos", "media", "captions", "transcripts", "descriptions")
#: A number with more digits than these, but for zeros at its ends, is not released.
_DIGITS_BY_CHANCE = 2
#: Public in the dataset.
_SHARED = {"region_code", "reason", "status"}


def refuse_identifiable(folder: Path, released: Sequence[Table], tables: Tables, sharing: Sharing) -> None:
    """Raise `Damaged` if a value of the written files finds its video, or a row is like too few others.

    A value finds a video if too few rows of the release have it, and it is an id, name, text, count, time or digest of
    that video and of no other one of the study.
    """
    for table in released:
        _refuse_times(table)
    _refuse_small_groups(folder, sharing.smallest_group)
    of_videos = [table for table in released if "video_id" in table.schema]
    for table in released:
        if table not in of_videos:
            _refuse_few_videos(folder, table, sharing.smallest_group)
    ids = tables.rows("videos").select("video_id").collect()["video_id"]
    real = pl.DataFrame({"pseudonym": sharing.names.series("video", ids), "video_id": ids})
    few = pl.concat([_few(folder, table, sharing.smallest_group) for table in of_videos])
    _refuse_finding(few.join(real, on="pseudonym"), tables)


def _refuse_times(table: Table) -> None:
    for column, dtype in table.schema.items():
        if dtype.base_type() in (pl.Datetime, pl.Binary):
            raise _identifiable(f"the column {column} of {table.name} has exact times or pictures")


def _few(folder: Path, table: Table, smallest_group: int) -> pl.DataFrame:
    """The values of a written table that too few videos have, each with its column and the pseudonym of the video."""
    rows = table.stored(folder / f"{table.name}.parquet").lazy()
    found = [pl.DataFrame(schema={"pseudonym": pl.String, "where": pl.String, "value": pl.String})]
    for column, dtype in table.schema.items():
        if column == "video_id":
            continue
        values = rows.select(pseudonym="video_id", where=pl.lit(f"{column} of {table.name}"), value=column)
        if isinstance(dtype, pl.List):
            values = values.explode("value")
        values = values.with_columns(_as_text("value")).drop_nulls("value").unique()
        found.append(values.filter(pl.len().over("value") < smallest_group).collect())
    return pl.concat(found)


def _as_text(column: str) -> pl.Expr:
    """A value as text: a number and the same number as text are alike, and so are capitals."""
    return pl.col(column).cast(pl.String).str.strip_chars().str.to_lowercase()


def _refuse_finding(few: pl.DataFrame, tables: Tables) -> None:
    for name in _SHOWN:
        rows, public = tables.rows(name), columns_in(name, "public") | _SHARED
        for column, dtype in rows.collect_schema().items():
            if column in public - {"video_id"} or dtype.is_nested():
                continue
            values = rows.select("video_id", value=_as_text(column)).filter(_is_telling(dtype))
            same = values.unique().join(few.lazy(), on="value", suffix="_released").collect()
            alone = same.filter(pl.col("video_id").n_unique().over("value") == 1)
            if not (found := alone.filter(pl.col("video_id") == pl.col("video_id_released"))).is_empty():
                where = found["where"].sort()[0]
                raise _identifiable(f"a value of {where} is the {column} of its video alone, which finds it")


def _is_telling(dtype: pl.DataType) -> pl.Expr:
    """Whether a value, as text, can find a video: a number of one or two digits is that of any video by chance."""
    digits = pl.col("value").str.replace_all(r"\D", "").str.strip_chars("0")
    return digits.str.len_bytes() > _DIGITS_BY_CHANCE if dtype.is_numeric() else pl.lit(value=True)


def _refuse_small_groups(folder: Path, smallest_group: int) -> None:
    rows = pl.scan_parquet(folder / "dataset.parquet").select(*QUASI_IDENTIFIERS)
    groups = rows.group_by(QUASI_IDENTIFIERS).len().filter(pl.col("len") < smallest_group)
    if groups.filter(pl.any_horizontal(pl.col(AT_LEAST).is_not_null())).select(pl.len()).collect().item():
        raise _identifiable("rows with numbers are alike in too few videos")


def _refuse_few_videos(folder: Path, table: Table, smallest_group: int) -> None:
    """In a table that is not by video, each row must say of how many videos it is."""
    rows = table.stored(folder / f"{table.name}.parquet").lazy()
    if rows.filter(pl.col("videos") < smallest_group).select(pl.len()).collect().item():
        raise _identifiable(f"a row of {table.name} is about too few videos")


def _identifiable(what: str) -> Damaged:
    return Damaged(
        f"the public release would not be anonymous: {what}",
        "wrote nothing",
        "release another form, such as release=controlled, and report this: the columns of a public release are chosen"
        " so that it cannot happen",
    )
