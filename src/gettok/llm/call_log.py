"""Every call to a model endpoint, written down before it leaves: what it may cost, what it did cost, and the reply.

The worst case is reserved before a call leaves and settled when its reply is there. What a kill kept from being settled
counts as spent in full, since nobody can tell. So the sum never exceeds the budget, over restarts and over several
processes. A reply that is here is never paid for again.
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

#: Money is counted in whole thousandths of a millionth of a dollar, rounded up.
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
_KNOWN = "SELECT status, reply FROM calls WHERE request = ? AND reply IS NOT NULL LIMIT 1"
_IN_BATCH = "SELECT 1 FROM calls WHERE request = ? AND batch IS NOT NULL AND settled IS NULL LIMIT 1"
_BY_MODEL = (
    "SELECT model, COUNT(*), SUM(settled IS NULL OR uncounted), SUM(COALESCE(settled, reserved)) "
    "FROM calls GROUP BY model"
)


class Spent(NamedTuple):
    """What one model has cost: calls, how many of them have no known cost and count in full, and US dollars."""

    model: str
    calls: int
    unknown: int
    usd: Decimal


@dataclass
class CallCost:
    """A call in flight. Whoever makes it fills in what came back and what it cost; `None`: it is not known."""

    n: int
    reserved: int
    usd: Decimal | None = None
    reply: Reply | None = None


class Calls:
    """The calls of all runs that share an answer store, in one SQLite file. Safe for threads and processes."""

    def __init__(self, root: Path, budget_usd: float | None) -> None:
        self._file = Database.open(root / "calls.sqlite", _SCHEMA, shared=True)
        # what is below a unit is cut off: costs are rounded up, and a budget must not be
        self._budget = None if budget_usd is None else int(Decimal(str(budget_usd)) / UNIT)
        self._changed = Condition()
        self._flying = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._file.connection.close()

    def known(self, request: str) -> Reply | None:
        """The reply to a request that was answered before."""
        with self._changed:
            row = self._file.connection.execute(_KNOWN, (request,)).fetchone()
        return None if row is None else Reply(row[0], zlib.decompress(row[1]).decode())

    def is_in_batch(self, request: str) -> bool:
        """Whether a batch that is not over will answer it, and charge for it."""
        with self._changed:
            return self._file.connection.execute(_IN_BATCH, (request,)).fetchone() is not None

    @contextmanager
    def reserve_budget(self, model: str, request: str, worst_usd: Decimal) -> Iterator[CallCost]:
        """Around one call: its worst case is on disk when this begins, and its reply when it ends.

        While other calls of this process are in flight it waits for them, as they will cost less than was set aside.
        Raises `BudgetSpent` if the budget does not reach even then.
        """
        bill = self._reserved(model, request, units(worst_usd))
        try:
            yield bill
        finally:
            with self._changed:
                self._flying -= 1
                self._changed.notify_all()  # they wake once the lock is free, whether settling goes well or not
                self._settle(bill)

    def spent_usd(self) -> Decimal:
        """All that was spent or is set aside."""
        with self._changed:
            return UNIT * self._total()

    def by_model(self) -> list[Spent]:
        """What each model has cost, in order of name."""
        with self._changed:
            rows = self._file.connection.execute(_BY_MODEL + " ORDER BY model").fetchall()
        return [Spent(model, calls, unknown, UNIT * usd) for model, calls, unknown, usd in rows]

    def _reserved(self, model: str, request: str, amount: int) -> CallCost:
        with self._changed:
            while (n := self._try(model, request, amount)) is None:
                if not self._flying:
                    raise self.budget_spent_for(amount)
                self._changed.wait()
            self._flying += 1
        return CallCost(n, amount)

    def _try(self, model: str, request: str, amount: int) -> int | None:
        with self._file.transaction():
            if not self.may_add(amount):
                return None
            cursor = self._file.connection.execute(_RESERVE, (model, request, amount))
            self.add(amount)
        return cursor.lastrowid

    def _settle(self, bill: CallCost) -> None:
        if bill.usd is None and bill.reply is None:
            return
        usd = bill.reserved if bill.usd is None else units(bill.usd)
        reply = bill.reply and zlib.compress(bill.reply.text.encode())
        with self._file.transaction():
            status = bill.reply and bill.reply.status
            self._file.connection.execute(_SETTLE, (usd, bill.usd is None, status, reply, bill.n))
            self.add(usd - bill.reserved)

    @contextmanager
    def turn(self) -> Iterator[Connection]:
        """The file to oneself, of all threads."""
        with self._changed:
            yield self._file.connection

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """The same, for what is to be done whole or not at all."""
        with self._changed, self._file.transaction():
            yield self._file.connection

    def may_add(self, amount: int) -> bool:
        """Whether the budget reaches for so many units more. Within a transaction."""
        return self._budget is None or self._total() + amount <= self._budget

    def room_usd(self) -> Decimal | None:
        """What is left of the budget; nothing if there is none."""
        with self._changed:
            return None if self._budget is None else UNIT * max(0, self._budget - self._total())

    def _total(self) -> int:
        (spent,) = self._file.connection.execute("SELECT spent FROM total").fetchone()
        return int(spent)

    def add(self, amount: int) -> None:
        """Count so many units as spent. Within a transaction."""
        self._file.connection.execute("UPDATE total SET spent = spent + ?", (amount,))

    def budget_spent_for(self, amount: int) -> BudgetSpent:
        """What a person is told when the budget does not reach for a call of so many units."""
        assert self._budget is not None
        return BudgetSpent(
            f"the budget of ${UNIT * self._budget:.4f} is spent: ${UNIT * self._total():.4f} so far, and the next "
            f"question may cost up to ${UNIT * amount:.4f}",
            "stopped before asking it; every answer so far is kept",
            "see what the rest costs with `gettok plan`, raise llm.budget_usd, and run the same command again",
        )


def units(usd: Decimal) -> int:
    """An amount as the record counts it, rounded up."""
    return int((usd / UNIT).to_integral_value(ROUND_UP))
