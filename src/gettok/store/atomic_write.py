"""Files and folders that appear complete or not at all."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from gettok.step import Json


def atomic_write(path: Path, content: bytes) -> None:
    """Write a complete file, as `atomic_file` does."""
    with atomic_file(path) as file:
        file.write(content)


@contextmanager
def atomic_file(path: Path) -> Iterator[IO[bytes]]:
    """A file beside the target that takes the target's name when it is complete.

    An existing target is replaced and never written into: DVC's cache may have the same file as a hard link.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.unfinished")
    with unfinished.open("wb") as file:
        yield file
    unfinished.replace(path)


@contextmanager
def atomic_dir(path: Path) -> Iterator[Path]:
    """A folder to write an output into; it gets its name only when it is complete."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    yield unfinished
    shutil.rmtree(path, ignore_errors=True)
    unfinished.replace(path)


def write_json(path: Path, content: Mapping[str, Json]) -> None:
    """JSON for people and tools: indented, keys sorted, a newline at the end; raises `ValueError` on NaN."""
    text = json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    atomic_write(path, f"{text}\n".encode())
