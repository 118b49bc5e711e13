"""Shards: parts of tables as a stage built them last, such as its days, kept beside the answer store.

DVC deletes a stage's outputs before it runs the stage. A part that is made of the same things as in the last build is
taken from here, so that cost follows what changed. A shard's key has all that its bytes depend on: the stage's code and
settings, the installed packages, and the part's inputs. The stored answers need not be looked at, since an answer never
changes; `forget` lets go of the shards of answers that are deleted.

Of each part the last one is kept, of a table only the parts of its last run. The folder may be deleted at any time: the
next run builds the parts again.
"""

import json
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import NamedTuple

import polars as pl

from gettok.books import Books
from gettok.errors import NoSpace
from gettok.step import Blob, Json, canonical, digest_of
from gettok.store.atomic_write import atomic_write
from gettok.store.blobs import file_digest, link_or_copy
from gettok.store.disk_space import refuse_without_room

#: Below the answer store's folder: a folder for each stage, in it one for each table.
FOLDER = "shards"


class Shard(NamedTuple):
    """A kept file with the SHA-256 of its bytes, and what its maker noted about it."""

    file: Path
    sha256: str
    note: Json

    @property
    def blob(self) -> Blob:
        return Blob(self.sha256, self.file.stat().st_size, path=self.file)


class StageShards:
    """All shards of one stage, in a folder each; they all depend on its code, and on the installed packages."""

    def __init__(self, folder: Path, code: str) -> None:
        self.folder, self._code = folder, code
        #: The files of shards that the run has found or kept, with the content of those notes that are new.
        self.used: dict[Path, bytes | None] = {}

    @cached_property
    def made_of(self) -> Json:
        return [self._code, installed_packages()]

    def publish(self) -> None:
        """Make what was kept known to the next run, and delete what this one did not use.

        Call it at the end of a run whose code and settings have not changed meanwhile.
        """
        with suppress(OSError, NoSpace):  # without shards, the next run builds everything
            used = {*self.used, *(file.with_suffix(".json") for file in self.used)}
            for file in _files(self.folder) - used:
                file.unlink()
            for file, note in self.used.items():
                if note is not None:
                    atomic_write(file.with_suffix(".json"), note)


@dataclass(frozen=True)
class Shards:
    """The shards of one table by name, in a folder of the stage's; `made_of` is what all of them depend on."""

    of_stage: StageShards
    name: str
    made_of: Json

    @property
    def folder(self) -> Path:
        return self.of_stage.folder / self.name

    def find(self, name: str, inputs: Json) -> Shard | None:
        """The shard of that name, if it was made of the same inputs and is intact."""
        file = self._file(name)
        try:
            content: Mapping[str, Json] = json.loads(file.with_suffix(".json").read_bytes())
            noted = content["noted"]
            if content["digest"] != digest_of(noted) or noted["key"] != self._key(inputs):
                return None
            if file_digest(file) != noted["sha256"]:  # damaged, or kept by a run that did not come to its end
                return None
        except (OSError, ValueError, LookupError, TypeError):
            return None
        self.of_stage.used[file] = None
        return Shard(file, noted["sha256"], noted["note"])

    def keep(self, name: str, inputs: Json, made: Blob, note: Json) -> None:
        """Keep a file unless there is no room, as a hard link to the same bytes where the filesystem has such links."""
        file, unfinished = self._file(name), self.folder / f".{name}.unfinished"
        with suppress(OSError, NoSpace):
            self.folder.mkdir(parents=True, exist_ok=True)
            refuse_without_room(self.folder)
            unfinished.unlink(missing_ok=True)
            link_or_copy(made, unfinished)
            unfinished.replace(file)
            noted = {"key": self._key(inputs), "sha256": made.digest, "note": note}
            content = {"noted": noted, "digest": digest_of(noted)}
            self.of_stage.used[file] = canonical(content).encode("ascii")

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.parquet"

    def _key(self, inputs: Json) -> str:
        return digest_of([self._common, inputs])

    @cached_property
    def _common(self) -> str:
        """The digest of what the keys share, which is long; made once."""
        return digest_of([self.of_stage.made_of, self.made_of])


@dataclass(frozen=True)
class DayShards:
    """The days of one table while it is made in the folder `table`."""

    shards: Shards
    table: Path
    _digests: dict[str, str] = field(default_factory=dict)

    def link(self, day: str, inputs: Json) -> Books | None:
        """Put a day into the table if it is as it was built last. Returns its books; None if it must be built."""
        found = self.shards.find(day, inputs)
        if found is None:
            return None
        try:
            self.table.mkdir(parents=True, exist_ok=True)
            link_or_copy(found.blob, self.file(day))
        except OSError:  # it is built instead, which says what is wrong
            return None
        self._digests[day] = found.sha256
        return Books.of_stored(found.note)

    def keep(self, day: str, inputs: Json, books: Books) -> None:
        """Keep a day that was built."""
        file = self.file(day)
        self.shards.keep(day, inputs, Blob(self.digest(day), file.stat().st_size, path=file), books.stored())

    def digest(self, day: str) -> str:
        """SHA-256 of a day's file in the table."""
        if day not in self._digests:
            self._digests[day] = file_digest(self.file(day))
        return self._digests[day]

    def file(self, day: str) -> Path:
        """A day's file in the table."""
        return self.table / f"{day}.parquet"


def forget(store: Path, keys: Collection[str]) -> None:
    """Delete the shards with rows that were read from these answers, and all that no run has come to know."""
    for file in _files(store / FOLDER):
        note = file.with_suffix(".json")
        if file != note and not (note.exists() and _is_without(file, keys)):
            file.unlink()
            note.unlink(missing_ok=True)


def _files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


@cache
def installed_packages() -> list[str]:
    """Python's version, where it looks for modules, and each installed package with its version and time, sorted.

    A package may change how rows are read. One whose files are edited in place is not noticed.
    """
    here = str(Path.cwd())
    places = [folder.removeprefix(here) for folder in sys.path]
    return [sys.version, *places, *sorted(set(_packages()))]


def _packages() -> Iterator[str]:
    for folder in map(Path, sys.path):
        if folder.is_dir():
            for found in folder.glob("*.dist-info"):
                yield f"{found.name} {found.stat().st_mtime_ns}"


def _is_without(shard: Path, keys: Collection[str]) -> bool:
    try:
        if "answer_key" not in pl.read_parquet_schema(shard):
            return True
        found = pl.scan_parquet(shard).select(pl.col("answer_key").is_in(list(keys)).any()).collect()
    except (OSError, pl.exceptions.PolarsError):
        return False
    return not found.item()
