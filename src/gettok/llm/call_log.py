"""The log of every call to a model endpoint: its worst-case cost, its real cost, and the reply.

The worst case is reserved before a call is sent, and replaced by the real cost when the reply arrives. A call that was
never settled, because the process was killed, counts in full: it may have been charged. So the total never exceeds
the budget, across restarts and across processes. A stored reply is never paid for again.

The sandbox's money is not real, so its calls have a total of their own: a budget counts those of its own kind of host.
"""

import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from decimal import ROUND_UP, Decimal
from pathlib import Path
from sqlite3 import Connection
from threading import Condition
from typing import Any, NamedTuple, Self

from gettok.errors import BudgetSpent, Damaged
from gettok.llm.response import Reply, token_counts
from gettok.settings.fields import SANDBOX
from gettok.store.database import Database, unpacked

#: Money is counted in whole billionths of a dollar, rounded up.
UNIT = Decimal("1e-9")

#: Calls and, as `gettok.llm.batch.log` writes them, batches. The indexes `…_again` have every column that is read a
#: second time, so that a check finds a changed bit; a reply has a checksum of zlib's. The last columns of `calls` are
#: written as SQLite writes added ones: files from before have them added, and are empty there.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS calls (
    n INTEGER PRIMARY KEY, sent_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP, model TEXT NOT NULL, request TEXT NOT NULL,
    reserved INTEGER NOT NULL, settled INTEGER, uncounted INTEGER NOT NULL DEFAULT 0, status INTEGER, reply BLOB,
    batch INTEGER
, host TEXT, question TEXT, expected INTEGER, input INTEGER, output INTEGER, cached INTEGER);
CREATE INDEX IF NOT EXISTS calls_again ON calls (
    model, request, reserved, settled, uncounted, status, batch, host, question, expected, input, output,
    cached
);
CREATE TABLE IF NOT EXISTS batches (
    n INTEGER PRIMARY KEY, made_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP, host TEXT NOT NULL, model TEXT NOT NULL,
    file TEXT NOT NULL, id TEXT, is_over INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS batches_again ON batches (host, model, file, id, is_over);
CREATE INDEX IF NOT EXISTS calls_of_batch ON calls (batch, request) WHERE batch IS NOT NULL;
CREATE INDEX IF NOT EXISTS calls_with_reply ON calls (request) WHERE reply IS NOT NULL;
CREATE INDEX IF NOT EXISTS calls_in_batch ON calls (request) WHERE batch IS NOT NULL AND settled IS NULL;
CREATE TABLE IF NOT EXISTS total (one INTEGER PRIMARY KEY CHECK (one = 1), spent INTEGER NOT NULL);
INSERT OR IGNORE INTO total VALUES (1, 0);
CREATE TABLE IF NOT EXISTS sandbox_total (one INTEGER PRIMARY KEY CHECK (one = 1), spent INTEGER NOT NULL);
INSERT OR IGNORE INTO sandbox_total VALUES (1, 0);
"""
_ADDED = {"host": "TEXT", "question": "TEXT"} | dict.fromkeys(
    ("expected", "input", "output", "cached"), "INTEGER"
)
_RESERVE = "INSERT INTO calls (model, request, reserved, host, question, expected) VALUES (?, ?, ?, ?, ?, ?)"
_SETTLE = (
    "UPDATE calls SET settled = ?, uncounted = ?, status = ?, reply = ?, input = ?, output = ?, cached = ? "
    "WHERE n = ?"
)
_STORED = "SELECT status, reply FROM calls WHERE request = ? AND reply IS NOT NULL ORDER BY n DESC LIMIT 1"
_IN_BATCH = "SELECT 1 FROM calls WHERE request = ? AND batch IS NOT NULL AND settled IS NULL LIMIT 1"
_SUM = "SELECT COALESCE(SUM(COALESCE(settled, reserved)), 0) FROM calls WHERE (host IS ?) = ?"
_BY_MODEL = (
    "SELECT model, COUNT(*), SUM(settled IS NULL OR uncounted), SUM(COALESCE(settled, reserved)) "
    "FROM calls WHERE (host IS ?) = ? GROUP BY model"
)
_MEASURED = (
    "SELECT COUNT(*), TOTAL(expected), TOTAL(input), TOTAL(output), TOTAL(cached) FROM calls "
    "WHERE model = ? AND host IS ? AND question = ? AND expected > 0 AND input IS NOT NULL"
)


#: Whether calls are the sandbox's, and the table with what they have cost.
_TOTALS = {False: "total", True: "sandbox_total"}
Row = tuple[object, ...]


class ModelCost(NamedTuple):
    """What one model has cost in US dollars, by how many calls. Those of `unknown` cost count in full."""

    model: str
    calls: int
    unknown: int
    usd: Decimal


class AskedFor(NamedTuple):
    """What a call is about: the name of its question, and the tokens of input that were expected of it."""

    question: str | None = None
    expected: int | None = None


#: Of a call that measures nothing, such as the doctor's.
UNNAMED = AskedFor()


class MeasuredTokens(NamedTuple):
    """What the host counted for so many calls: tokens of input for each that was expected, and of output for a call.

    `cached_share` is the share of the input that came from the host's cache; what it does not report counts as none.
    """

    calls: int
    input_ratio: float
    input_tokens: float
    output_tokens: float
    cached_share: float


@dataclass
class CallCost:
    """A call in flight. The caller sets the reply and its cost; a cost of `None` is not known."""

    row: int
    reserved: int
    usd: Decimal | None = None
    reply: Reply | None = None


class CallLog:
    """The calls of all runs that share an answer store, in one SQLite file. Safe for threads and processes.

    `host` is the one that is asked, as the settings name it. Sums are over the calls to its kind of host: the sandbox,
    or any other. A call from before hosts were logged counts as one to another.
    """

    def __init__(
        self, root: Path, budget_usd: float | None, host: str | None = None, *, to_read: bool = False
    ) -> None:
        opened = Database.open_to_read if to_read else Database.open
        self._file = opened(root / "calls.sqlite", _SCHEMA, shared=True, upgrade=_add_columns)
        self._host, self._is_sandbox = host, host == SANDBOX
        self._total_table = _TOTALS[self._is_sandbox]
        self._refuse_damaged()
        # rounded down, since costs are rounded up
        self._budget = None if budget_usd is None else int(Decimal(str(budget_usd)) / UNIT)
        self._changed = Condition()
        self._in_flight = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _refuse_damaged(self) -> None:
        self._file.check()
        with self._file.snapshot():  # another process may spend between one query and the next
            for is_sandbox, table in _TOTALS.items():
                ((counted,),) = self._file.rows(_SUM, (SANDBOX, is_sandbox))
                if counted != self._total(table):
                    raise Damaged.in_store(f"the total in {self._file.path}")

    def close(self) -> None:
        self._file.connection.close()

    def stored_reply(self, request: str) -> Reply | None:
        """The last reply to a request that was answered before."""
        for status, reply in self.rows(_STORED, (request,)):
            return Reply(status, unpacked(reply, f"the reply to {request} in {self._file.path}"))
        return None

    def is_in_batch(self, request: str) -> bool:
        """Whether an open batch will answer the request, and charge for it."""
        return bool(self.rows(_IN_BATCH, (request,)))

    @contextmanager
    def reserve_budget(
        self, model: str, request: str, worst_case_usd: Decimal, asked: AskedFor = UNNAMED
    ) -> Iterator[CallCost]:
        """Wrap one call: its worst case is on disk before the block runs, and its reply after it.

        If the budget is short, this waits for other calls of this process, which will cost less than was reserved for
        them. Raises `BudgetSpent` if the budget is still short when none is in flight, and `NoSpace` unless the disk
        has room for the reply.
        """
        amount = to_units(worst_case_usd)
        cost = self._reserve(self.reserved_row(model, request, amount, asked), amount)
        try:
            yield cost
        finally:
            with self._changed:
                self._in_flight -= 1
                self._changed.notify_all()  # waiting threads wake when the lock is free, even if settling fails
                self._settle(cost)

    def spent_usd(self) -> Decimal:
        """Everything that was spent or is reserved at this kind of host."""
        with self._changed:
            return UNIT * self._total()

    def by_model(self) -> list[ModelCost]:
        """What each model has cost at this kind of host, sorted by name."""
        rows = self.rows(_BY_MODEL + " ORDER BY model", (SANDBOX, self._is_sandbox))
        return [ModelCost(model, calls, unknown, UNIT * usd) for model, calls, unknown, usd in rows]

    def measured(self, model: str, question: str) -> MeasuredTokens | None:
        """What the host has counted for a question to a model so far; `None` if no such call is logged."""
        ((calls, expected, sent, received, cached),) = self.rows(_MEASURED, (model, self._host, question))
        if not calls:
            return None
        cached_share = cached / sent if sent else 0.0
        return MeasuredTokens(calls, sent / expected, sent / calls, received / calls, cached_share)

    def refuse_without_room(self) -> None:
        """Raise `NoSpace` unless the disk has room for the replies in flight."""
        self._file.refuse_without_room()

    def _reserve(self, row: Row, amount: int) -> CallCost:
        self.refuse_without_room()
        with self._changed:
            while (number := self._try_to_reserve(row, amount)) is None:
                if not self._in_flight:
                    raise self.budget_spent(amount)
                self._changed.wait()
            self._in_flight += 1
        return CallCost(number, amount)

    def _try_to_reserve(self, row: Row, amount: int) -> int | None:
        with self._file.transaction():
            if not self.fits_budget(amount):
                return None
            cursor = self._file.connection.execute(_RESERVE, row)
            self.add(amount)
        return cursor.lastrowid

    def _settle(self, cost: CallCost) -> None:
        if cost.usd is None and cost.reply is None:
            return
        usd = cost.reserved if cost.usd is None else to_units(cost.usd)
        with self._file.transaction():
            row = (usd, cost.usd is None, *reply_columns(cost.reply), cost.row)
            self._file.connection.execute(_SETTLE, row)
            self.add(usd - cost.reserved)

    def reserved_row(self, model: str, request: str, amount: int, asked: AskedFor) -> Row:
        """The columns of a call that is about to be sent."""
        return model, request, amount, self._host, *asked

    def rows(self, query: str, values: Sequence[object] = ()) -> list[Any]:
        """All rows that a query finds."""
        with self._changed:
            return self._file.rows(query, values)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """The database, for one thread at a time, in one transaction."""
        with self._changed, self._file.transaction():
            yield self._file.connection

    def fits_budget(self, amount: int) -> bool:
        """Whether the budget allows this many units more. Call it within a transaction."""
        return self._budget is None or self._total() + amount <= self._budget

    def remaining_usd(self) -> Decimal | None:
        """What is left of the budget; `None` without a budget."""
        with self._changed:
            return None if self._budget is None else UNIT * max(0, self._budget - self._total())

    def _total(self, table: str | None = None) -> int:
        ((spent,),) = self._file.rows(f"SELECT spent FROM {table or self._total_table}")  # noqa: S608 - one of our own tables
        return int(spent)

    def add(self, amount: int) -> None:
        """Add units to the total spent. Call it within a transaction."""
        add = f"UPDATE {self._total_table} SET spent = spent + ?"  # noqa: S608 - one of our own tables
        self._file.connection.execute(add, (amount,))

    def budget_spent(self, amount: int) -> BudgetSpent:
        """The error for a call whose worst case, in units, does not fit the budget."""
        assert self._budget is not None
        return BudgetSpent(
            f"the budget of ${UNIT * self._budget:.4f} is spent: ${self.spent_usd():.4f} so far, and the next "
            f"question may cost up to ${UNIT * amount:.4f}",
            "stopped before asking it; every answer so far is kept",
            "see what the rest costs with `gettok plan`, raise llm.budget_usd, and run the same command again",
        )


def reply_columns(reply: Reply | None) -> Row:
    """A reply's status, its packed text, and the tokens that the host counted, if it did."""
    if reply is None:
        return None, None, None, None, None
    counts = None
    with suppress(ValueError, AttributeError):  # an error's text need not be JSON
        counts = token_counts([reply])
    return reply.status, zlib.compress(reply.text.encode()), *(counts or (None, None, None))


def _add_columns(connection: Connection) -> None:
    """Add the columns that files from before do not have."""
    names = {name for _, name, *_ in connection.execute("PRAGMA table_info(calls)")}
    missing = {name: kind for name, kind in _ADDED.items() if name not in names}
    if not names or not missing:
        return
    added = "".join(f"ALTER TABLE calls ADD COLUMN {name} {kind};" for name, kind in missing.items())
    connection.executescript(f"BEGIN IMMEDIATE; DROP INDEX IF EXISTS calls_again; {added} COMMIT;")


def to_units(usd: Decimal) -> int:
    """An amount in units, rounded up."""
    return int((usd / UNIT).to_integral_value(ROUND_UP))
