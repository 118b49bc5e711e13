"""Writes a release folder; the same inputs give the same bytes."""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import asdict
from pathlib import Path

from gettok.errors import BadInput
from gettok.release.forms import Form, dataset, released
from gettok.release.inputs import Tables, check, models
from gettok.release.spreadsheet import NOTE, write_csv
from gettok.stance.prompt_injection.rates import flip_rates
from gettok.step import Json
from gettok.store.atomic_write import write_json
from gettok.tables import dictionary


def write(
    folder: Path,
    tables: Tables,
    form: Form,
    provenance: Mapping[str, Json],
    withdrawn: Collection[str] = (),
) -> None:
    """Write the release into an empty folder, or raise `Damaged` and write nothing.

    All videos are checked; the `withdrawn` ones are then removed, and only counted. `provenance` is plain JSON: study,
    settings, code version. The form and the models that answered are added to it.
    """
    _refuse_full(folder)
    check(tables)
    remaining = tables.without(withdrawn)
    _write_tables(folder, remaining, form)
    origin = {**provenance, "form": form, "models": models(remaining)}
    write_json(folder / "provenance.json", origin)
    write_json(folder / "books.json", _books(tables, remaining.videos.height))
    (folder / "checksums.sha256").write_text(_checksums(folder), "utf-8")


def _refuse_full(folder: Path) -> None:
    if folder.is_dir() and any(folder.iterdir()):
        # a file of an earlier form (captions, in a release of ids) would be released with this one's checksums
        raise BadInput(
            f"{folder} is not empty",
            "wrote nothing: its files would be released too",
            "empty it, or name another folder",
        )


def _write_tables(folder: Path, tables: Tables, form: Form) -> None:
    parts = [dataset(tables, form), *released(tables, form)]
    for table, frame in parts:
        table.write(frame, folder / f"{table.name}.parquet")
    write_csv(parts[0][1], folder / "dataset.csv")
    text = dictionary.markdown([table for table, _ in parts]) + "\n" + NOTE
    (folder / "data_dictionary.md").write_text(text, "utf-8")


def _books(tables: Tables, released: int) -> Json:
    rates = flip_rates(tables.prompt_injection)
    return {
        "videos": tables.videos.height,
        "withdrawn": tables.videos.height - released,
        "released": released,
        "prompt_injection": rates and rates.stored(),
        "stages": {stage: asdict(book) for stage, book in tables.books.items()},
    }


def _checksums(folder: Path) -> str:
    """In the format of `sha256sum -c`."""
    files = sorted(folder.iterdir())
    return "".join(f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files)
