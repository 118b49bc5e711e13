"""The README.md of a release: its header for Hugging Face, its files, and its known limits."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import polars as pl
import yaml

from gettok.errors import counted
from gettok.release.documents.about import About
from gettok.release.documents.collection_text import period, uncovered_lines
from gettok.release.documents.losses import losses, losses_of_source
from gettok.release.documents.rendering import be
from gettok.release.inputs import Tables
from gettok.release.workbook import CUT, MAX_ROWS, MAX_UNITS, Fit
from gettok.tables import Table
from gettok.tables.dataset import PSEUDONYM
from gettok.verification.checksums import CHECKSUMS

#: What is in each file that is not one of the tables.
FILES: Mapping[str, str] = MappingProxyType(
    {
        "dataset.csv": "The rows of `dataset` as text, made safe for a spreadsheet.",
        "dataset.xlsx": "The same rows for Excel, and their data dictionary on a second sheet.",
        "data_dictionary.md": "Each table and column with its meaning, and the reasons why results are missing.",
        "books.json": "How many videos each stage was asked about, and what became of them.",
        "provenance.json": "Settings, models and versions that the tables were made with.",
        "datasheet.md": "The run's answers to the questions of a datasheet for datasets.",
        "methods.md": "A methods section for a paper.",
    }
)
#: The files that are written after `README.md`, so that it does not know how large they are; and itself.
LATER: Mapping[str, str] = MappingProxyType(
    {
        "README.md": "What you are reading.",
        "CITATION.cff": "How to cite this release, in the Citation File Format.",
        "croissant.json": "The release in Croissant, with what is known of its limits.",
        "datapackage.json": "The release as a Data Package, with a schema of each table.",
        "ro-crate-metadata.json": "The release as an RO-Crate, with each of its files.",
        CHECKSUMS: "The SHA-256 of every other file.",
    }
)


class _File(NamedTuple):
    name: str
    rows: str
    bytes: str
    sentence: str


def readme_values(  # noqa: PLR0913 -- as for `write_documents`
    folder: Path, tables: Tables, parts: Sequence[Table], *, fit: Fit, about: About, withdrawn: int
) -> dict[str, Any]:
    """What the template takes beyond what it shares with the other documents."""
    return {
        "header": _header(about.title, parts),
        "period": period(about.settings) if about.settings else "",
        "files": list(_files(folder, parts, fit.rows)),
        "key": parts[0].sort[0],
        "path": "",
        "folder": ".",
        "fit": fit,
        "cut": CUT.strip(),
        "max_rows": MAX_ROWS,
        "max_units": MAX_UNITS,
        "limits": list(_limits(tables, parts[0], about, withdrawn)),
        "has_methods": about.settings is not None,
    }


def _header(title: str, parts: Sequence[Table]) -> str:
    """Tells Hugging Face that each table is a dataset of its own; without it, they would be taken for one."""
    configs = [{"config_name": table.name, "data_files": f"{table.name}.parquet"} for table in parts]
    content = {"pretty_name": title, "configs": [{**configs[0], "default": True}, *configs[1:]]}
    return f"---\n{yaml.safe_dump(content, allow_unicode=True, sort_keys=False)}---"


def _files(folder: Path, parts: Sequence[Table], rows: int) -> Iterator[_File]:
    tables = {f"{table.name}.parquet": table for table in parts}
    written = {file.name for file in folder.iterdir()} - LATER.keys()
    for name in [*tables, *sorted(written - tables.keys())]:
        path, of_dataset = folder / name, name in ("dataset.csv", "dataset.xlsx")
        count = pl.scan_parquet(path).select(pl.len()).collect().item() if name in tables else rows
        sentence = tables[name].sentence if name in tables else FILES.get(name, "")
        shown = f"{count:,}" if name in tables or of_dataset else ""
        yield _File(name, shown, f"{path.stat().st_size:,}", sentence)
    for name, sentence in LATER.items():
        yield _File(name, "", "", sentence)


def _limits(tables: Tables, dataset: Table, about: About, withdrawn: int) -> Iterator[str]:
    yield "Videos that were deleted or private when they were looked for are missing; others may be gone by now."
    if about.collection is not None and (lost := losses_of_source(about.collection)):
        yield lost
    yield from uncovered_lines(tables)
    yield from losses(tables.books)
    if withdrawn:
        yield (
            f"{counted(withdrawn, 'video')} {be(withdrawn)} left out, as people asked for it. The books count"
            f" {'it' if withdrawn == 1 else 'them'}."
        )
    yield from _names(dataset)
    if about.settings is not None and about.settings.release.although_overdue:
        yield (
            "Its settings allow a release while a refresh is overdue by TikTok's terms, so more of its videos may be"
            " gone."
        )
    if len(dataset.columns) > 1:
        yield "What models made of the videos, such as transcripts, descriptions and labels, can be wrong."
    yield (
        "In `dataset.csv`, a text that begins like a formula has an apostrophe in front, and control characters are"
        " left out; `dataset.parquet` has every text without these changes."
    )


def _names(dataset: Table) -> Iterator[str]:
    """What stands in place of ids, names and exact numbers."""
    if PSEUDONYM in dataset.columns:
        yield (
            "`video_id` and `account` are pseudonyms. Counts and lengths are given by their magnitude, and left out of"
            " rows that too few others are like."
        )
    elif "account" in dataset.schema:
        yield (
            "`account` is a pseudonym. In texts, pseudonyms stand for each name after an `@`, and for the author's"
            " name; other names that a text mentions are as they were."
        )
