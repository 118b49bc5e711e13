"""Writes a release folder; the same inputs give the same bytes."""

import hashlib
import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from gettok.annotate.prompt_injection.rates import rates_by_variable, stored
from gettok.errors import BadInput, Damaged
from gettok.release.checks import check, models
from gettok.release.forms import Part, Sharing, dataset, released
from gettok.release.inputs import Tables
from gettok.release.public import in_order
from gettok.release.reidentification import refuse_identifiable
from gettok.release.spreadsheet import NOTE, write_csv
from gettok.step import Json
from gettok.store.atomic_write import write_json
from gettok.store.blobs import file_digest
from gettok.tables import dictionary


def write(
    folder: Path,
    tables: Tables,
    sharing: Sharing,
    provenance: Mapping[str, Json],
    withdrawn: Collection[str] = (),
) -> None:
    """Write the release into an empty folder, or raise `Damaged` and write nothing.

    All videos are checked; the `withdrawn` ones are then removed, and only counted. `provenance` is plain JSON: study,
    settings, code version. The form, the models that answered and a check value of the pseudonyms' key are added.
    """
    _refuse_full(folder)
    check(tables)
    remaining = tables.without(withdrawn)
    parts = [dataset(remaining, sharing), *released(remaining, sharing)]
    _write_tables(folder, parts, sharing)
    if sharing.form == "public":
        refuse_identifiable(folder, [part.table for part in parts], remaining, sharing)
    origin = {**provenance, "form": sharing.form, "models": models(remaining), **_pseudonyms(sharing)}
    write_json(folder / "provenance.json", origin)
    write_json(folder / "books.json", _books(tables, remaining.count))
    (folder / "checksums.sha256").write_text(_checksums(folder), "utf-8")


def _refuse_full(folder: Path) -> None:
    if folder.is_dir() and any(folder.iterdir()):
        # a file of an earlier form (captions, in a release of ids) would be released with this one's checksums
        raise BadInput(
            f"{folder} is not empty",
            "wrote nothing: its files would be released too",
            "empty it, or name another folder",
        )


def _write_tables(folder: Path, parts: Sequence[Part], sharing: Sharing) -> None:
    for table, rows in parts:
        shown = in_order(rows, table, folder / ".parts") if sharing.form == "public" else rows
        table.write_parts(shown, folder / f"{table.name}.parquet")
    write_csv(parts[0].table.groups(folder / "dataset.parquet"), folder / "dataset.csv")
    text = dictionary.markdown([part.table for part in parts]) + "\n" + NOTE
    (folder / "data_dictionary.md").write_text(text, "utf-8")


def _pseudonyms(sharing: Sharing) -> dict[str, Json]:
    return {"pseudonym_key": sharing.names.key_check} if sharing.form in ("public", "controlled") else {}


def _books(tables: Tables, released: int) -> Json:
    videos = tables.count
    return {
        "videos": videos,
        "withdrawn": videos - released,
        "released": released,
        "prompt_injection": stored(rates_by_variable(tables.prompt_injection, tables.codebook.variables)),
        "stages": {stage: book.stored() for stage, book in tables.books.items()},
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
