"""The files of a multiverse; the same specifications give the same bytes."""

from io import BytesIO
from pathlib import Path

import polars as pl

from gettok.multiverse import flips
from gettok.multiverse.page import html
from gettok.multiverse.picture import draw
from gettok.multiverse.summary import Multiverse, as_frame, as_json
from gettok.release.spreadsheet import write_csv
from gettok.store.atomic_write import atomic_write, write_json


def write(whole: Multiverse, folder: Path) -> None:
    """Write the files; what else is in the folder stays."""
    table, picture = as_frame(whole), draw(whole)
    atomic_write(folder / "multiverse.parquet", _parquet(table))
    write_csv(table, folder / "multiverse.csv")
    write_csv(flips.as_frame(whole.flips, whole.specifications), folder / "flips.csv")
    write_json(folder / "multiverse.json", as_json(whole))
    atomic_write(folder / "multiverse.svg", picture.encode())
    atomic_write(folder / "index.html", html(whole, picture).encode())


def _parquet(table: pl.DataFrame) -> bytes:
    buffer = BytesIO()
    table.write_parquet(buffer, compression="zstd")
    return buffer.getvalue()
