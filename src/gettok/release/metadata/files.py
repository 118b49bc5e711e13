"""The files of a release: their sizes, digests, types and purposes."""

from dataclasses import dataclass
from pathlib import Path

from gettok.release.documents.readme import FILES, LATER
from gettok.store.blobs import file_digest
from gettok.tables import Table

#: By the ending of a file's name. `application/x-parquet` is what mlcroissant reads; the registered name is longer.
_TYPES = {
    ".cff": "application/yaml",
    ".csv": "text/csv",
    ".json": "application/json",
    ".md": "text/markdown",
    ".parquet": "application/x-parquet",
    ".sha256": "text/plain",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_SENTENCES = {**FILES, **LATER, "README.md": "What is in the release, how to load it, and its known limits."}


@dataclass(frozen=True)
class ReleasedFile:
    name: str
    media_type: str
    sentence: str
    bytes: int
    sha256: str


def describe(file: Path, tables: tuple[Table, ...]) -> ReleasedFile:
    sentences = {f"{table.name}.parquet": f"The table {table.name}. {table.sentence}" for table in tables}
    sentence = sentences.get(file.name) or _SENTENCES.get(file.name, "")
    return ReleasedFile(file.name, media_type(file.name), sentence, file.stat().st_size, file_digest(file))


def media_type(name: str) -> str:
    return _TYPES.get(Path(name).suffix, "application/octet-stream")


def sentence_of(name: str) -> str:
    return _SENTENCES[name]
