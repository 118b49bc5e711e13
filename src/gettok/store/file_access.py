"""A file or folder that may not be read or written: recognised in the errors of every library.

The border of the stages and that of the commands use it; a database does too, since SQLite does not name its file.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gettok.errors import GettokError, NotAllowed

_ERRNOS = frozenset((errno.EACCES, errno.EPERM, errno.EROFS))
#: Polars raises errors with a text alone.
_TEXTS = ("Permission denied", "Read-only file system")


@contextmanager
def refused_access_as_not_allowed() -> Iterator[None]:
    """Raise `NotAllowed`, which names the file, for any error that the file system's permissions cause."""
    try:
        yield
    except GettokError:
        raise
    except OSError as error:
        if error.errno in _ERRNOS or any(text in str(error) for text in _TEXTS):
            raise not_allowed(_named_by(error), str(error)) from error
        raise


def not_allowed(path: Path | None, why: str) -> NotAllowed:
    """The error for a file that may not be read or written, or is not there and may not be created."""
    # the name of a temporary file says nothing: name the folder that it was to be in
    named = None if path is None else path if os.path.lexists(path) else path.parent
    where = (
        f"{named.absolute()} may not be read or written"
        if named
        else f"a file may not be read or written: {why}"
    )
    return NotAllowed(
        f"{where}{_reason(named)}",
        "stopped; every answer that is stored is kept",
        f"look at `ls -ld {named or '.'}` and get the permission, or work in a folder of your own; "
        "GETTOK_STORE names another answer store",
    )


def _reason(path: Path | None) -> str:
    if path is None:
        return ""
    is_read_only = os.statvfs(path).f_flag & os.ST_RDONLY if os.access(path, os.F_OK) else False
    return " (its file system can only be read)" if is_read_only else f" (by the user {os.geteuid()})"


def _named_by(error: OSError) -> Path | None:
    name = error.filename2 or error.filename
    return Path(os.fsdecode(name)) if isinstance(name, str | bytes) else None
