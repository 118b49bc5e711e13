"""Writes a release folder; the same inputs give the same bytes."""

import hashlib
import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from gettok.annotate.prompt_injection.rates import rates_by_variable, stored
from gettok.errors import BadInput, Damaged
from gettok.release import metadata
from gettok.release.checks import check, models
from gettok.release.forms import dataset, released
from gettok.release.inputs import Tables
from gettok.release.spreadsheet import NOTE, write_csv
from gettok.settings import Settings
from gettok.step import Json
from gettok.store.atomic_write import write_json
from gettok.store.blobs import file_digest
from gettok.tables import Table, dictionary
from gettok.tables.dataset import Form


def write(  # noqa: PLR0913 - each is another fact of the release
    folder: Path,
    tables: Tables,
    form: Form,
    provenance: Mapping[str, Json],
    withdrawn: Collection[str] = (),
    *,
    settings: Settings | None = None,
) -> None:
    """Write the release into an empty folder, or raise `Damaged` and write nothing.

    All videos are checked; the `withdrawn` ones are then removed, and only counted. `provenance` is plain JSON: study,
    settings, code version. The form and the models that answered are added to it. The files that make the release
    citable by machines are written from `settings`; without any, there are none.
    """
    _refuse_full(folder)
    check(tables)
    remaining = tables.without(withdrawn)
    declared = _write_tables(folder, remaining, form)
    origin = {**provenance, "form": form, "models": models(remaining)}
    write_json(folder / "provenance.json", origin)
    write_json(folder / "books.json", _books(tables, remaining.count))
    digests: Mapping[str, str] = {}
    if settings is not None:
        digests = metadata.write(folder, _facts(settings, declared, origin, tables, remaining))
    (folder / "checksums.sha256").write_text(_checksums(folder, digests), "utf-8")


def _facts(
    settings: Settings,
    declared: Sequence[Table],
    provenance: Mapping[str, Json],
    tables: Tables,
    remaining: Tables,
) -> metadata.Facts:
    return metadata.Facts(
        settings=settings,
        tables=tuple(declared),
        provenance=provenance,
        books=tables.books,
        released=remaining.count,
        withdrawn=tables.count - remaining.count,
        observed=metadata.observed(remaining),
        uncovered=tables.uncovered,
    )


def _refuse_full(folder: Path) -> None:
    if folder.is_dir() and any(folder.iterdir()):
        # a file of an earlier form (captions, in a release of ids) would be released with this one's checksums
        raise BadInput(
            f"{folder} is not empty",
            "wrote nothing: its files would be released too",
            "empty it, or name another folder",
        )


def _write_tables(folder: Path, tables: Tables, form: Form) -> list[Table]:
    """Write the tables, their dictionary and the CSV; returns their declarations, that of the dataset first."""
    parts = [dataset(tables, form), *released(tables, form)]
    for table, rows in parts:
        table.write_parts(rows, folder / f"{table.name}.parquet")
    write_csv(parts[0][0].groups(folder / "dataset.parquet"), folder / "dataset.csv")
    declared = [table for table, _ in parts]
    text = dictionary.markdown(declared) + "\n" + NOTE
    (folder / "data_dictionary.md").write_text(text, "utf-8")
    return declared


def _books(tables: Tables, released: int) -> Json:
    videos = tables.count
    return {
        "videos": videos,
        "withdrawn": videos - released,
        "released": released,
        "prompt_injection": stored(rates_by_variable(tables.prompt_injection, tables.codebook.variables)),
        "stages": {stage: book.stored() for stage, book in tables.books.items()},
    }


def _checksums(folder: Path, known: Mapping[str, str]) -> str:
    """In the format of `sha256sum -c`; `known` has the digests of files that were already read."""
    lines = ((_checksum(file, known.get(file.name)), file.name) for file in sorted(folder.iterdir()))
    return "".join(f"{digest}  {name}\n" for digest, name in lines)


def _checksum(file: Path, known: str | None = None) -> str:
    """SHA-256 of a file that was just written; raises `Damaged` if the disk gives back other bytes."""
    written = known or file_digest(file)
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
