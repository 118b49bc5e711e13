"""Verifies a release folder by what is in it: checksums, tables, keys, books and provenance agree."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from gettok.step import Json
from gettok.tables.dataset import DATASET
from gettok.tables.dictionary_reading import DeclaredTable, declared_tables
from gettok.verification.books_check import BOOKS, wrong_books
from gettok.verification.checksums import CHECKSUMS, files_below, recorded_checksums, wrong_files
from gettok.verification.csv_check import CsvComparison, csv_comparison
from gettok.verification.form_check import PROVENANCE, wrong_form
from gettok.verification.rates_check import wrong_rates
from gettok.verification.table_checks import DICTIONARY, TableCheck, check_table


@dataclass(frozen=True)
class Verification:
    """What is wrong with a release, a line for each problem, and what it has."""

    problems: tuple[str, ...]
    files: int
    videos: int
    form: str


def bytes_to_read(folder: Path) -> int:
    """The bytes that `verify` reads: of all files once, and of tables a second time; the CSV counts with its table."""
    sizes = {name: path.stat().st_size for name, path in files_below(folder).items() if path.is_file()}
    sizes.pop(CHECKSUMS, None)
    return sum(sizes.values()) + sum(size for name, size in sizes.items() if name.endswith(".parquet"))


def verify(folder: Path, on_bytes: Callable[[int], object] = lambda _: None) -> Verification:
    """Check all files of a folder; nothing outside it is read. A problem does not end the checks.

    `on_bytes` is told how many more bytes are read, `bytes_to_read(folder)` in all.
    """
    problems: list[str] = []
    digests, wrong_lines = recorded_checksums(folder)
    problems += wrong_lines
    problems += wrong_files(folder, digests, on_bytes)
    provenance = _read_json(folder / PROVENANCE, problems)
    declared = _declared(folder, problems)
    problems += wrong_form(provenance, declared)
    with csv_comparison(folder) as csv:
        checks = _check_tables(folder, declared, on_bytes, csv)
        problems += [problem for check in checks.values() for problem in check.problems.values()]
        dataset = checks.get(DATASET.name)
        if dataset is not None and dataset.is_read:
            problems += filter(None, [csv.problem(folder, dataset.key)])
    if books := _read_json(folder / BOOKS, problems):
        read = {name: check for name, check in checks.items() if check.is_read}
        problems += wrong_books(books, read)
        problems += wrong_rates(books, read, folder)
    form = str(provenance.get("form", "unknown"))
    return Verification(tuple(problems), len(files_below(folder)), dataset.rows if dataset else 0, form)


def _read_json(path: Path, problems: list[str]) -> dict[str, Json]:
    """A file's object; empty, and a problem, if it has none."""
    try:
        content: Json = json.loads(path.read_bytes())
    except FileNotFoundError:
        problems.append(f"{path.name} is missing")
        return {}
    except ValueError as error:
        problems.append(f"{path.name} is not JSON: {error}")
        return {}
    if not isinstance(content, dict) or not content:
        problems.append(f"{path.name} has no JSON object with content")
        return {}
    return content


def _declared(folder: Path, problems: list[str]) -> dict[str, DeclaredTable]:
    """The tables that the dictionary and the folder have; those that one of them lacks are problems."""
    try:
        declared = declared_tables((folder / DICTIONARY).read_text("utf-8"))
    except (FileNotFoundError, UnicodeDecodeError) as error:
        missing = isinstance(error, FileNotFoundError)
        problems.append(f"{DICTIONARY} is {'missing' if missing else 'not text in UTF-8'}")
        return {}
    files = {path.stem for path in folder.glob("*.parquet")}
    problems += [
        f"{name}.parquet is missing, which {DICTIONARY} has" for name in declared if name not in files
    ]
    problems += [f"{name}.parquet is not in {DICTIONARY}" for name in sorted(files - declared.keys())]
    if DATASET.name not in declared:
        problems.append(f"{DICTIONARY} has no {DATASET.name}")
    return {name: table for name, table in declared.items() if name in files}


def _check_tables(
    folder: Path, tables: dict[str, DeclaredTable], on_bytes: Callable[[int], object], csv: CsvComparison
) -> dict[str, TableCheck]:
    """The dataset first: its ids are those that the others may have, and the first column of its key is theirs."""
    if DATASET.name not in tables:
        return {}
    key = tables[DATASET.name].sort[0]
    dataset = TableCheck(tables[DATASET.name], key)
    checks = {DATASET.name: dataset}
    check_table(folder / dataset.file, dataset, on_bytes, csv.add)
    known = pl.concat([pl.Series(dtype=pl.String), *dataset.ids]).sort() if dataset.is_read else None
    for name, table in tables.items():
        if name != DATASET.name:
            checks[name] = TableCheck(table, key, known)
            check_table(folder / checks[name].file, checks[name], on_bytes)
    return checks
