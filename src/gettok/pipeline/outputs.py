"""What stages and commands read of each other's outputs: only bytes that `dvc.lock` records.

DVC takes a file for unchanged while its inode, size and time of change are. No reader of Parquet notices a byte that
changed inside compressed data. So an output is compared with its MD5 in `dvc.lock` before it is read: by each command,
and in a run of DVC by the first stage that reads it.
"""

import hashlib
import json
import os
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import NamedTuple

import yaml

from gettok.books import Books
from gettok.errors import BadInput, Damaged, Stop, counted
from gettok.pipeline.file_md5 import md5 as file_md5
from gettok.pipeline.file_md5 import md5s_in_run
from gettok.pipeline.paths import DATA, dvc_cache
from gettok.settings.yaml_file import parse_yaml
from gettok.step import Json

_LOCK = Path("dvc.lock")


class _Record(NamedTuple):
    """What `dvc.lock` records of an output: the stage that makes it, and its MD5."""

    stage: str
    md5: str


def output(name: str) -> Path:
    """`data/<name>`, to be read; raises `Damaged` if its bytes are not those that `dvc.lock` records.

    An output is compared once in a process, and so is a file of a folder, alone; for a folder in a folder, all of the
    output. If DVC did not make it, or it is missing, there is nothing to compare. A folder that lacks files, and is
    else as recorded, raises `BadInput`.
    """
    path = DATA / name
    _refuse_changed(path, Path.cwd())
    return path


def md5s(name: str) -> Mapping[str, str]:
    """The MD5 of each file of the folder `data/<name>`, by its path in there; raises as `output`."""
    return _checked_md5s(DATA / name, Path.cwd())


@cache
def _checked_md5s(path: Path, root: Path) -> Mapping[str, str]:
    compared = _refuse_changed(path, root)
    return _md5s(path) if compared is None else compared


def is_made(name: str) -> bool:
    """Whether there is a `data/<name>`: DVC deletes a stage's outputs before it runs the stage."""
    return (DATA / name).exists()


def files_of_day(name: str, day: str) -> list[str]:
    """The files of one day in a table by day, as names of `output`: one, or one in each of its folders."""
    return [path.relative_to(DATA).as_posix() for path in sorted((DATA / name).rglob(f"{day}.parquet"))]


def is_recorded(name: str) -> bool:
    """Whether DVC recorded a `data/<name>` when its stage last ran."""
    return str(DATA / name) in _records(Path.cwd())


def was_read_as_now(stage: str, name: str) -> bool:
    """Whether the stage's last run read `data/<name>` as it is now; so too where DVC has no record of a run."""
    path, entry = (DATA / name).as_posix(), locked_stages(Path.cwd()).get(stage)
    with _unreadable_lock():
        read = {dep["path"]: dep.get("md5") for dep in entry["deps"]} if entry else {}
    return entry is None or read[path] == _records(Path.cwd())[path].md5


def damaged_outputs() -> Iterator[Stop]:
    """The error of each table and other output that is not as `dvc.lock` records; media and frames have own digests."""
    for path in map(Path, sorted(_records(Path.cwd()))):
        if path not in (media_folder(), DATA / "frames"):
            try:
                _refuse_changed(path, Path.cwd())
            except Stop as error:
                yield error


def books_of(stage: str) -> Books:
    """The books that a stage wrote."""
    return Books.read(output(f"books/{stage}.json"))


def unchecked_output(name: str) -> Path:
    """`data/<name>`, whose bytes the caller compares only if something depends on them, as that takes long."""
    return DATA / name


def media_folder() -> Path:
    """`data/media`, which is not compared as a whole: each file of media has its SHA-256 in the table of media."""
    return DATA / "media"


def changed_files(folder: Path, files: Sequence[Path]) -> list[Path]:
    """Those of some files of an output that are not what `dvc.lock` records; none if DVC did not make it.

    Where DVC's cache does not have the list of its files, the whole folder is compared, and `Damaged` or `BadInput`
    raised.
    """
    record = _records(Path.cwd()).get(folder.as_posix())
    if record is None or not files:
        return []
    if not _listing_is_intact(record.md5):
        _refuse_changed(folder, Path.cwd())
        return []
    recorded = _files_of(record.md5)
    found = zip(files, md5s_in_run(files), strict=True)
    return [file for file, md5 in found if recorded.get(file.relative_to(folder).as_posix()) != md5]


def refuse_damaged_objects(path: str, md5: str) -> None:
    """Raise `Damaged` if DVC's cache has a file of this output that does not have its MD5; DVC does not notice."""
    if damaged := _damaged([md5, *_files_of(md5).values()]):
        raise Damaged(
            f"DVC's cache has damaged files of {path}",
            "stopped; nothing was made from them",
            f"run `rm -f {_shown(damaged)}`; then `dvc fetch --all-commits` if a remote has them, or run the "
            "experiment again: it goes on from the stored answers",
        )


def refuse_damaged_copies(path: Path) -> None:
    """Raise `Damaged` if DVC's cache has a file of this output that is not what `dvc.lock` records."""
    if record := _records(Path.cwd()).get(path.as_posix()):
        refuse_damaged_objects(path.as_posix(), record.md5)


def cached_files(path: Path) -> dict[str, Path]:
    """The files of DVC's cache that `dvc.lock` records for this output, by their path in it; those that are there."""
    record = _records(Path.cwd()).get(path.as_posix())
    objects = {} if record is None else {name: _object(md5) for name, md5 in _files_of(record.md5).items()}
    return {name: file for name, file in objects.items() if file.is_file()}


@cache
def _refuse_changed(path: Path, root: Path) -> Mapping[str, str] | None:
    """The MD5s that were compared; None if there is nothing to compare with."""
    record = _records(root).get(path.as_posix())
    if not path.exists():
        return None
    if record is None:
        _refuse_changed_part(path, root)
        return None
    found = _md5s(path)
    if (_folder_md5(found) if path.is_dir() else found[""]) != record.md5:
        raise _lacking(path, record, found) or _changed(path, record, found)
    return found


def _refuse_changed_part(path: Path, root: Path) -> None:
    """A file of a recorded folder, which is compared alone, or a folder in one."""
    for parent in path.parents:
        if parent.as_posix() in _records(root):
            if path.is_dir() or changed_files(parent, [path]):
                _refuse_changed(parent, root)
            return


@cache
def _records(root: Path) -> Mapping[str, _Record]:
    """Each output that DVC recorded, by its path."""
    with _unreadable_lock():
        return {
            out["path"]: _Record(stage, out["md5"])
            for stage, entry in locked_stages(root).items()
            for out in entry["outs"]
            if "md5" in out
        }


@cache
def locked_stages(root: Path) -> Mapping[str, Json]:
    """What DVC recorded of the last run of each stage; raises `Damaged` if its file cannot be read."""
    if not (root / _LOCK).is_file():
        return {}
    with _unreadable_lock():
        return dict(parse_yaml((root / _LOCK).read_bytes())["stages"].items())


@contextmanager
def _unreadable_lock() -> Iterator[None]:
    try:
        yield
    except (yaml.YAMLError, UnicodeDecodeError, LookupError, TypeError, AttributeError) as error:
        raise Damaged(
            f"{_LOCK} cannot be read: {error}",
            "stopped, as nothing under data/ can be compared with it",
            f"restore it with `git checkout {_LOCK}`, then run `dvc repro`",
        ) from error


def _md5s(path: Path) -> dict[str, str]:
    """The MD5 of each file by its path in the folder; of a single file by the empty one."""
    if not path.is_dir():
        return {"": md5s_in_run([path])[0]}
    files = [Path(parent, name) for parent, _, names in os.walk(path) for name in names]
    return {
        file.relative_to(path).as_posix(): found
        for file, found in zip(files, md5s_in_run(files), strict=True)
    }


def _folder_md5(md5s: Mapping[str, str]) -> str:
    """What DVC records of a folder: the MD5 of the list of its files, as DVC writes it."""
    listed = [{"md5": md5s[name], "relpath": name} for name in sorted(md5s)]
    return hashlib.md5(json.dumps(listed).encode(), usedforsecurity=False).hexdigest() + ".dir"


def _lacking(path: Path, record: _Record, found: Mapping[str, str]) -> BadInput | None:
    """The error for a folder that lacks files and has no other fault; None if it has one."""
    recorded = _files_of(record.md5)
    missing = sorted(recorded.keys() - found.keys())
    is_other = any(recorded.get(name) != md5 for name, md5 in found.items())
    if not missing or is_other or _damaged(recorded[name] for name in missing):
        return None
    first, *more = missing
    files = f"{path / first} and {counted(len(more), 'other file')} are" if more else f"{path / first} is"
    is_cached = all(_object(recorded[name]).is_file() for name in missing)
    here = f"run `dvc checkout {path}`, which brings back what is missing from DVC's cache"
    there = (
        f"run `dvc pull {path}` if a remote has the data; or `dvc repro {record.stage}`, which makes it again"
    )
    return BadInput(
        f"{files} missing", f"stopped; nothing was made from {path}", here if is_cached else there
    )


def _changed(path: Path, record: _Record, found: Mapping[str, str]) -> Damaged:
    recorded = _files_of(record.md5)
    differing = [name for name in sorted({*found, *recorded}) if found.get(name) != recorded.get(name)]
    # without DVC's list of the folder's files, any of them may be the one
    first, *more = (
        [path / name for name in differing] if path.is_file() or _listing_is_intact(record.md5) else [path]
    )
    files = f"{first} and {counted(len(more), 'other file')} are" if more else f"{first} is"
    damaged = _damaged([record.md5, *(recorded[name] for name in differing if name in recorded)])
    return Damaged(
        f"{files} not what {_LOCK} records: bytes changed on disk, or {record.stage} ran outside DVC or did not finish",
        f"stopped; nothing was made from {path}",
        f"run `rm -rf {_shown([path, *damaged])}` and then `dvc repro`, which makes it again from the stored answers; "
        "or `dvc pull` instead of `dvc repro`, if a remote has the data",
    )


def _files_of(md5: str) -> dict[str, str]:
    """The MD5 of each file of an output, by its path in the folder; empty if DVC's cache does not have their list."""
    if not md5.endswith(".dir"):
        return {"": md5}
    if not _listing_is_intact(md5):
        return {}
    listed: list[Json] = json.loads(_object(md5).read_bytes())
    return {entry["relpath"]: entry["md5"] for entry in listed}


def _listing_is_intact(md5: str) -> bool:
    return _object(md5).is_file() and not _damaged([md5])


def _damaged(md5s: Iterable[str]) -> list[Path]:
    """The files of DVC's cache that do not have the MD5 that is their name. DVC would go on using them."""
    objects = {_object(md5): md5.removesuffix(".dir") for md5 in md5s}
    return [path for path, md5 in objects.items() if path.is_file() and file_md5(path) != md5]


def _object(md5: str) -> Path:
    """The file of DVC's cache with this MD5."""
    return _cache(Path.cwd()) / "files" / "md5" / md5[:2] / md5[2:]


@cache
def _cache(_root: Path) -> Path:
    """DVC's cache: to ask DVC for each file would take longer than to read the file."""
    return dvc_cache()


def _shown(paths: Iterable[Path]) -> str:
    """Paths as a shell takes them, relative to this folder where they are below it."""
    here = Path.cwd()
    return shlex.join(str(path.relative_to(here) if path.is_relative_to(here) else path) for path in paths)
