"""The store itself: answers in SQLite, large bytes in files.

Promise: when `put` returns, the answer is on disk. An answer is written once and never changed. This holds under a kill
at any instant, on a full disk, and with several processes at once. Every answer has a digest over its key, body and
blobs.
"""

import hashlib
import json
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple, Self

from gettok.step import Answer, Blob, canonical
from gettok.store.blobs import BlobFiles, file_digest, full_disk_as_no_space
from gettok.store.database import Database, damaged
from gettok.store.keys import Key

#: Blobs in memory of up to this many bytes go into the database; above it SQLite is slower than the filesystem
#: (https://www.sqlite.org/intern-v-extern-blob.html).
_INLINE_BYTES = 100_000

#: For zlib. The default level 6 takes two and a half times as long for pages, and saves an eighth of the bytes.
_ZLIB_LEVEL = 3

_SCHEMA = """
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY, stage TEXT NOT NULL, subject TEXT NOT NULL,
    body BLOB NOT NULL, blobs TEXT NOT NULL, digest TEXT NOT NULL, stored_at REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS blobs (
    digest TEXT PRIMARY KEY, size INTEGER NOT NULL, data BLOB, mtime_ns INTEGER
);
"""


class Entry(NamedTuple):
    """A stored answer with the key and the subject (a video id, a window) that it was stored under."""

    key: str
    subject: str
    answer: Answer


class Defect(NamedTuple):
    """Something that `verify` found wrong, and where."""

    what: str
    stage: str
    subject: str
    name: str


@dataclass(frozen=True)
class _Stored:
    key: str
    stage: str
    subject: str
    body: bytes
    blobs: str
    digest: str

    def is_intact(self) -> bool:
        try:
            text = zlib.decompress(self.body).decode("ascii")
        except (zlib.error, UnicodeDecodeError):
            return False
        return self.digest == _digest(self.key, self.stage, self.subject, text, self.blobs)


class Store:
    """The answers of all stages in one folder.

    An object belongs to one thread; any number of processes may share the folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        with full_disk_as_no_space(root):
            root.mkdir(parents=True, exist_ok=True)
            self.files = BlobFiles(root)
        self._file = Database.open(root / "answers.sqlite", _SCHEMA)
        self._database = self._file.connection

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._database.close()

    def put(self, key: Key, subject: str, answer: Answer) -> None:
        """Store an answer; it is on disk when this returns. A key that exists already keeps its first answer."""
        for blob in answer.blobs.values():
            if not _fits_database(blob):
                self.files.add(blob)
        body = answer.text
        blobs = canonical({name: blob.digest for name, blob in answer.blobs.items()})
        digest = _digest(key.digest, key.stage, subject, body, blobs)
        row = (
            key.digest,
            key.stage,
            subject,
            zlib.compress(body.encode("ascii"), _ZLIB_LEVEL),
            blobs,
            digest,
            time.time(),
        )
        with self._file.transaction():
            for blob in answer.blobs.values():
                self._database.execute(
                    "INSERT OR IGNORE INTO blobs VALUES (?, ?, ?, ?)", self._blob_row(blob)
                )
            self._database.execute("INSERT OR IGNORE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?)", row)

    def known(self, keys: Iterable[str]) -> set[str]:
        """Which of the keys have an answer."""
        found: set[str] = set()
        remaining = iter(keys)
        while batch := list(islice(remaining, 500)):
            marks = ",".join("?" * len(batch))
            rows = self._database.execute(f"SELECT key FROM answers WHERE key IN ({marks})", batch)  # noqa: S608 - marks only
            found.update(key for (key,) in rows)
        return found

    def get(self, key: str) -> Answer | None:
        """The answer, checked against its digest; `Damaged` if they differ."""
        stored = self._stored(key)
        return None if stored is None else self._answer(stored)

    def scan(self, scope: str) -> Iterator[Entry]:
        """All answers of one scope, in order of their keys."""
        query = f"SELECT {_COLUMNS} FROM answers WHERE key >= ? AND key < ? ORDER BY key"  # noqa: S608 - our own columns
        for row in self._database.execute(query, (scope, scope + "g")).fetchall():
            stored = _Stored(*row)
            yield Entry(stored.key, stored.subject, self._answer(stored))

    def verify(self) -> Iterator[Defect]:
        """Check every stored byte by its digest, and yield what is wrong."""
        damaged: set[str] = set()
        for digest, size, data in self._database.execute("SELECT digest, size, data FROM blobs"):
            if not self._blob_is_intact(digest, size, data):
                damaged.add(digest)
        named: set[str] = set()
        for row in self._database.execute(f"SELECT {_COLUMNS} FROM answers ORDER BY stage, subject"):  # noqa: S608
            stored = _Stored(*row)
            if not stored.is_intact():
                yield Defect("answer does not match its digest", stored.stage, stored.subject, stored.key)
            for digest in _blob_names(stored.blobs).values():
                named.add(digest)
                if digest in damaged or not self._has_blob(digest):
                    yield Defect(
                        "blob is missing or does not match its digest", stored.stage, stored.subject, digest
                    )
        for digest in sorted(damaged - named):
            yield Defect("blob that no answer names does not match its digest", "", "", digest)

    def stats(self) -> list[tuple[str, int, int]]:
        """For each stage: its name, its number of answers, and the bytes of their compressed bodies."""
        rows = self._database.execute(
            "SELECT stage, COUNT(*), SUM(LENGTH(body)) FROM answers GROUP BY stage ORDER BY stage"
        )
        return list(rows)

    def _blob_row(self, blob: Blob) -> tuple[str, int, bytes | None, int | None]:
        if _fits_database(blob):
            return blob.digest, blob.size, blob.read(), None
        return blob.digest, blob.size, None, self.files.path(blob.digest).stat().st_mtime_ns

    def _stored(self, key: str) -> _Stored | None:
        query = f"SELECT {_COLUMNS} FROM answers WHERE key = ?"  # noqa: S608 - our own columns
        row = self._database.execute(query, (key,)).fetchone()
        return None if row is None else _Stored(*row)

    def _answer(self, stored: _Stored) -> Answer:
        if not stored.is_intact():
            raise damaged(f"the answer {stored.key} ({stored.stage}, {stored.subject})")
        body = json.loads(zlib.decompress(stored.body))
        return Answer(body, {name: self._blob(digest) for name, digest in _blob_names(stored.blobs).items()})

    def _blob(self, digest: str) -> Blob:
        row = self._database.execute(
            "SELECT size, data, mtime_ns FROM blobs WHERE digest = ?", (digest,)
        ).fetchone()
        if row is None:
            raise damaged(f"the blob {digest}, which is missing")
        size, data, mtime_ns = row
        if data is not None:
            if Blob.of_bytes(data).digest != digest:
                raise damaged(f"the blob {digest}")
            return Blob(digest, size, data=data)
        path = self.files.path(digest)
        if not _looks_untouched(path, size, mtime_ns) and not self._blob_is_intact(digest, size, None):
            raise damaged(f"the file {path}")
        return Blob(digest, size, path=path)

    def _blob_is_intact(self, digest: str, size: int, data: bytes | None) -> bool:
        if data is not None:
            return len(data) == size and Blob.of_bytes(data).digest == digest
        path = self.files.path(digest)
        return path.is_file() and path.stat().st_size == size and file_digest(path) == digest

    def _has_blob(self, digest: str) -> bool:
        return (
            self._database.execute("SELECT 1 FROM blobs WHERE digest = ?", (digest,)).fetchone() is not None
        )


def _digest(key: str, stage: str, subject: str, body: str, blobs: str) -> str:
    """SHA-256 over an answer and what it answers. The body, which may be long, is hashed as it is."""
    about = canonical([key, stage, subject, blobs])
    return hashlib.sha256(f"{about}\n{body}".encode("ascii")).hexdigest()


_COLUMNS = "key, stage, subject, body, blobs, digest"


def _fits_database(blob: Blob) -> bool:
    """Files stay files, however small, so that they can be linked and not copied."""
    return blob.path is None and blob.size <= _INLINE_BYTES


def _blob_names(text: str) -> Mapping[str, str]:
    names: dict[str, str] = json.loads(text)
    return names


def _looks_untouched(path: Path, size: int, mtime_ns: int) -> bool:
    """Whether size and time of change are as when the file was stored.

    If every run hashed every file, its cost would grow with the store; `verify` hashes them all.
    """
    if not path.is_file():
        return False
    stat = path.stat()
    return stat.st_size == size and stat.st_mtime_ns == mtime_ns
