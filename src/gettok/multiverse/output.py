"""The files of a multiverse, an HTML page among them; the same specifications give the same bytes."""

from base64 import b64encode
from io import BytesIO
from pathlib import Path

import polars as pl

from gettok.multiverse import flips
from gettok.multiverse.analysis import MEANINGS, Multiverse, as_frame, as_json, reasons
from gettok.multiverse.specification_curve import curves, draw
from gettok.multiverse.specifications import differing, in_words
from gettok.report.rendering import render
from gettok.store.atomic_write import atomic_write, write_json
from gettok.tables.spreadsheet import write_csv

#: Rows shown on the page; the files have all.
_MAX_ROWS = 100


def write(multiverse: Multiverse, folder: Path) -> None:
    """Write the files; what else is in the folder stays."""
    table, curve_svg = as_frame(multiverse), draw(multiverse)
    atomic_write(folder / "multiverse.parquet", _parquet(table))
    write_csv(table, folder / "multiverse.csv")
    write_csv(flips.as_frame(multiverse.flips, multiverse.specifications), folder / "flips.csv")
    write_json(folder / "multiverse.json", as_json(multiverse))
    atomic_write(folder / "multiverse.svg", curve_svg.encode())
    atomic_write(folder / "index.html", _page(multiverse, curve_svg).encode())


def _parquet(table: pl.DataFrame) -> bytes:
    buffer = BytesIO()
    table.write_parquet(buffer, compression="zstd")
    return buffer.getvalue()


def _page(multiverse: Multiverse, curve_svg: str) -> str:
    """One HTML file with the tables and the figure, which loads nothing, runs nothing and escapes every text."""
    specifications = multiverse.specifications
    by_kappa = sorted(multiverse.pairs, key=lambda pair: (pair.kappa is None, pair.kappa or 0.0))
    return render(
        "multiverse.html",
        beside=Path(__file__).parent,
        study=multiverse.study,
        multiverse=multiverse,
        compared=multiverse.compared,
        frame=as_frame(multiverse).to_dicts(),
        settings=[axis.setting for axis in multiverse.axes],
        values={
            key: [in_words(value) for value in values] for key, values in differing(specifications).items()
        },
        reasons=reasons(specifications),
        names=[specification.name for specification in specifications],
        curves=curves(multiverse),
        curve_svg="data:image/svg+xml;base64," + b64encode(curve_svg.encode()).decode(),
        lowest_kappas=by_kappa[:_MAX_ROWS],
        most_contested=multiverse.flips[:_MAX_ROWS],
        meanings=MEANINGS,
    )
