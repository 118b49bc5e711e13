"""A full disk: recognised in the errors of every library, and avoided where an answer would be lost.

Each place that writes says where, with `full_disk_as_no_space`. The border of the stages and that of the commands do
so too, for writes of other libraries that we do not see.
"""

import errno
import os
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from gettok.errors import GettokError, NoSpace

#: What must be free before a question is asked. The answers in flight must fit: up to 32 of a model with some 20 kB
#: each, or a page of the Research API. SQLite's log adds 4 MB, and as much when it goes into the database.
RESERVE_BYTES = 16_000_000

_ERRNOS = frozenset((errno.ENOSPC, errno.EDQUOT))
#: Libraries of C++ and Rust raise errors with a text alone; the last is that of polars for the end of a Parquet file.
_TEXTS = (
    "No space left on device",
    "Disk quota exceeded",
    "os error 28",
    "os error 122",
    "Invalid thrift: transport error",
)
#: With less than this free, the disk is the cause of any error that is not ours: SQLite and `tempfile` have some that
#: do not say so. The shared memory of a SQLite database takes 32 kB.
_FULL_BYTES = 200_000


@contextmanager
def full_disk_as_no_space(*folders: Path) -> Iterator[None]:
    """A block that writes into these folders. Raises `NoSpace` for any error that a full disk or a spent quota causes.

    It names one of these folders, or that for temporary files: the one in the error, or the one with the least room.
    """
    try:
        yield
    except NoSpace:
        raise
    except Exception as error:
        fullest = _fullest((*folders, _temporary_folder()))
        if cause := _cause(error):
            raise no_space(_named_by(cause, folders) or fullest) from error
        if not isinstance(error, GettokError) and free_bytes(fullest) < _FULL_BYTES:
            raise no_space(fullest) from error
        raise


def no_space(folder: Path) -> NoSpace:
    """The error for a write that did not fit."""
    free = in_words(free_bytes(folder))
    return NoSpace(
        f"the disk that holds {folder.absolute()} is full, or a quota on it is spent: {free} free",
        "kept every answer that is stored; what was being written is discarded",
        "free some space and run the same command again",
    )


def refuse_without_room(folder: Path) -> None:
    """Raise `NoSpace` if the answers in flight might not fit: call it before a question is asked."""
    free = free_bytes(folder)
    if free < RESERVE_BYTES:
        raise NoSpace(
            f"the disk that holds {folder.absolute()} has {in_words(free)} free, and a question is asked only with "
            f"{in_words(RESERVE_BYTES)} for its answer",
            "asked nothing more; every answer so far is kept",
            "free some space and run the same command again",
        )


@contextmanager
def require_space(folder: Path, needed: int, keep_free: int) -> Iterator[None]:
    """A block that writes `needed` bytes. Raises `NoSpace` if that would leave less than `keep_free` bytes free."""
    free = free_bytes(folder)
    if free < needed + keep_free:
        raise NoSpace(
            f"the disk that holds {folder} has {in_words(free)} free, less than the {in_words(needed)} of the next "
            f"file together with the {in_words(keep_free)} to keep free",
            "stopped before writing it; every file that arrived is kept",
            "free some space, or lower download.keep_free_bytes, and run the same command again",
        )
    with full_disk_as_no_space(folder):
        yield


def free_bytes(folder: Path) -> int:
    """What may be written to the disk of a folder; the folder need not exist yet."""
    usage = shutil.disk_usage(_existing(folder))
    return usage.free if usage.total else sys.maxsize  # some network file systems do not say


def _existing(folder: Path) -> Path:
    return next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())


def _fullest(folders: Iterable[Path]) -> Path:
    """The folder whose disk has the least room; of several on one disk, the first."""
    by_disk: dict[int, Path] = {}
    for folder in folders:
        by_disk.setdefault(_existing(folder).stat().st_dev, folder)
    return min(by_disk.values(), key=free_bytes)


def in_words(size: int) -> str:
    """A number of bytes for people."""
    return f"{size / 1e9:,.1f} GB" if size >= 1e9 else f"{size / 1e6:,.1f} MB"


def _temporary_folder() -> Path:
    # `tempfile.gettempdir` looks for another folder, or fails, when the one of the environment is full
    return Path(tempfile.tempdir or os.environ.get("TMPDIR") or "/tmp")  # noqa: S108 - only its free bytes are read


def _cause(error: BaseException) -> BaseException | None:
    """The error in a chain of errors that says that a disk is full."""
    # one of ours may quote a server whose disk is full
    texts = () if isinstance(error, GettokError) else _TEXTS
    link: BaseException | None = error
    while link is not None:
        if _has_code(link) or any(text in str(link) for text in texts):
            return link
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    return None


def _has_code(error: BaseException) -> bool:
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
    return isinstance(error, OSError) and error.errno in _ERRNOS


def _named_by(error: BaseException, folders: Sequence[Path]) -> Path | None:
    """Which of the folders holds the file that an error of the system names, or else that file's own folder."""
    name = getattr(error, "filename2", None) or getattr(error, "filename", None)
    if not isinstance(name, str | bytes):
        return None
    folder = Path(os.fsdecode(name)).absolute().parent
    return next((place for place in folders if folder.is_relative_to(place.absolute())), folder)
