"""The files of a multiverse; the same specifications give the same bytes."""

import json
from io import BytesIO
from pathlib import Path

import polars as pl

from gettok.multiverse import flips
from gettok.multiverse.page import html
from gettok.multiverse.picture import draw
from gettok.multiverse.summary import Multiverse, as_frame, as_json
from gettok.release.spreadsheet import write_csv
from gettok.store.atomic_write import write_whole


def write(whole: Multiverse, folder: Path) -> None:
    """Write the files; what else is in the folder stays."""
    table, picture = as_frame(whole), draw(whole)
    text = json.dumps(as_json(whole), indent=2, ensure_ascii=False, allow_nan=False, sort_keys=True)
    write_whole(folder / "multiverse.parquet", _parquet(table))
    write_csv(table, folder / "multiverse.csv")
    write_csv(flips.as_frame(whole.flips, whole.specifications), folder / "flips.csv")
    write_whole(folder / "multiverse.json", f"{text}\n".encode())
    write_whole(folder / "multiverse.svg", picture.encode())
    write_whole(folder / "index.html", html(whole, picture).encode())


def _parquet(table: pl.DataFrame) -> bytes:
    buffer = BytesIO()
    table.write_parquet(buffer, compression="zstd")
    return buffer.getvalue()
