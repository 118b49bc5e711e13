"""Where DVC keeps objects: its cache, and each remote, by the filesystem that DVC itself uses for it."""

import hashlib
import json
import re
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from gettok.errors import GettokError, NotNow
from gettok.step import Json

_LISTING = ".dir"
_OBJECT = re.compile(r"[0-9a-f]{32}(\.dir)?")


@dataclass(frozen=True)
class Place:
    """DVC's cache or a remote. `odb` has its objects by MD5; `runs` is the folder of its run cache."""

    name: str
    odb: Any
    runs: str
    is_remote: bool = True

    def oids(self) -> set[str]:
        """The MD5s of all objects; those of folders' listings end in `.dir`."""
        self.odb.fs.fs.invalidate_cache()  # a listing from before a deletion has what is gone
        return set(self.odb.all()) if self.odb.fs.exists(self.odb.path) else set()

    def has(self, oid: str) -> bool:
        return bool(self.odb.exists(oid))

    def read(self, oid: str) -> bytes:
        with self.odb.fs.open(self.odb.oid_to_path(oid), "rb") as file:
            content: bytes = file.read()
        return content

    @contextmanager
    def file(self, oid: str, scratch: Path) -> Iterator[Path]:
        """An object as a file of this machine."""
        path = self.odb.oid_to_path(oid)
        if not self.is_remote:
            yield Path(path)
            return
        with TemporaryDirectory(dir=scratch) as folder:
            copy = Path(folder) / oid
            self.odb.fs.get_file(path, str(copy))
            yield copy

    def add(self, file: Path, oid: str) -> None:
        """Add an object, unless it is there.

        Not by DVC, which leaves an empty file under the name of an object when it is killed as it adds one (DVC 3.67).
        """
        fs, path = self.odb.fs, self.odb.oid_to_path(oid)
        if self.has(oid) and fs.size(path) == file.stat().st_size:
            return
        fs.makedirs(fs.parent(path), exist_ok=True)
        if fs.protocol != "local":
            fs.put_file(str(file), path)
            return
        unfinished = Path(f"{path}.tmp")
        shutil.copyfile(file, unfinished)
        unfinished.chmod(0o444)  # as DVC's cache has it, whose files the workspace shares
        unfinished.replace(path)

    def delete(self, oids: Collection[str]) -> int:
        """Delete the objects that are there: first those with contents, then the listings that lead to them."""
        there = sorted(set(oids) & self.oids(), key=lambda oid: (is_listing(oid), oid))
        for oid in there:
            self.odb.fs.remove(self.odb.oid_to_path(oid))
        return len(there)

    def delete_unfinished(self) -> None:
        """Delete what a DVC command left that was killed while it copied an object. Another's copy fails by that."""
        for oid in self.oids():
            if not _OBJECT.fullmatch(oid):
                self.odb.fs.remove(self.odb.oid_to_path(oid))

    def run_entries(self) -> dict[str, bytes]:
        """The entries of the run cache by their paths."""
        fs = self.odb.fs
        return (
            {path: fs.cat_file(path) for path in sorted(fs.find(self.runs))} if fs.exists(self.runs) else {}
        )

    def delete_run(self, path: str) -> None:
        """Delete an entry of the run cache, and its folder: with an empty one, DVC fails on the stage."""
        fs = self.odb.fs
        fs.remove(path)
        folder = fs.parent(path)
        while folder != self.runs and fs.exists(folder) and not fs.ls(folder):
            fs.rmdir(folder)
            folder = fs.parent(folder)


def is_listing(oid: str) -> bool:
    return oid.endswith(_LISTING)


def entries_of(listing: bytes) -> dict[str, str]:
    """The MD5 of each file of a folder, by its path in there."""
    listed: list[Json] = json.loads(listing)
    return {entry["relpath"]: entry["md5"] for entry in listed}


def listing_of(entries: dict[str, str]) -> tuple[bytes, str]:
    """A folder's listing as DVC writes it, and its MD5 with `.dir`."""
    listed = json.dumps([{"md5": entries[name], "relpath": name} for name in sorted(entries)]).encode()
    return listed, md5_of(listed) + _LISTING


def md5_of(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def cache_of(repo: Any) -> Place:
    """DVC's cache."""
    return Place("DVC's cache", repo.cache.local, str(Path(repo.cache.legacy.path) / "runs"), is_remote=False)


def remote_names(repo: Any) -> list[str]:
    return sorted(repo.config["remote"])


def remote_of(repo: Any, name: str) -> Place:
    """A remote; raises `NotNow` if it cannot be reached."""
    with reaching(name):
        odb = repo.cloud.get_remote_odb(name)
        legacy = repo.cloud.get_remote_odb(name, hash_name="md5-dos2unix")
        place = Place(f"the remote {name}", odb, odb.fs.join(legacy.path, "runs"))
        odb.fs.exists(odb.path)
    return place


@contextmanager
def reaching(name: str) -> Iterator[None]:
    """A block that asks a remote. Raises `NotNow` for any error in it that is not ours."""
    try:
        yield
    except GettokError:
        raise
    except Exception as error:
        raise NotNow(
            f"the remote {name} cannot be used: {type(error).__name__}: {' '.join(str(error).split())}",
            "purged everything else that can be reached",
            f"see that `dvc remote list` has the right address of {name} and that you may write to it, and run the "
            "same command again; or remove the remote from DVC's settings if it is gone for good",
        ) from error
