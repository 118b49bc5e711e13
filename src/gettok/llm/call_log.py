"""The log of every call to a model endpoint: its worst-case cost, its real cost, and the reply.

The worst case is reserved before a call is sent, and replaced by the real cost when the reply arrives. A call that was
never settled, because the process was killed, counts in full: it may have been charged. So the total never exceeds
the budget, across restarts and across processes. A stored reply is never paid for again.
"""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import ROUND_UP, Decimal
from pathlib import Path
from sqlite3 import Connection
from threading import Condition
from typing import NamedTuple, Self

from gettok.errors import BudgetSpent
from gettok.llm.response import Reply
from gettok.store.database import Database

#: Money is counted in whole billionths of a dollar, rounded up.
UNIT = Decimal("1e-9")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS calls (
    n INTEGER PRIMARY KEY, sent_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP, model TEXT NOT NULL, request TEXT NOT NULL,
    reserved INTEGER NOT NULL, settled INTEGER, uncounted INTEGER NOT NULL DEFAULT 0, status INTEGER, reply BLOB,
    batch INTEGER
);
CREATE INDEX IF NOT EXISTS calls_with_reply ON calls (request) WHERE reply IS NOT NULL;
CREATE INDEX IF NOT EXISTS calls_in_batch ON calls (request) WHERE batch IS NOT NULL AND settled IS NULL;
CREATE TABLE IF NOT EXISTS total (one INTEGER PRIMARY KEY CHECK (one = 1), spent INTEGER NOT NULL);
INSERT OR IGNORE INTO total VALUES (1, 0);
"""
_RESERVE = "INSERT INTO calls (model, request, reserved) VALUES (?, ?, ?)"
_SETTLE = "UPDATE calls SET settled = ?, uncounted = ?, status = ?, reply = ? WHERE n = ?"
_STORED = "SELECT status, reply FROM calls WHERE request = ? AND reply IS NOT NULL LIMIT 1"
_IN_BATCH = "SELECT 1 FROM calls WHERE request = ? AND batch IS NOT NULL AND settled IS NULL LIMIT 1"
_BY_MODEL = (
    "SELECT model, COUNT(*), SUM(settled IS NULL OR uncounted), SUM(COALESCE(settled, reserved)) "
    "FROM calls GROUP BY model"
)


class ModelCost(NamedTuple):
    """What one model has cost in US dollars, by how many calls. Those of `unknown` cost count in full."""

    model: str
    calls: int
    unknown: int
    usd: Decimal


@dataclass
class CallCost:
    """A call in flight. The caller sets the reply and its cost; a cost of `None` is not known."""

    row: int
    reserved: int
    usd: Decimal | None = None
    reply: Reply | None = None


class CallLog:
    """The calls of all runs that share an answer store, in one SQLite file. Safe for threads and processes."""

    def __init__(self, root: Path, budget_usd: float | None) -> None:
        self._file = Database.open(root / "calls.sqlite", _SCHEMA, shared=True)
        # rounded down, since costs are rounded up
        self._budget = None if budget_usd is None else int(Decimal(str(budget_usd)) / UNIT)
        self._changed = Condition()
        self._in_flight = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._file.connection.close()

    def stored_reply(self, request: str) -> Reply | None:
        """The reply to a request that was answered before."""
        with self._changed:
            row = self._file.connection.execute(_STORED, (request,)).fetchone()
        return None if row is None else Reply(row[0], zlib.decompress(row[1]).decode())

    def is_in_batch(self, request: str) -> bool:
        """Whether an open batch will answer the request, and charge for it."""
        with self._changed:
            return self._file.connection.execute(_IN_BATCH, (request,)).fetchone() is not None

    @contextmanager
    def reserve_budget(self, model: str, request: str, worst_case_usd: Decimal) -> Iterator[CallCost]:
        """Wrap one call: its worst case is on disk before the block runs, and its reply after it.

        If the budget is short, this waits for other calls of this process, which will cost less than was reserved for
        them. Raises `BudgetSpent` if the budget is still short when none is in flight.
        """
        cost = self._reserve(model, request, to_units(worst_case_usd))
        try:
            yield cost
        finally:
            with self._changed:
                self._in_flight -= 1
                self._changed.notify_all()  # waiting threads wake when the lock is free, even if settling fails
                self._settle(cost)

    def spent_usd(self) -> Decimal:
        """Everything that was spent or is reserved."""
        with self._changed:
            return UNIT * self._total()

    def by_model(self) -> list[ModelCost]:
        """What each model has cost, sorted by name."""
        with self._changed:
            rows = self._file.connection.execute(_BY_MODEL + " ORDER BY model").fetchall()
        return [ModelCost(model, calls, unknown, UNIT * usd) for model, calls, unknown, usd in rows]

    def _reserve(self, model: str, request: str, amount: int) -> CallCost:
        with self._changed:
            while (row := self._try_to_reserve(model, request, amount)) is None:
                if not self._in_flight:
                    raise self.budget_spent(amount)
                self._changed.wait()
            self._in_flight += 1
        return CallCost(row, amount)

    def _try_to_reserve(self, model: str, request: str, amount: int) -> int | None:
        with self._file.transaction():
            if not self.fits_budget(amount):
                return None
            cursor = self._file.connection.execute(_RESERVE, (model, request, amount))
            self.add(amount)
        return cursor.lastrowid

    def _settle(self, cost: CallCost) -> None:
        if cost.usd is None and cost.reply is None:
            return
        usd = cost.reserved if cost.usd is None else to_units(cost.usd)
        reply = cost.reply and zlib.compress(cost.reply.text.encode())
        with self._file.transaction():
            status = cost.reply and cost.reply.status
            self._file.connection.execute(_SETTLE, (usd, cost.usd is None, status, reply, cost.row))
            self.add(usd - cost.reserved)

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """The database, for one thread at a time."""
        with self._changed:
            yield self._file.connection

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """The same, in one transaction."""
        with self._changed, self._file.transaction():
            yield self._file.connection

    def fits_budget(self, amount: int) -> bool:
        """Whether the budget allows this many units more. Call it within a transaction."""
        return self._budget is None or self._total() + amount <= self._budget

    def remaining_usd(self) -> Decimal | None:
        """What is left of the budget; `None` without a budget."""
        with self._changed:
            return None if self._budget is None else UNIT * max(0, self._budget - self._total())

    def _total(self) -> int:
        (spent,) = self._file.connection.execute("SELECT spent FROM total").fetchone()
        return int(spent)

    def add(self, amount: int) -> None:
        """Add units to the total spent. Call it within a transaction."""
        self._file.connection.execute("UPDATE total SET spent = spent + ?", (amount,))

    def budget_spent(self, amount: int) -> BudgetSpent:
        """The error for a call whose worst case, in units, does not fit the budget."""
        assert self._budget is not None
        return BudgetSpent(
            f"the budget of ${UNIT * self._budget:.4f} is spent: ${UNIT * self._total():.4f} so far, and the next "
            f"question may cost up to ${UNIT * amount:.4f}",
            "stopped before asking it; every answer so far is kept",
            "see what the rest costs with `gettok plan`, raise llm.budget_usd, and run the same command again",
        )


def to_units(usd: Decimal) -> int:
    """An amount in units, rounded up."""
    return int((usd / UNIT).to_integral_value(ROUND_UP))
