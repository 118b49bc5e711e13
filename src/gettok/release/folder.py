"""Writes a release folder; the same inputs give the same bytes."""

import hashlib
import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from gettok.annotate.prompt_injection.rates import rates_by_variable, stored
from gettok.collect.collection import CollectionSummary
from gettok.errors import BadInput, Damaged
from gettok.release import metadata
from gettok.release.checks import check, models
from gettok.release.documents import About, write_documents
from gettok.release.forms import Part, Sharing, dataset, released
from gettok.release.inputs import Tables
from gettok.release.public import in_order
from gettok.release.reidentification import refuse_identifiable
from gettok.release.workbook import Fit, write_workbook
from gettok.step import Json
from gettok.store.atomic_write import write_json
from gettok.store.blobs import file_digest
from gettok.tables import dictionary
from gettok.tables.spreadsheet import NOTE, write_csv
from gettok.verification.checksums import CHECKSUMS

_UNTITLED = About("Videos of TikTok")


def write(  # noqa: PLR0913 -- the parts of a release, each by name
    folder: Path,
    tables: Tables,
    sharing: Sharing,
    provenance: Mapping[str, Json],
    withdrawn: Collection[str] = (),
    *,
    about: About = _UNTITLED,
) -> None:
    """Write the release into an empty folder, or raise `Damaged` and write nothing.

    All videos are checked; the `withdrawn` ones are then removed, and only counted. `provenance` is plain JSON: study,
    settings, code version. The form, the models that answered and a check value of the pseudonyms' key are added.
    What people and machines read is written from `about`; machines get nothing without its settings.
    """
    _refuse_full(folder)
    check(tables)
    if about.collection:
        about.collection.check()
    remaining = tables.without(withdrawn)
    parts = [dataset(remaining, sharing), *released(remaining, sharing)]
    declared = [part.table for part in parts]
    fit = _write_tables(folder, parts, remaining.count, sharing)
    if sharing.form == "public":
        refuse_identifiable(folder, declared, remaining, sharing)
    origin = {**provenance, "form": sharing.form, "models": models(remaining), **_pseudonyms(sharing)}
    write_json(folder / "provenance.json", origin)
    write_json(folder / "books.json", _books(tables, remaining.count, about.collection))
    without = tables.count - remaining.count
    write_documents(folder, remaining, declared, fit=fit, provenance=origin, withdrawn=without, about=about)
    digests: Mapping[str, str] = {}
    if about.settings is not None:
        facts = metadata.facts(about.settings, declared, remaining, provenance=origin, withdrawn=without)
        digests = metadata.write(folder, facts)
    (folder / CHECKSUMS).write_text(_checksums(folder, digests), "utf-8")


def _refuse_full(folder: Path) -> None:
    if folder.is_dir() and any(folder.iterdir()):
        # a file of an earlier form (captions, in a release of ids) would be released with this one's checksums
        raise BadInput(
            f"{folder} is not empty",
            "wrote nothing: its files would be released too",
            "empty it, or name another folder",
        )


def _write_tables(folder: Path, parts: Sequence[Part], videos: int, sharing: Sharing) -> Fit:
    """Write them, the dataset first, and say how the dataset fits into Excel."""
    for table, rows in parts:
        is_hidden = sharing.form == "public" and "video_id" in table.schema
        shown = in_order(rows, table, folder / ".parts") if is_hidden else rows
        table.write_parts(shown, folder / f"{table.name}.parquet")
    dataset, stored = parts[0].table, folder / "dataset.parquet"
    write_csv(dataset.groups(stored), folder / "dataset.csv")
    fit = write_workbook(dataset, videos, dataset.groups(stored), folder / "dataset.xlsx")
    text = dictionary.markdown([part.table for part in parts]) + "\n" + NOTE
    (folder / "data_dictionary.md").write_text(text, "utf-8")
    return fit


def _pseudonyms(sharing: Sharing) -> dict[str, Json]:
    return {"pseudonym_key": sharing.names.key_check} if sharing.form in ("public", "controlled") else {}


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
