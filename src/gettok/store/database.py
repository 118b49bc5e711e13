"""SQLite as the store and the ledger use it: a commit is on disk, and a full or damaged disk is an error for users."""

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gettok.errors import Damaged
from gettok.store.blobs import full_disk_as_no_space, no_space


@dataclass(frozen=True)
class Database:
    """An open file, which any number of processes may share. An object belongs to one thread, unless it is shared."""

    path: Path
    connection: sqlite3.Connection

    @staticmethod
    def open(path: Path, schema: str, *, shared: bool = False) -> "Database":
        """Open the file; it and its folder are created if they do not exist.

        If `shared`, several threads may use the object, one at a time; the caller ensures that.
        """
        with full_disk_as_no_space(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
            database = Database(
                path, sqlite3.connect(path, 60, isolation_level=None, check_same_thread=not shared)
            )
            with path.with_suffix(".opening").open("a") as lock, database.errors_for_users():
                fcntl.flock(
                    lock, fcntl.LOCK_EX
                )  # SQLite does not wait for another process that creates the same file
                database.connection.execute("PRAGMA journal_mode=WAL")
                database.connection.execute("PRAGMA synchronous=FULL")  # a commit returns only after fsync
                database.connection.executescript(schema)
        return database

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of the block or none of it, on disk when this ends."""
        with self.errors_for_users():
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self.connection.execute("COMMIT")
            except BaseException:
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise

    @contextmanager
    def errors_for_users(self) -> Iterator[None]:
        """Raise `NoSpace` for a full disk, and `Damaged` for a file that is not a database any more."""
        try:
            yield
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_FULL:
                raise no_space(self.path.parent) from error
            raise
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
                raise damaged(f"{self.path}: {error}") from error
            raise


def damaged(what: str) -> Damaged:
    """The error for stored bytes that are not what was stored."""
    return Damaged(
        f"{what} does not match its digest",
        "refused to build anything from it",
        "run `gettok store verify` to list all that is damaged, then restore the store from a copy, "
        "or refill it from a pulled dataset with `gettok store refill`",
    )
