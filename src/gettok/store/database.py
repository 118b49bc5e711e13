"""SQLite as the store and the ledger use it: what is committed is on disk, and what goes wrong is told."""

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gettok.errors import Damaged
from gettok.store.blobs import full_disk_is_told, no_space


@dataclass(frozen=True)
class Database:
    """An open file, which any number of processes may share. One object belongs to one thread, unless it is shared."""

    path: Path
    connection: sqlite3.Connection

    @staticmethod
    def open(path: Path, schema: str, *, shared: bool = False) -> "Database":
        """Open the file, and make it and its folder where they are not there.

        If `shared`, threads may use the object too, one after the other: whoever shares it sees to that.
        """
        with full_disk_is_told(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
            database = Database(
                path, sqlite3.connect(path, 60, isolation_level=None, check_same_thread=not shared)
            )
            with path.with_suffix(".opening").open("a") as lock, database.told():
                fcntl.flock(lock, fcntl.LOCK_EX)  # SQLite does not wait for another that makes the same file
                database.connection.execute("PRAGMA journal_mode=WAL")
                database.connection.execute("PRAGMA synchronous=FULL")  # a commit returns after fsync only
                database.connection.executescript(schema)
        return database

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of the block or nothing of it, on disk when this ends."""
        with self.told():
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self.connection.execute("COMMIT")
            except BaseException:
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise

    @contextmanager
    def told(self) -> Iterator[None]:
        """Raise `NoSpace` for a full disk, and `Damaged` for a file that is no database any more."""
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
    """What a person is told of stored bytes that are not what was stored."""
    return Damaged(
        f"{what} does not match its digest",
        "refused to build anything from it",
        "run `gettok store verify` for all that is damaged, then bring the store back from a copy, "
        "or refill it from a pulled dataset with `gettok store refill`",
    )
