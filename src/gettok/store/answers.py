"""The store itself: answers in SQLite, large bytes in files.

Promise: when `put` returns, the answer is on disk. An answer is written once and never changed; only `drop` deletes
one. This holds under a kill at any instant, on a full disk, and with several processes at once. Every answer has a
digest over its key, body and blobs.
"""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice, zip_longest
from pathlib import Path
from typing import NamedTuple, Self

from gettok.errors import Damaged
from gettok.step import Answer, Blob, canonical
from gettok.store.blobs import BlobFiles, file_digest
from gettok.store.database import Database
from gettok.store.disk_space import full_disk_as_no_space
from gettok.store.keys import SCOPE_DIGITS, Key
from gettok.store.stored_row import COLUMNS, StoredRow, digest_of_answer, packed

#: Blobs in memory of up to this many bytes go into the database; above it SQLite is slower than the filesystem
#: (https://www.sqlite.org/intern-v-extern-blob.html).
_INLINE_BYTES = 100_000

_SCHEMA = """
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY, stage TEXT NOT NULL, subject TEXT NOT NULL,
    body BLOB NOT NULL, blobs TEXT NOT NULL, digest TEXT NOT NULL, stored_at REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS blobs (
    digest TEXT PRIMARY KEY, size INTEGER NOT NULL, data BLOB, mtime_ns INTEGER
);
CREATE INDEX IF NOT EXISTS answer_keys ON answers (key, stage);
"""


#: The keys of one scope twice: from the answers, and from the index that has little else. In the first, another column
#: keeps SQLite from reading the index instead.
_KEYS = "SELECT key, stored_at FROM answers WHERE key >= ? AND key < ? ORDER BY key"
_KEYS_AGAIN = "SELECT key FROM answers INDEXED BY answer_keys WHERE key >= ? AND key < ? ORDER BY key"


class Entry(NamedTuple):
    """A stored answer with the key and the subject (a video id, a window) that it was stored under."""

    key: str
    subject: str
    answer: Answer


class AnswerRef(NamedTuple):
    """A stored answer without its content: where it belongs, and the digests of its blobs."""

    stage: str
    subject: str
    key: str
    blobs: tuple[str, ...]


class Defect(NamedTuple):
    """Something that `verify` found wrong, and where."""

    what: str
    stage: str
    subject: str
    name: str


class Store:
    """The answers of all stages in one folder.

    An object belongs to one thread; any number of processes may share the folder. One that is opened `to_read` creates
    and changes nothing.
    """

    def __init__(self, root: Path, *, to_read: bool = False) -> None:
        self.root = root
        with full_disk_as_no_space(root):
            self.files = BlobFiles(root, to_read=to_read)
        opened = Database.open_to_read if to_read else Database.open
        self._file = opened(root / "answers.sqlite", _SCHEMA)
        self._database = self._file.connection
        self._compared: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._database.close()

    def refuse_without_room(self) -> None:
        """Raise `NoSpace` unless the answers in flight will fit; called before each question."""
        self._file.refuse_without_room()

    def put(self, key: Key, subject: str, answer: Answer) -> None:
        """Store an answer; it is on disk when this returns. A key that exists already keeps its first answer."""
        for blob in answer.blobs.values():
            if not _fits_database(blob):
                self.files.add(blob)
        body = answer.text
        blobs = canonical({name: blob.digest for name, blob in answer.blobs.items()})
        digest = digest_of_answer(key.digest, key.stage, subject, body, blobs)
        row = (
            key.digest,
            key.stage,
            subject,
            packed(body),
            blobs,
            digest,
            time.time(),
        )
        with self._file.transaction():
            for blob in answer.blobs.values():
                self._database.execute(_ADD_BLOB, self._blob_row(blob))
            self._database.execute("INSERT OR IGNORE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?)", row)

    def known(self, keys: Iterable[str]) -> set[str]:
        """Which of the keys have an answer."""
        found: set[str] = set()
        remaining = iter(keys)
        while batch := list(islice(remaining, 500)):
            marks = ",".join("?" * len(batch))
            rows = self._file.rows(f"SELECT key FROM answers WHERE key IN ({marks})", batch)  # noqa: S608 - marks only
            found.update(key for (key,) in rows)
            for key in batch:
                if key not in found:
                    self._refuse_lost(key)
        return found

    def get(self, key: str) -> Answer | None:
        """The answer, checked against its digest; `Damaged` if they differ."""
        stored = self._stored(key)
        if stored is None:
            self._refuse_lost(key)
            return None
        return self._answer(stored)

    def blob(self, digest: str) -> Blob:
        """The bytes with this digest that an answer names. Raises `Damaged` if they are missing or others."""
        rows = self._file.rows("SELECT size, data, mtime_ns FROM blobs WHERE digest = ?", (digest,))
        if not rows:
            raise Damaged.in_store(f"the blob {digest}, which is missing")
        ((size, data, mtime_ns),) = rows
        if data is not None:
            if not self._blob_is_intact(digest, size, data):
                raise Damaged.in_store(f"the blob {digest}")
            return Blob(digest, size, data=data)
        path = self.files.path(digest)
        if not _looks_untouched(path, size, mtime_ns) and not self._blob_is_intact(digest, size, None):
            raise Damaged.in_store(f"the file {path}")
        return Blob(digest, size, path=path)

    def scan(self, scope: str) -> Iterator[Entry]:
        """All answers of one scope, in order of their keys."""
        query = f"SELECT {COLUMNS} FROM answers WHERE key >= ? AND key < ? ORDER BY key"  # noqa: S608 - our own columns
        self._refuse_lost(scope)
        for row in self._file.rows(query, (scope, scope + "g")):
            stored = StoredRow(*row)
            yield Entry(stored.key, stored.subject, self._answer(stored))

    def about(self, video_id: str) -> list[AnswerRef]:
        """The answers about a video and its variants (`VIDEO/…`), in order of stage."""
        query = (
            "SELECT stage, subject, key, blobs FROM answers WHERE subject = ? OR subject GLOB ?"
            " ORDER BY stage, subject, key"
        )
        rows = self._file.rows(query, (video_id, f"{video_id}/*"))
        return [AnswerRef(stage, subject, key, _blob_digests(blobs)) for stage, subject, key, blobs in rows]

    def texts(self) -> Iterator[tuple[AnswerRef, str]]:
        """Every answer with its body as text, in order of their keys; raises `Damaged` for one that is not intact."""
        for row in self._file.rows("SELECT key FROM answers ORDER BY key"):
            stored = self._stored(row[0])
            if stored is not None:
                text = self._intact(stored)
                yield AnswerRef(stored.stage, stored.subject, stored.key, _blob_digests(stored.blobs)), text

    def rewrite(self, bodies: Mapping[str, str], subjects: Mapping[str, str]) -> None:
        """Give answers, by their keys, another body or subject, from which something was erased; all or none.

        Each gets the digest of what it is now.
        """
        with full_disk_as_no_space(self.root), self._file.transaction():
            for stored in filter(None, map(self._stored, bodies.keys() | subjects.keys())):
                key = stored.key
                body, subject = bodies.get(key) or self._intact(stored), subjects.get(key, stored.subject)
                digest = digest_of_answer(key, stored.stage, subject, body, stored.blobs)
                row = (subject, packed(body), digest, key)
                self._database.execute(
                    "UPDATE answers SET subject = ?, body = ?, digest = ? WHERE key = ?", row
                )

    def drop(
        self,
        answers: Sequence[AnswerRef],
        *,
        logged_as: Callable[[AnswerRef], AnswerRef] = lambda answer: answer,
    ) -> None:
        """Delete answers, and blobs that no other answer names; `drops.jsonl` keeps what `logged_as` says of them.

        All or nothing. The caller makes sure that no stage runs, which could add a blob that is deleted here. A kill
        just before the end leaves answers whose blobs are missing, which another call deletes.
        """
        with full_disk_as_no_space(self.root), self._file.transaction():
            self._database.executemany(
                "DELETE FROM answers WHERE key = ?", [(answer.key,) for answer in answers]
            )
            blobs = self._unnamed({digest for answer in answers for digest in answer.blobs})
            self._database.executemany("DELETE FROM blobs WHERE digest = ?", [(digest,) for digest in blobs])
            self._log_drop(list(map(logged_as, answers)))
            for digest in blobs:
                self.files.remove(digest)

    def drop_unnamed(self) -> None:
        """Delete the blobs that no answer names, as a run leaves them that is killed before it stores the answer."""
        with full_disk_as_no_space(self.root), self._file.transaction():
            listed = {digest for (digest,) in self._database.execute("SELECT digest FROM blobs")}
            blobs = self._unnamed(listed | self.files.digests())
            self._database.executemany("DELETE FROM blobs WHERE digest = ?", [(digest,) for digest in blobs])
            for digest in blobs:
                self.files.remove(digest)

    def _refuse_lost(self, key: str) -> None:
        """Raise `Damaged` if an answer of the key's scope may be there and not be found; once for each scope.

        The digest of an answer cannot say that it was not read, if its key changed or a link between pages.
        """
        scope = key[:SCOPE_DIGITS]
        if scope in self._compared:
            return
        with self._file.snapshot():
            names = scope, scope + "g"
            keys, again = (self._database.execute(query, names) for query in (_KEYS, _KEYS_AGAIN))
            pairs = zip_longest(keys, again, fillvalue=(None,))
            if any(row[0] != row_again[0] for row, row_again in pairs):
                raise Damaged.in_store(f"the list of answers of {self._file.path}")
        self._compared.add(scope)

    def verify(self) -> Iterator[Defect]:
        """Check every stored byte by its digest, and yield what is wrong."""
        with self._file.errors_for_users():
            yield from self._defects()
        if trouble := self._file.trouble():
            yield Defect(f"the database is damaged, says SQLite: {trouble}", "", "", self._file.path.name)

    def _defects(self) -> Iterator[Defect]:
        damaged: set[str] = set()
        for digest, size, data in self._database.execute("SELECT digest, size, data FROM blobs"):
            if not self._blob_is_intact(digest, size, data):
                damaged.add(digest)
        named: set[str] = set()
        for row in self._database.execute(f"SELECT {COLUMNS} FROM answers ORDER BY stage, subject"):  # noqa: S608
            stored = StoredRow(*row)
            if stored.intact_text() is None:
                yield Defect("answer does not match its digest", stored.stage, stored.subject, stored.key)
                continue
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
        self._file.check()
        return self._file.rows(
            "SELECT stage, COUNT(*), SUM(LENGTH(body)) FROM answers GROUP BY stage ORDER BY stage"
        )

    def _unnamed(self, digests: set[str]) -> set[str]:
        """Those that no answer names."""
        unnamed = set(digests)
        for (blobs,) in self._database.execute("SELECT blobs FROM answers WHERE blobs != '{}'"):
            unnamed.difference_update(_blob_names(blobs).values())
        return unnamed

    def _log_drop(self, answers: Sequence[AnswerRef]) -> None:
        now = time.time()
        with (self.root / "drops.jsonl").open("a", encoding="ascii") as file:
            file.writelines(canonical({"dropped_at": now, **answer._asdict()}) + "\n" for answer in answers)

    def _blob_row(self, blob: Blob) -> tuple[str, int, bytes | None, int | None]:
        if _fits_database(blob):
            return blob.digest, blob.size, blob.read(), None
        return blob.digest, blob.size, None, self.files.path(blob.digest).stat().st_mtime_ns

    def _stored(self, key: str) -> StoredRow | None:
        query = f"SELECT {COLUMNS} FROM answers WHERE key = ?"  # noqa: S608 - our own columns
        rows = self._file.rows(query, (key,))
        return StoredRow(*rows[0]) if rows else None

    def _answer(self, stored: StoredRow) -> Answer:
        text = self._intact(stored)
        blobs = {name: self.blob(digest) for name, digest in _blob_names(stored.blobs).items()}
        return Answer.of_text(text, blobs)

    def _intact(self, stored: StoredRow) -> str:
        text = stored.intact_text()
        if text is None:
            raise Damaged.in_store(f"the answer {stored.key} ({stored.stage}, {stored.subject})")
        return text

    def _blob_is_intact(self, digest: str, size: int, data: bytes | None) -> bool:
        if data is not None:
            return isinstance(data, bytes) and len(data) == size and Blob.of_bytes(data).digest == digest
        path = self.files.path(digest)
        return path.is_file() and path.stat().st_size == size and file_digest(path) == digest

    def _has_blob(self, digest: str) -> bool:
        return bool(self._file.rows("SELECT 1 FROM blobs WHERE digest = ?", (digest,)))


#: A blob that is there already may have got a new file, because the old one was damaged.
_ADD_BLOB = """
INSERT INTO blobs VALUES (?, ?, ?, ?) ON CONFLICT (digest) DO UPDATE SET mtime_ns = excluded.mtime_ns
WHERE data IS NULL AND excluded.mtime_ns IS NOT NULL
"""


def _fits_database(blob: Blob) -> bool:
    """Files stay files, however small, so that they can be linked and not copied."""
    return blob.path is None and blob.size <= _INLINE_BYTES


def _blob_names(text: str) -> Mapping[str, str]:
    names: dict[str, str] = json.loads(text)
    return names


def _blob_digests(text: str) -> tuple[str, ...]:
    return tuple(_blob_names(text).values())


def _looks_untouched(path: Path, size: int, mtime_ns: int) -> bool:
    """Whether size and time of change are as when the file was stored.

    If every run hashed every file, its cost would grow with the store; `verify` hashes them all.
    """
    if not path.is_file():
        return False
    stat = path.stat()
    return stat.st_size == size and stat.st_mtime_ns == mtime_ns
