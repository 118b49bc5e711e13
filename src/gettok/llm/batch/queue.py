"""The batches of one run at one host: each is created once, polled, and settled when it is over."""

from collections import Counter
from collections.abc import Callable
from decimal import Decimal

from gettok.errors import BadSettings, Stop
from gettok.llm.batch.client import BatchClient, BatchStatus, QueueFull, parse_lines
from gettok.llm.batch.file import BatchFile
from gettok.llm.batch.log import BatchLog, OpenBatch
from gettok.llm.batch.results import BatchResults
from gettok.llm.call_log import to_units
from gettok.llm.client import prices_of
from gettok.settings import Batch, Llm

#: How often a finished batch is polled whose results are not all there, before the missing ones count as lost.
_INCOMPLETE_POLLS = 5


class BatchQueue:
    """Sends batches and collects their results.

    `attempts` counts how often each request has come back without a reply. `has_answers` is whether the host has
    answered any, in this run or in the last days. What the host accepts is learnt: `most_requests` in a batch, and
    `most_batches` at a time.
    """

    def __init__(
        self, llm: Llm, batch: Batch, client: BatchClient, log: BatchLog, on_message: Callable[[str], None]
    ) -> None:
        self.log, self.poll_s = log, batch.poll_s
        self.attempts: Counter[str] = Counter()
        self.has_answers = log.has_recent_answers()
        self.most_requests, self.most_batches = batch.requests, 1_000_000
        self._llm, self._client, self._on_message = llm, client, on_message
        prices_of(llm)  # raises without prices, before anything is sent
        self._last_message: dict[int, str] = {}
        self._incomplete_polls: Counter[int] = Counter()

    def recover(self) -> None:
        """Find the batches that were being created when an earlier run ended, or close them if they never were."""
        for batch in self.log.open_batches():
            if batch.id is None:
                batch_id = self._client.find(batch.file)
                if batch_id is None:
                    self._client.wait(self.poll_s)  # the host may still be creating it
                    batch_id = self._client.find(batch.file)
                if batch_id is None:
                    self.log.settle(batch, [], Decimal(0))
                else:
                    self.log.set_id(batch, batch_id)

    def send(self, model: str, questions: BatchFile) -> OpenBatch | None:
        """Create a batch from the file; `None` if the host takes no more now. Raises `BudgetSpent` and `NoSpace`."""
        self.log.call_log.refuse_without_room()
        file = self._client.upload(questions.flushed())
        batch = self.log.begin(model, file, questions.worst, questions.asked)
        if batch is None:
            self._client.delete_file(file)
            raise self.log.call_log.budget_spent(to_units(sum(questions.worst.values(), Decimal(0))))
        try:
            batch = self.log.set_id(batch, self._client.create(file, f"batch {batch.number}"))
        except (QueueFull, BadSettings) as problem:
            self.log.settle(batch, [], Decimal(0))
            self._client.delete_file(file)
            if isinstance(problem, BadSettings):
                raise
            self._shrink(len(questions.worst))
            return None
        self._on_message(f"batch {batch.id}: {len(questions.worst)} questions to {model}")
        return batch

    def poll(self) -> set[int]:
        """Settle the batches that are over; returns the numbers of those that are not."""
        for batch in self.log.open_batches():
            if batch.id is not None:
                status = self._client.status(batch.id)
                self._report(batch, status)
                if status.is_final:
                    self._settle(batch, status)
        return {batch.number for batch in self.log.open_batches()}

    def _report(self, batch: OpenBatch, status: BatchStatus) -> None:
        message = f"batch {batch.id}: {status.status}, {status.done} of {status.total} done"
        if self._last_message.get(batch.number) != message:
            self._last_message[batch.number] = message
            self._on_message(message)

    def _settle(self, batch: OpenBatch, status: BatchStatus) -> None:
        """Settle a batch that is over. While results are missing, it is polled again, up to a limit."""
        if status.status == "failed":
            self._settle_failed(batch, status)
            return
        files = [self._client.download(file) for file in status.files]
        answered = {line.get("custom_id") for file in files for line in parse_lines(file)}
        if not answered.issuperset(self.log.requests(batch)):
            self._incomplete_polls[batch.number] += 1
            if self._incomplete_polls[batch.number] < _INCOMPLETE_POLLS:
                self._on_message(
                    f"batch {batch.id}: {status.status}, but some of its results are missing so far"
                )
                return
        results = BatchResults(self._client.classifier, self._llm, batch.model)
        unanswered = self.log.settle(batch, results.read(files), None)
        self.attempts.update(unanswered)
        self.has_answers |= len(unanswered) < len(self.log.requests(batch))
        for file in (batch.file, *status.files):
            self._client.delete_file(file)
        if results.stop:
            raise results.stop
        if status.status == "cancelled":
            raise _cancelled(batch)

    def _settle_failed(self, batch: OpenBatch, status: BatchStatus) -> None:
        """The host rejected the file, and asked nothing in it."""
        requests = len(self.log.settle(batch, [], Decimal(0)))
        self._client.delete_file(batch.file)
        if status.is_queue_full:
            self._shrink(requests)
            return
        problems = "; ".join(
            f"{problem.get('code')}: {problem.get('message')}" for problem in status.problems[:3]
        )
        raise BadSettings(
            f"the host rejected batch {batch.id}: {self._client.classifier.brief(problems)}",
            "stopped at once; nothing was asked in it, and every earlier answer is kept",
            "correct the llm settings, or set llm.batch to null to ask one by one",
        )

    def _shrink(self, requests: int) -> None:
        """The host's queue is full: send fewer batches at a time, or smaller ones."""
        others = len(self.log.open_batches())
        if others:
            self.most_batches = others
        elif requests > 1:
            self.most_batches, self.most_requests = 1, requests // 2
        else:
            raise BadSettings(
                f"the host's queue for {self._llm.model} does not take even one question",
                "stopped before it was asked; every earlier answer is kept",
                "wait for other batches of this account, ask for a higher limit, or set llm.batch to null",
            )


def _cancelled(batch: OpenBatch) -> Stop:
    return Stop(
        f"batch {batch.id} was cancelled at the host",
        "kept what was answered before that; the rest is not asked again automatically",
        "run the same command again to ask the rest",
    )
