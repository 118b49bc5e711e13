"""Writes a release folder; the same inputs give the same bytes."""

import hashlib
import os
from collections.abc import Collection, Mapping
from pathlib import Path

from gettok.annotate.prompt_injection.rates import rates_by_variable, stored
from gettok.collect.collection import CollectionSummary
from gettok.errors import BadInput, Damaged
from gettok.release.checks import check, models
from gettok.release.documents import About, write_documents
from gettok.release.forms import dataset, released
from gettok.release.inputs import Tables
from gettok.release.spreadsheet import NOTE, write_csv
from gettok.release.workbook import Fit, write_workbook
from gettok.step import Json
from gettok.store.atomic_write import write_json
from gettok.store.blobs import file_digest
from gettok.tables import Table, dictionary
from gettok.tables.dataset import Form

_UNTITLED = About("Videos of TikTok")


def write(  # noqa: PLR0913 -- the parts of a release, each by name
    folder: Path,
    tables: Tables,
    form: Form,
    provenance: Mapping[str, Json],
    withdrawn: Collection[str] = (),
    *,
    about: About = _UNTITLED,
) -> None:
    """Write the release into an empty folder, or raise `Damaged` and write nothing.

    All videos are checked; the `withdrawn` ones are then removed, and only counted. `provenance` is plain JSON: study,
    settings, code version. The form and the models that answered are added to it. What people read is written from
    `about`.
    """
    _refuse_full(folder)
    check(tables)
    if about.collection:
        about.collection.check()
    remaining = tables.without(withdrawn)
    parts, fit = _write_tables(folder, remaining, form)
    origin = {**provenance, "form": form, "models": models(remaining)}
    write_json(folder / "provenance.json", origin)
    write_json(folder / "books.json", _books(tables, remaining.count, about.collection))
    without = tables.count - remaining.count
    write_documents(folder, remaining, parts, fit=fit, provenance=origin, withdrawn=without, about=about)
    (folder / "checksums.sha256").write_text(_checksums(folder), "utf-8")


def _refuse_full(folder: Path) -> None:
    if folder.is_dir() and any(folder.iterdir()):
        # a file of an earlier form (captions, in a release of ids) would be released with this one's checksums
        raise BadInput(
            f"{folder} is not empty",
            "wrote nothing: its files would be released too",
            "empty it, or name another folder",
        )


def _write_tables(folder: Path, tables: Tables, form: Form) -> tuple[list[Table], Fit]:
    """Their declarations, the dataset first, and how the dataset fits into Excel."""
    parts = [dataset(tables, form), *released(tables, form)]
    for table, rows in parts:
        table.write_parts(rows, folder / f"{table.name}.parquet")
    declared = [table for table, _ in parts]
    stored = folder / "dataset.parquet"
    write_csv(declared[0].groups(stored), folder / "dataset.csv")
    fit = write_workbook(declared[0], tables.count, declared[0].groups(stored), folder / "dataset.xlsx")
    text = dictionary.markdown(declared) + "\n" + NOTE
    (folder / "data_dictionary.md").write_text(text, "utf-8")
    return declared, fit


def _books(tables: Tables, released: int, collection: CollectionSummary | None) -> Json:
    videos = tables.count
    collect = {"collect": collection.books} if collection else {}
    return {
        "videos": videos,
        "withdrawn": videos - released,
        "released": released,
        "prompt_injection": stored(rates_by_variable(tables.prompt_injection, tables.codebook.variables)),
        "source": collection.stored() if collection else None,
        "stages": {stage: book.stored() for stage, book in (collect | dict(tables.books)).items()},
    }


def _checksums(folder: Path) -> str:
    """In the format of `sha256sum -c`."""
    return "".join(f"{_checksum(file)}  {file.name}\n" for file in sorted(folder.iterdir()))


def _checksum(file: Path) -> str:
    """SHA-256 of a file that was just written; raises `Damaged` if the disk gives back other bytes."""
    written = file_digest(file)
    if _digest_on_disk(file) != written:
        raise Damaged(
            f"the disk gives back other bytes of {file.name} than were written",
            "stopped before the release got its name",
            "run the same command again; if it happens twice, have the disk and the memory tested",
        )
    return written


def _digest_on_disk(file: Path) -> str:
    """Of what the disk has of a file, where the system can be asked to forget what it keeps in memory."""
    with file.open("rb") as opened:
        os.fsync(opened.fileno())
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        return hashlib.file_digest(opened, "sha256").hexdigest()
