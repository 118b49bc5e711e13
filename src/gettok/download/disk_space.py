"""Stops before the disk is full, since a full disk hurts everybody who uses it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gettok.errors import NoSpace
from gettok.store.blobs import full_disk_as_no_space


@contextmanager
def room(folder: Path, needed: int, keep_free: int) -> Iterator[None]:
    """A place to write `needed` bytes. Raises `NoSpace` where they would leave less than `keep_free` bytes free."""
    free = shutil.disk_usage(folder).free
    if free < needed + keep_free:
        raise NoSpace(
            f"{free} bytes are free where downloads are written, less than the {needed} of the next file and the "
            f"{keep_free} to keep free",
            "stopped before writing it; every file that arrived is kept",
            "free some space, or lower download.keep_free_bytes, and run the same command again",
        )
    with full_disk_as_no_space(folder):
        yield
