"""Every request ever sent, written down before it leaves, to count what is used of the quota.

TikTok counts requests by client and UTC day, failed ones too (tiktok-library, README), and does not report how many
are left. Only this file knows, across restarts and processes.
"""

import hashlib
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple, Protocol, Self

from gettok.step import Json, digest_of
from gettok.store.database import Database, unpacked

#: How much of an answer that was not accepted is kept, in characters.
_MAX_KEPT = 2**20

#: For how long the server's statement that the quota is spent is trusted without asking again.
_TRUSTED_FOR = timedelta(hours=1)

#: `requests_again` has every column that is read a second time, so that a check finds a changed bit.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS requests (
    n INTEGER PRIMARY KEY, client TEXT NOT NULL, day TEXT NOT NULL, endpoint TEXT NOT NULL, purpose TEXT NOT NULL,
    subject TEXT NOT NULL, request TEXT NOT NULL, sent_at TEXT NOT NULL,
    answered_at TEXT, outcome TEXT, status INTEGER, log_id TEXT, answer BLOB
);
CREATE INDEX IF NOT EXISTS requests_by_day ON requests (client, day, endpoint);
CREATE INDEX IF NOT EXISTS requests_again ON requests (
    client, day, endpoint, purpose, subject, answered_at, outcome, status, log_id
);
CREATE INDEX IF NOT EXISTS requests_spent ON requests (client, day, answered_at) WHERE outcome = 'quota_spent';
"""
_SEND = (
    "INSERT INTO requests (client, day, sent_at, endpoint, purpose, subject, request) "
    "VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_SETTLE = "UPDATE requests SET day = ?, answered_at = ?, outcome = ?, status = ?, log_id = ?, answer = ? WHERE n = ?"


class SentRequest(Protocol):
    """What the ledger records of a question."""

    @property
    def endpoint(self) -> str: ...
    @property
    def purpose(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def body(self) -> Mapping[str, Json]: ...


class Sent(NamedTuple):
    """A request as it is in the ledger."""

    n: int
    day: str
    endpoint: str
    purpose: str
    subject: str
    outcome: str | None
    status: int | None
    log_id: str | None
    answer: str | None


@dataclass(frozen=True)
class Settled:
    """The outcome of a request, its time by the server's clock, and the answer if it was not accepted."""

    at: datetime
    outcome: str
    status: int | None = None
    log_id: str = ""
    refused_answer: str | None = None

    @property
    def columns(self) -> tuple[str, str, str, int | None, str, bytes | None]:
        """The values as they are written; of a refused answer its beginning, compressed."""
        text = self.refused_answer
        packed = None if text is None else zlib.compress(text[:_MAX_KEPT].encode("utf-8", "backslashreplace"))
        return day_of(self.at), self.at.isoformat(), self.outcome, self.status, self.log_id, packed


class Ledger:
    """The requests of all studies that share an answer store, in one SQLite file."""

    def __init__(self, root: Path, *, to_read: bool = False) -> None:
        opened = Database.open_to_read if to_read else Database.open
        self._file = opened(root / "requests.sqlite", _SCHEMA)
        self._file.check()
        self._database = self._file.connection
        #: Outcomes of requests that were answered well, to be written with the next request: one sync for both.
        self._unwritten: list[tuple[int, Settled]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._write_outcomes()
        finally:
            self._database.close()

    def send(self, client: str, now: datetime, request: SentRequest) -> int:
        """Record a request that is about to leave; it is on disk when this returns. Its number settles it later.

        Raises `NoSpace` unless the disk has room for the answer.
        """
        self._file.refuse_without_room()
        about = (request.endpoint, request.purpose, request.subject, digest_of(dict(request.body)))
        with self._transaction():
            cursor = self._database.execute(_SEND, (client, day_of(now), now.isoformat(), *about))
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def settle(self, n: int, what: Settled) -> None:
        """Record the outcome of a request; one that a kill left unsettled still counts.

        A failure is on disk when this returns, since the next run and other processes rely on it.
        """
        self._unwritten.append((n, what))
        if what.outcome != "ok":
            self._write_outcomes()

    def _write_outcomes(self) -> None:
        if self._unwritten:
            with self._transaction():
                return

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """A transaction that first writes the outcomes that are still waiting."""
        with self._file.transaction():
            for n, what in self._unwritten:
                self._database.execute(_SETTLE, (*what.columns, n))
            yield
        self._unwritten = []

    def used(self, client: str, now: datetime, endpoint: str | None = None) -> int:
        """How many requests count for the day, including failed and unsettled ones."""
        query, values = "SELECT COUNT(*) FROM requests WHERE client = ? AND day = ?", [client, day_of(now)]
        if endpoint is not None:
            query, values = f"{query} AND endpoint = ?", [*values, endpoint]
        ((count,),) = self._file.rows(query, values)
        return int(count)

    def is_spent(self, client: str, now: datetime) -> bool:
        """Whether the server said so today, within the hour: after that, midnight or a larger quota may have come."""
        query = "SELECT 1 FROM requests WHERE client = ? AND day = ? AND outcome = 'quota_spent' AND answered_at > ?"
        since = (now - _TRUSTED_FOR).isoformat()
        return bool(self._file.rows(query, (client, day_of(now), since)))

    def days(self, client: str) -> list[tuple[str, str, int, int]]:
        """For each day and endpoint, oldest first: requests sent, and how many of them failed or have no outcome."""
        self._write_outcomes()
        query = (
            "SELECT day, endpoint, COUNT(*), SUM(outcome IS NOT 'ok') FROM requests WHERE client = ? "
            "GROUP BY day, endpoint ORDER BY day, endpoint"
        )
        return self._file.rows(query, (client,))

    def requests(self) -> list[Sent]:
        """Every request in the order in which they left."""
        self._write_outcomes()
        query = "SELECT n, day, endpoint, purpose, subject, outcome, status, log_id, answer FROM requests ORDER BY n"
        return [Sent._make((*row[:-1], self._unpacked(row[-1]))) for row in self._file.rows(query)]

    def _unpacked(self, answer: bytes | None) -> str | None:
        return None if answer is None else unpacked(answer, f"an answer in {self._file.path}")


def day_of(now: datetime) -> str:
    """The UTC day that a request counts for."""
    return now.astimezone(UTC).date().isoformat()


def client_name(client_key: str) -> str:
    """A client's name in the ledger: it tells clients apart and does not reveal the key."""
    return hashlib.sha256(client_key.encode()).hexdigest()[:16]
