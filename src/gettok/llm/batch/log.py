"""Every batch at a model's host, written down before it is asked for, so that no kill makes a second one of it.

A batch and what each of its calls may cost are on disk before its creation is sent, under the id of its uploaded
file, by which it is found again if its own id did not arrive. All its calls are settled in one transaction.
"""

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from gettok.llm.call_log import Calls, units
from gettok.llm.response import Reply

_SCHEMA = """
CREATE TABLE IF NOT EXISTS batches (
    n INTEGER PRIMARY KEY, made_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP, host TEXT NOT NULL, model TEXT NOT NULL,
    file TEXT NOT NULL, id TEXT, is_over INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS calls_of_batch ON calls (batch, request) WHERE batch IS NOT NULL;
"""
_RESERVE = "INSERT INTO calls (model, request, reserved, batch) VALUES (?, ?, ?, ?)"
_SETTLE = (
    "UPDATE calls SET settled = COALESCE(?, reserved), uncounted = ?, status = ?, reply = ? "
    "WHERE batch = ? AND request = ? AND settled IS NULL"
)
_SETTLE_OTHERS = (
    "UPDATE calls SET settled = COALESCE(?, reserved), uncounted = ? WHERE batch = ? AND settled IS NULL"
)
_UNANSWERED = "SELECT request FROM calls WHERE batch = ? AND reply IS NULL"
_SUM = "SELECT COALESCE(SUM(COALESCE(settled, reserved)), 0) FROM calls WHERE batch = ?"


@dataclass(frozen=True)
class OpenBatch:
    """A batch whose calls are not settled. `id` is empty until the host has told it."""

    n: int
    model: str
    file: str
    id: str | None


@dataclass(frozen=True)
class Settled:
    """What became of one call: its reply, if there is one, and what it cost; `usd` empty: its worst case counts."""

    usd: Decimal | None
    reply: Reply | None = None


class BatchLog:
    """The batches of one host, as the settings name it, in the same file as all calls."""

    def __init__(self, calls: Calls, host: str) -> None:
        self.calls, self._host = calls, host
        with calls.turn() as database:
            database.executescript(_SCHEMA)

    def begin(self, model: str, file: str, worst: Mapping[str, Decimal]) -> OpenBatch | None:
        """Set aside what these calls may cost, all or none of it; nothing if the budget does not reach so far."""
        amounts = {request: units(usd) for request, usd in worst.items()}
        with self.calls.transaction() as database:
            if not self.calls.may_add(sum(amounts.values())):
                return None
            made = "INSERT INTO batches (host, model, file) VALUES (?, ?, ?)"
            n = database.execute(made, (self._host, model, file)).lastrowid
            assert n is not None
            database.executemany(_RESERVE, ((model, *call, n) for call in amounts.items()))
            self.calls.add(sum(amounts.values()))
        return OpenBatch(n, model, file, None)

    def name(self, batch: OpenBatch, told: str) -> OpenBatch:
        """The host has told the batch's id."""
        with self.calls.transaction() as database:
            database.execute("UPDATE batches SET id = ? WHERE n = ?", (told, batch.n))
        return OpenBatch(batch.n, batch.model, batch.file, told)

    def open(self) -> list[OpenBatch]:
        """The batches that are not over, the oldest first."""
        asked = "SELECT n, model, file, id FROM batches WHERE host = ? AND NOT is_over ORDER BY n"
        with self.calls.turn() as database:
            return [OpenBatch(*row) for row in database.execute(asked, (self._host,))]

    def has_answers_of_late(self) -> bool:
        """Whether any of its batches of the last three days has been answered."""
        asked = (
            "SELECT 1 FROM calls JOIN batches ON batch = batches.n "
            "WHERE host = ? AND reply IS NOT NULL AND made_at > datetime('now', '-3 days') LIMIT 1"
        )
        with self.calls.turn() as database:
            return database.execute(asked, (self._host,)).fetchone() is not None

    def under_way(self) -> dict[str, int]:
        """The requests that an open batch will answer, each with the number of the batch."""
        asked = (
            "SELECT request, batch FROM calls JOIN batches ON batch = batches.n "
            "WHERE host = ? AND NOT is_over AND settled IS NULL"
        )
        with self.calls.turn() as database:
            return dict(database.execute(asked, (self._host,)).fetchall())

    def requests(self, batch: OpenBatch) -> list[str]:
        """All that the batch asks."""
        with self.calls.turn() as database:
            asked = database.execute("SELECT request FROM calls WHERE batch = ?", (batch.n,))
            return [request for (request,) in asked]

    def end(
        self, batch: OpenBatch, outcomes: Iterable[tuple[str, Settled]], others: Decimal | None
    ) -> list[str]:
        """Settle every call of the batch, and close it. Of a call that comes twice the first counts.

        `others`: what each call costs of which nothing came; `None`: its worst case. Returns the requests that have no
        reply.
        """
        rest = (None if others is None else units(others), others is None, batch.n)
        with self.calls.transaction() as database:
            (before,) = database.execute(_SUM, (batch.n,)).fetchone()
            database.executemany(_SETTLE, (_row(batch, *outcome) for outcome in outcomes))
            database.execute(_SETTLE_OTHERS, rest)
            (after,) = database.execute(_SUM, (batch.n,)).fetchone()
            self.calls.add(after - before)
            database.execute("UPDATE batches SET is_over = 1 WHERE n = ?", (batch.n,))
            return [request for (request,) in database.execute(_UNANSWERED, (batch.n,))]


def _row(batch: OpenBatch, request: str, settled: Settled) -> tuple[object, ...]:
    reply = settled.reply
    kept = None if reply is None else zlib.compress(reply.text.encode())
    usd = None if settled.usd is None else units(settled.usd)
    return usd, usd is None, reply and reply.status, kept, batch.n, request
