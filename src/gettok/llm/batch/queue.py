"""The desk where batches go out and come in: made once, looked at, and settled when they are over."""

from collections import Counter
from collections.abc import Callable
from decimal import Decimal

from gettok.errors import BadSettings, Stop
from gettok.llm.batch.client import BatchClient, Look, QueueFull, lines_in
from gettok.llm.batch.file import BatchFile
from gettok.llm.batch.log import BatchLog, OpenBatch
from gettok.llm.batch.results import Results
from gettok.llm.call_log import units
from gettok.llm.client import prices_of
from gettok.settings import Batch, Llm

#: How often a batch is looked at that is over and has no results, or not all, before these count as lost.
_LATE_LOOKS = 5


class BatchQueue:
    """The batches of one run at one host.

    `tried` is how often each request has come back without a reply, and `has_answers` whether the host has answered
    any, in this run or in the days before. What the host has room for is learnt: `most_requests` in a batch and
    `most_batches` at a time.
    """

    def __init__(
        self, llm: Llm, batch: Batch, host: BatchClient, record: BatchLog, tell: Callable[[str], None]
    ) -> None:
        self.record, self.poll_s = record, batch.poll_s
        self.tried: Counter[str] = Counter()
        self.has_answers = record.has_answers_of_late()
        self.most_requests, self.most_batches = batch.requests, 1_000_000
        self._llm, self._host, self._tell = llm, host, tell
        prices_of(llm)  # without, nothing is sent
        self._said: dict[int, str] = {}
        self._short: Counter[int] = Counter()

    def adopt(self) -> None:
        """Batches whose creation was under way when an earlier run ended: they are there, or were never made."""
        for batch in self.record.open():
            if batch.id is None:
                found = self._host.find(batch.file)
                if found is None:
                    self._host.rest(self.poll_s)  # it may be on its way still
                    found = self._host.find(batch.file)
                if found is None:
                    self.record.end(batch, [], Decimal(0))
                else:
                    self.record.name(batch, found)

    def send(self, model: str, filled: BatchFile) -> OpenBatch | None:
        """Make a batch of what is written; nothing if the host has no room for it now. Raises `BudgetSpent`."""
        file = self._host.upload(filled.whole())
        batch = self.record.begin(model, file, filled.worst)
        if batch is None:
            self._host.forget(file)
            raise self.record.calls.budget_spent_for(units(sum(filled.worst.values(), Decimal(0))))
        try:
            batch = self.record.name(batch, self._host.create(file, f"batch {batch.n}"))
        except (QueueFull, BadSettings) as problem:
            self.record.end(batch, [], Decimal(0))
            self._host.forget(file)
            if isinstance(problem, BadSettings):
                raise
            self._shrink(len(filled.worst))
            return None
        self._tell(f"batch {batch.id}: {len(filled.worst)} questions to {model}")
        return batch

    def look(self) -> set[int]:
        """Settle the batches that are over; those that are not."""
        for batch in self.record.open():
            if batch.id is not None:
                look = self._host.look(batch.id)
                self._say(batch, look)
                if look.is_over:
                    self._settle(batch, look)
        return {batch.n for batch in self.record.open()}

    def _say(self, batch: OpenBatch, look: Look) -> None:
        said = f"batch {batch.id}: {look.status}, {look.lines} of {look.total} done"
        if self._said.get(batch.n) != said:
            self._said[batch.n] = said
            self._tell(said)

    def _settle(self, batch: OpenBatch, look: Look) -> None:
        """Close a batch that is over. One of which something is missing is looked at again for a while."""
        if look.status == "failed":
            self._refused(batch, look)
            return
        files = [self._host.fetch(file) for file in look.files]
        named = {line.get("custom_id") for file in files for line in lines_in(file)}
        if not named.issuperset(self.record.requests(batch)):
            self._short[batch.n] += 1
            if self._short[batch.n] < _LATE_LOOKS:
                self._tell(f"batch {batch.id}: {look.status}, and not all of its results are there yet")
                return
        results = Results(self._host.judge, self._llm, batch.model)
        unanswered = self.record.end(batch, results.of(files), None)
        self.tried.update(unanswered)
        self.has_answers |= len(unanswered) < len(self.record.requests(batch))
        for file in (batch.file, *look.files):
            self._host.forget(file)
        if results.stop:
            raise results.stop
        if look.status == "cancelled":
            raise _cancelled(batch)

    def _refused(self, batch: OpenBatch, look: Look) -> None:
        """The host has not taken the file, and has asked nothing of it."""
        requests = len(self.record.end(batch, [], Decimal(0)))
        self._host.forget(batch.file)
        if look.is_queue_full:
            self._shrink(requests)
            return
        said = "; ".join(f"{problem.get('code')}: {problem.get('message')}" for problem in look.problems[:3])
        raise BadSettings(
            f"the host refused batch {batch.id}: {self._host.judge.brief(said)}",
            "stopped at once; nothing was asked in it, and every earlier answer is kept",
            "correct the llm settings, or set llm.batch to null to ask one by one",
        )

    def _shrink(self, requests: int) -> None:
        """The host's queue did not take a batch of so many: fewer at a time, or smaller ones."""
        others = len(self.record.open())
        if others:
            self.most_batches = others
        elif requests > 1:
            self.most_batches, self.most_requests = 1, requests // 2
        else:
            raise BadSettings(
                f"the host's queue for {self._llm.model} does not take even one question",
                "stopped before it was asked; every earlier answer is kept",
                "wait for batches that others have queued there, ask for a higher limit, or set llm.batch to null",
            )


def _cancelled(batch: OpenBatch) -> Stop:
    return Stop(
        f"somebody cancelled batch {batch.id} at the host",
        "kept what was answered before that; the rest is not asked again by itself",
        "run the same command again to ask the rest",
    )
