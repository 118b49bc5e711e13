"""Stops before the disk is full, since a full disk affects everyone who uses it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gettok.errors import NoSpace
from gettok.store.blobs import full_disk_as_no_space


@contextmanager
def require_space(folder: Path, needed: int, keep_free: int) -> Iterator[None]:
    """A block that writes `needed` bytes. Raises `NoSpace` if that would leave less than `keep_free` bytes free."""
    free = shutil.disk_usage(folder).free
    if free < needed + keep_free:
        raise NoSpace(
            f"the disk of the downloads has {free} bytes free, less than the {needed} of the next file and the "
            f"{keep_free} to keep free",
            "stopped before writing it; every file that arrived is kept",
            "free some space, or lower download.keep_free_bytes, and run the same command again",
        )
    with full_disk_as_no_space(folder):
        yield
