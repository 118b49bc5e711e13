"""Files and folders that appear complete or not at all."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from gettok.step import Json
from gettok.store.disk_space import full_disk_as_no_space

_UNFINISHED = ".unfinished"


def atomic_write(path: Path, content: bytes) -> None:
    """Write a complete file, as `atomic_file` does."""
    with atomic_file(path) as file:
        file.write(content)


@contextmanager
def atomic_file(path: Path) -> Iterator[IO[bytes]]:
    """A file beside the target that takes the target's name when it is complete.

    An existing target is replaced and never written into: DVC's cache may have the same file as a hard link.
    """
    unfinished = path.with_name(f".{path.name}{_UNFINISHED}")
    try:
        with full_disk_as_no_space(_finished(path.parent)):
            path.parent.mkdir(parents=True, exist_ok=True)
            with unfinished.open("wb") as file:
                yield file
            unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


@contextmanager
def atomic_dir(path: Path) -> Iterator[Path]:
    """A folder to write an output into; it gets its name only when it is complete."""
    unfinished = path.with_name(f".{path.name}{_UNFINISHED}")
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        with full_disk_as_no_space(path.parent):
            unfinished.mkdir(parents=True)
            yield unfinished
            shutil.rmtree(path, ignore_errors=True)
            unfinished.replace(path)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise


def _finished(folder: Path) -> Path:
    """The folder, or the one that the unfinished folder around it is in."""
    unfinished = [place for place in (folder, *folder.parents) if place.name.endswith(_UNFINISHED)]
    return unfinished[-1].parent if unfinished else folder


def write_json(path: Path, content: Mapping[str, Json]) -> None:
    """JSON for people and tools: indented, keys sorted, a newline at the end; raises `ValueError` on NaN."""
    text = json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    atomic_write(path, f"{text}\n".encode())
