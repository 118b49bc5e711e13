"""The answer store without what is erased.

Answers about an erased video, comment or user are deleted, and pages that list one are written again without it, with
a digest of what they are now. A kill at any instant leaves an intact store, and another call comes to the same end.
"""

import json
import sqlite3
import zlib
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from gettok.collect.tombstones import sha256
from gettok.errors import AlreadyRunning
from gettok.purge.removal.names import ErasedNames
from gettok.purge.removal.rewriting import is_page, page_without
from gettok.step import Json, canonical
from gettok.store import AnswerRef, Store
from gettok.store.atomic_write import atomic_write

_DATABASES = ("answers.sqlite", "calls.sqlite", "requests.sqlite")
_DROPS = "drops.jsonl"
#: How long another process may read before it is named in an error.
_PATIENCE_MS = 5_000


@dataclass(frozen=True)
class StorePurge:
    """What was deleted from a store, and what was written again."""

    deleted: int
    rewritten: int
    renamed: int


def purge_answers(store: Store, names: ErasedNames, used: Mapping[str, str]) -> StorePurge:
    """Delete and rewrite answers. `used` has the keys that the tables of now name, each with the video of its row.

    An answer that was asked for an erased video, and that another video shares since its media or frames are the same,
    gets the name of that video.
    """
    deleted: list[AnswerRef] = []
    rewritten: dict[str, Json] = {}
    renamed: dict[str, str] = {}
    for answer, text in store.texts():
        if (subject := used.get(answer.key)) and names.is_cell(answer.subject) and not names.has_id(text):
            renamed[answer.key] = _renamed(answer.subject, subject)
        elif is_about(answer.subject, names):
            deleted.append(answer)
        elif names.has_id(text) or names.erased.users:
            left = _left(json.loads(text), names)
            if left is None:
                deleted.append(answer)
            elif (new := canonical(left)) != text:
                rewritten[answer.key] = new
    _log_hashes(store.root, names)
    store.drop(deleted, logged_as=lambda answer: _hidden_answer(answer, names))
    store.rewrite(rewritten, renamed)
    return StorePurge(len(deleted), len(rewritten), len(renamed))


def is_about(subject: str, names: ErasedNames) -> bool:
    """Whether the subject of an answer or a request is an erased video, its variant or comments, or a user."""
    first = subject.split(" ", maxsplit=1)[0]
    return names.is_cell(first) or names.is_user(first)


def hidden(subject: str, names: ErasedNames) -> str:
    """A subject with the digest in place of an erased name."""
    first, space, rest = subject.partition(" ")
    number, slash, variant = first.partition("/")
    if names.is_cell(first):
        return f"{sha256(number)}{slash}{variant}{space}{rest}"
    return f"{sha256(first.lower())}{space}{rest}" if names.is_user(first) else subject


def _renamed(subject: str, other: str) -> str:
    _, slash, variant = subject.partition("/")
    return f"{other}{slash}{variant}" if "/" not in other else other


def _left(body: Json, names: ErasedNames) -> Json:
    """What is left of a body that may name something erased; None if the answer goes."""
    if is_page(body):
        return page_without(body, names)
    return None if names.has_id(canonical(body)) else body


def _hidden_answer(answer: AnswerRef, names: ErasedNames) -> AnswerRef:
    return answer._replace(**_hidden(answer.subject, answer.blobs, names))


def _hidden(subject: str, blobs: Json, names: ErasedNames) -> dict[str, Json]:
    """What a log says of an answer: of one about what is erased, neither its name nor the digests of its files."""
    shown = hidden(subject, names)
    return {"subject": shown, "blobs": blobs if shown == subject else ()}


def _log_hashes(root: Path, names: ErasedNames) -> None:
    """Put the digests of erased names in the place of the names in the log of answers that were dropped earlier."""
    with suppress(FileNotFoundError):
        log = root / _DROPS
        lines = [json.loads(line) for line in log.read_text("ascii").splitlines()]
        shown = [line | _hidden(line["subject"], line["blobs"], names) for line in lines]
        atomic_write(log, "".join(canonical(line) + "\n" for line in shown).encode("ascii"))


def purge_logs(root: Path, names: ErasedNames) -> int:
    """Take names and texts out of the logs of requests and of calls to models; what was used and spent stays.

    Every reply of a model goes: those that count are answers by now, as no stage runs. Returns the changed rows.
    """
    changed = 0
    for name, change in (("requests.sqlite", _without_subjects), ("calls.sqlite", _without_replies)):
        if (root / name).is_file():
            with closing(sqlite3.connect(root / name, isolation_level=None)) as database:
                database.execute("BEGIN IMMEDIATE")
                changed += change(database, names)
                database.execute("COMMIT")
    return changed


def _without_subjects(database: sqlite3.Connection, names: ErasedNames) -> int:
    changes = []
    for number, subject, answer in database.execute("SELECT n, subject, answer FROM requests"):
        new = hidden(subject, names)
        goes = new != subject or (answer is not None and names.has_id(_text_of(answer)))
        if goes:
            changes.append((new, number))
    database.executemany("UPDATE requests SET subject = ?, answer = NULL WHERE n = ?", changes)
    return len(changes)


def _without_replies(database: sqlite3.Connection, _: ErasedNames) -> int:
    return database.execute("UPDATE calls SET reply = NULL WHERE reply IS NOT NULL").rowcount


def _text_of(packed: bytes) -> str:
    return zlib.decompress(packed).decode("utf-8", "replace")


def compact(root: Path) -> None:
    """Write each database anew, without the bytes of deleted rows. Raises `AlreadyRunning` while another reads one.

    SQLite leaves deleted bytes in pages that it uses again in part, whatever its setting `secure_delete` (SQLite 3.40).
    """
    for name in _DATABASES:
        if (root / name).is_file():
            with closing(sqlite3.connect(root / name, isolation_level=None)) as database:
                _compact(database, root / name)


def _compact(database: sqlite3.Connection, path: Path) -> None:
    database.execute(f"PRAGMA busy_timeout = {_PATIENCE_MS}")
    try:
        database.execute("VACUUM")
        ((is_busy, *_),) = database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise
        is_busy = 1
    log = path.with_name(f"{path.name}-wal")
    if is_busy or (log.exists() and log.stat().st_size):
        raise AlreadyRunning(
            f"another process is reading {path}, so deleted rows could not be taken out of its files",
            "deleted the rows; their bytes are still in the file or in its log",
            f"find the process with `fuser {path}`, end it or wait for it, and run the same command again",
        )
