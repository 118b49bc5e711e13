"""Damages files as a disk does: bytes change, and neither size nor time of change says so."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def flip(path: Path, at: int, bits: int = 1, *, count: int = 1) -> None:
    """Change these bits of each of `count` bytes from a place on, in a file and all links to it."""
    before = path.stat()
    path.chmod(before.st_mode | stat.S_IWUSR)
    with path.open("r+b") as file:
        file.seek(at)
        old = file.read(count)
        assert len(old) == count
        file.seek(at)
        file.write(bytes(byte ^ bits for byte in old))
    path.chmod(before.st_mode)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = path.stat()
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)


def rot(path: Path, place: int | None = None) -> None:
    """Change three bytes, in the middle unless a place is given; once more makes the file whole again."""
    flip(path, path.stat().st_size // 2 if place is None else place, 0xFF, count=3)


@contextmanager
def rotten(path: Path, place: int | None = None) -> Iterator[None]:
    """Rotten within the block, and whole again after it."""
    rot(path, place)
    try:
        yield
    finally:
        rot(path, place)
