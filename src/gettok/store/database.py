"""SQLite as the store and the ledger use it: a commit is on disk, and a full or damaged disk is an error for users."""

import fcntl
import sqlite3
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gettok.errors import Damaged
from gettok.store.disk_space import full_disk_as_no_space, refuse_without_room
from gettok.store.file_access import not_allowed

#: What SQLite reports of a damaged file; among them `SQLITE_ERROR`, since our statements fit an intact one.
_DAMAGED = frozenset(
    {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_FORMAT}
)

#: What it reports of a file, or of a folder for the files beside it, that may not be read or written.
_REFUSED = frozenset(
    {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH}
)


@dataclass(frozen=True)
class Database:
    """An open file, which any number of processes may share. An object belongs to one thread, unless it is shared."""

    path: Path
    connection: sqlite3.Connection

    @staticmethod
    def open(
        path: Path,
        schema: str,
        *,
        shared: bool = False,
        upgrade: Callable[[sqlite3.Connection], None] = lambda _: None,
    ) -> "Database":
        """Open the file; it and its folder are created if they do not exist.

        If `shared`, several threads may use the object, one at a time; the caller ensures that. `upgrade` changes a
        file from before, so that it fits the schema.
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
                upgrade(database.connection)
                database.connection.executescript(schema)
                database._refuse_other_schema(schema)
        return database

    @staticmethod
    def open_to_read(
        path: Path,
        schema: str,
        *,
        shared: bool = False,
        upgrade: Callable[[sqlite3.Connection], None] = lambda _: None,
    ) -> "Database":
        """Open the file for reading, even in a folder that may not be written. One that does not exist is empty.

        A file from before is read as a copy in memory, which is upgraded.
        """
        if not path.exists():
            empty = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=not shared)
            empty.executescript(schema)
            return Database(path, empty)
        database = Database(path, _connected_to_read(path, shared=shared))
        with database.errors_for_users():
            if not database._has_schema(schema):
                database = database._copy_in_memory(shared=shared)
                upgrade(database.connection)
                database.connection.executescript(schema)
            database._refuse_other_schema(schema)  # noqa: SLF001 - it is one of us
        return database

    def refuse_without_room(self) -> None:
        """Raise `NoSpace` unless the answers in flight will fit; called before each question."""
        refuse_without_room(self.path.parent)

    def check(self) -> None:
        """Raise `Damaged` unless every index agrees with its table, value by value. It reads the whole file."""
        if trouble := self.trouble():
            raise _damaged_file(self.path, trouble)

    def trouble(self) -> str:
        """What SQLite's own check finds wrong first; empty if it finds nothing."""
        with self.errors_for_users():
            (found,) = self.connection.execute("PRAGMA integrity_check(1)").fetchone()
        return "" if found == "ok" else str(found)

    def _refuse_other_schema(self, schema: str) -> None:
        """A name that is another by one bit would hide a table, and an empty one be created in its place."""
        if not self._has_schema(schema):
            raise _damaged_file(self.path, "its tables are not those that were created")

    def _has_schema(self, schema: str) -> bool:
        with closing(sqlite3.connect(":memory:")) as declared:
            declared.executescript(schema)
            return _schema_of(declared) == _schema_of(self.connection)

    def _copy_in_memory(self, *, shared: bool) -> "Database":
        copy = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=not shared)
        with closing(self.connection):
            self.connection.backup(copy)
        return Database(self.path, copy)

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

    def rows(self, query: str, values: Sequence[object] = ()) -> list[Any]:
        """All rows that a query finds."""
        with self.errors_for_users():
            return self.connection.execute(query, values).fetchall()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """All queries of the block see the same answers, whatever other processes write."""
        with self.errors_for_users():
            self.connection.execute("BEGIN")
            try:
                yield
            finally:
                self.connection.execute("ROLLBACK")

    @contextmanager
    def errors_for_users(self) -> Iterator[None]:
        """Raise `NoSpace` for a full disk, and `Damaged` for a file that is not the database any more."""
        try:
            with full_disk_as_no_space(self.path.parent):
                yield
        except UnicodeDecodeError as error:  # SQLite quotes the damaged text in its message
            raise _damaged_file(self.path, str(error)) from error
        except sqlite3.DatabaseError as error:
            # a text that is not UTF-8 any more has no code
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
            if code in _REFUSED:
                raise not_allowed(self.path, str(error)) from error
            if code in _DAMAGED:
                raise _damaged_file(self.path, str(error)) from error
            raise


def _connected_to_read(path: Path, *, shared: bool) -> sqlite3.Connection:
    def connect(mode: str) -> sqlite3.Connection:
        uri = f"{path.absolute().as_uri()}?{mode}"
        return sqlite3.connect(uri, 60, isolation_level=None, check_same_thread=not shared, uri=True)

    connection = connect("mode=ro")
    try:
        connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite3.DatabaseError as error:
        log = path.with_name(f"{path.name}-wal")
        if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _REFUSED or (
            log.exists() and log.stat().st_size
        ):
            return connection  # the first query raises it again, for users
        # SQLite cannot create the files that readers share with writers; without a log, there is nothing to share
        connection.close()
        return connect("mode=ro&immutable=1")
    return connection


def _schema_of(connection: sqlite3.Connection) -> set[tuple[str, ...]]:
    rows = connection.execute("SELECT type, name, tbl_name, COALESCE(sql, '') FROM sqlite_master")
    return {tuple(" ".join(text.split()) for text in row) for row in rows}


def _damaged_file(path: Path, why: str) -> Damaged:
    report = " ".join(why.split())  # SQLite's has several lines
    return Damaged(
        f"{path} is damaged: {report}",
        "stopped; nothing was read from it that cannot be trusted",
        "restore it from a copy. Without one, move it away: answers can be refilled from a dataset with "
        "`gettok store refill`; what was asked and spent so far is then counted from zero",
    )


def unpacked(data: bytes, what: str) -> str:
    """A text that was packed with zlib, whose checksum is compared."""
    try:
        return zlib.decompress(data).decode()
    except (zlib.error, UnicodeDecodeError, TypeError) as error:
        raise Damaged.in_store(what) from error
