"""The log of every batch at a model's host, written before the batch is created, so that a kill never makes two.

Before a batch is created, it is on disk with the worst-case cost of each of its calls and the id of its uploaded file.
If its own id never arrived, it is found again by that file. All its calls are settled in one transaction.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from gettok.llm.call_log import UNNAMED, AskedFor, CallLog, reply_columns, to_units
from gettok.llm.response import Reply

_RESERVE = "INSERT INTO calls (model, request, reserved, host, question, expected, batch) VALUES (?, ?, ?, ?, ?, ?, ?)"
_SETTLE = (
    "UPDATE calls SET settled = COALESCE(?, reserved), uncounted = ?, status = ?, reply = ?, input = ?, output = ?, "
    "cached = ? WHERE batch = ? AND request = ? AND settled IS NULL"
)
_SETTLE_OTHERS = (
    "UPDATE calls SET settled = COALESCE(?, reserved), uncounted = ? WHERE batch = ? AND settled IS NULL"
)
_UNANSWERED = "SELECT request FROM calls WHERE batch = ? AND reply IS NULL"
_SUM = "SELECT COALESCE(SUM(COALESCE(settled, reserved)), 0) FROM calls WHERE batch = ?"


@dataclass(frozen=True)
class OpenBatch:
    """A batch whose calls are not settled. `id` is `None` until the host has returned it."""

    number: int
    model: str
    file: str
    id: str | None


@dataclass(frozen=True)
class SettledCall:
    """The outcome of one call: what it cost, and its reply if there is one. A `None` cost counts as the worst case."""

    usd: Decimal | None
    reply: Reply | None = None


class BatchLog:
    """The batches of one host, as the settings name it, in the same file as the call log."""

    def __init__(self, call_log: CallLog, host: str) -> None:
        self.call_log, self._host = call_log, host

    def begin(
        self,
        model: str,
        file: str,
        worst: Mapping[str, Decimal],
        asked: Mapping[str, AskedFor] = MappingProxyType({}),
    ) -> OpenBatch | None:
        """Log a new batch and reserve what its calls may cost; `None` if the budget is too small for all of them.

        `asked` says what the calls are about, by request.
        """
        amounts = {request: to_units(usd) for request, usd in worst.items()}
        with self.call_log.transaction() as database:
            if not self.call_log.fits_budget(sum(amounts.values())):
                return None
            insert = "INSERT INTO batches (host, model, file) VALUES (?, ?, ?)"
            number = database.execute(insert, (self._host, model, file)).lastrowid
            assert number is not None
            calls = (
                self.call_log.reserved_row(model, request, amount, asked.get(request, UNNAMED))
                for request, amount in amounts.items()
            )
            database.executemany(_RESERVE, ((*call, number) for call in calls))
            self.call_log.add(sum(amounts.values()))
        return OpenBatch(number, model, file, None)

    def set_id(self, batch: OpenBatch, batch_id: str) -> OpenBatch:
        """Log the id that the host has given to the batch."""
        with self.call_log.transaction() as database:
            database.execute("UPDATE batches SET id = ? WHERE n = ?", (batch_id, batch.number))
        return OpenBatch(batch.number, batch.model, batch.file, batch_id)

    def open_batches(self) -> list[OpenBatch]:
        """The batches that are not settled, the oldest first."""
        query = "SELECT n, model, file, id FROM batches WHERE host = ? AND NOT is_over ORDER BY n"
        return [OpenBatch(*row) for row in self.call_log.rows(query, (self._host,))]

    def has_recent_answers(self) -> bool:
        """Whether a batch of the last three days has an answer."""
        query = (
            "SELECT 1 FROM calls JOIN batches ON batch = batches.n "
            "WHERE batches.host = ? AND reply IS NOT NULL AND made_at > datetime('now', '-3 days') LIMIT 1"
        )
        return bool(self.call_log.rows(query, (self._host,)))

    def pending_requests(self) -> dict[str, int]:
        """The requests that an open batch will answer, each with the number of the batch."""
        query = (
            "SELECT request, batch FROM calls JOIN batches ON batch = batches.n "
            "WHERE batches.host = ? AND NOT is_over AND settled IS NULL"
        )
        return dict(self.call_log.rows(query, (self._host,)))

    def requests(self, batch: OpenBatch) -> list[str]:
        """All requests of the batch."""
        rows = self.call_log.rows("SELECT request FROM calls WHERE batch = ?", (batch.number,))
        return [request for (request,) in rows]

    def settle(
        self, batch: OpenBatch, outcomes: Iterable[tuple[str, SettledCall]], others: Decimal | None
    ) -> list[str]:
        """Settle every call of the batch, and close it. If a call has several outcomes, the first counts.

        `others` is what each call without an outcome cost; `None` counts as its worst case. Returns the requests
        without a reply.
        """
        without_outcome = (None if others is None else to_units(others), others is None, batch.number)
        with self.call_log.transaction() as database:
            (before,) = database.execute(_SUM, (batch.number,)).fetchone()
            database.executemany(_SETTLE, (_row(batch, *outcome) for outcome in outcomes))
            database.execute(_SETTLE_OTHERS, without_outcome)
            (after,) = database.execute(_SUM, (batch.number,)).fetchone()
            self.call_log.add(after - before)
            database.execute("UPDATE batches SET is_over = 1 WHERE n = ?", (batch.number,))
            return [request for (request,) in database.execute(_UNANSWERED, (batch.number,))]


def _row(batch: OpenBatch, request: str, settled: SettledCall) -> tuple[object, ...]:
    usd = None if settled.usd is None else to_units(settled.usd)
    return usd, usd is None, *reply_columns(settled.reply), batch.number, request
