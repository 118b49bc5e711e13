"""A release of the made-up study, and the checksums of a folder that was changed afterwards."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
from small_study import attacked, coded, shared, study_of

from gettok import release
from gettok.store.blobs import file_digest
from gettok.tables.forms import FORMS, Form
from gettok.verification.checksums import CHECKSUMS

#: The form that has all columns.
FORM = FORMS[-1]
_VARIABLES = coded(study_of(1)).codebook.model_dump(mode="json")["variables"]
PROVENANCE = {
    "gettok": "0.1.0",
    "settings": {
        "study": {"name": "small"},
        "codebook": {"variables": _VARIABLES},
        "prompts": {"describe": {"name": "plain"}},
        "llm": {"votes": 5},
    },
}


def released(folder: Path, count: int = 6, form: Form = FORM, **more) -> Path:
    """A release of this many videos, with a variable of each kind and variants."""
    release.write(folder, attacked(coded(study_of(count))), shared(form, 1), PROVENANCE, **more)
    return folder


def reseal(folder: Path) -> None:
    """Write the checksums anew, as a person would who hides a change."""
    files = sorted(file for file in folder.iterdir() if file.name != CHECKSUMS)
    lines = (f"{file_digest(file)}  {file.name}\n" for file in files)
    (folder / CHECKSUMS).write_text("".join(lines), "utf-8")


def edit(folder: Path, table: str, change: Callable[[pl.DataFrame], pl.DataFrame], **options) -> None:
    """Change the rows of a table."""
    path = folder / f"{table}.parquet"
    change(pl.read_parquet(path)).write_parquet(path, **options)
    reseal(folder)


def edit_text(folder: Path, name: str, *pairs: tuple[str, str]) -> None:
    """Replace the first occurrence of each text in a file."""
    path = folder / name
    text = path.read_bytes().decode()
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new, 1)
    path.write_bytes(text.encode())
    reseal(folder)
