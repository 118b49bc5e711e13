"""A chat client for an OpenAI-compatible endpoint: it retries, keeps the budget, and never shows the key."""

import logging
import random
import weakref
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import openai

from gettok.errors import BadSettings, Interrupted, NoSpace, NotNow, Stop, Unusable
from gettok.http.retry_after import LONGEST_RETRY_AFTER_S
from gettok.llm.call_log import AskedFor, CallLog
from gettok.llm.connection import connect
from gettok.llm.error_mapping import ErrorClassifier, Failure
from gettok.llm.pricing import worst_case_usd
from gettok.llm.question import Conversation, ModelCall, Question, request_digest
from gettok.llm.rate_limit import (
    CLOCK,
    LONGEST_OVERLOAD_S,
    LONGEST_PAUSE_S,
    AdaptiveLimiter,
    Clock,
    RetryBudget,
)
from gettok.llm.response import Reply, cost_of_reply, token_counts
from gettok.settings import Llm, Prices
from gettok.settings.secrets import Secret
from gettok.step import Answer, Json

_log = logging.getLogger(__name__)
#: Asked after a question has failed on every try, to see whether the host fails on every question.
_PROBE = Question(
    "Answer in JSON.",
    ("Say yes.",),
    "word",
    {
        "type": "object",
        "properties": {"word": {"type": "string"}},
        "required": ["word"],
        "additionalProperties": False,
    },
)


class _Reservation(NamedTuple):
    """What the call log notes before a call is sent."""

    model: str
    request: str
    worst_case_usd: Decimal
    asked: AskedFor


class _Prepared(NamedTuple):
    """A call, ready to be sent."""

    body: Mapping[str, Json]
    reservation: _Reservation


class ChatClient:
    """A client of one endpoint. Threads may share it."""

    def __init__(self, llm: Llm, base_url: str, key: Secret, call_log: CallLog, clock: Clock = CLOCK) -> None:
        self._llm, self._call_log, self._sleep = llm, call_log, clock.sleep
        prices_of(llm)  # raises without prices, before a connection is made
        self._classifier = ErrorClassifier(llm, key)
        self._limiter, self._retry_budget = AdaptiveLimiter(llm.max_concurrency, clock), RetryBudget()
        self._connection = connect(llm, base_url, key)
        #: Closes the connection and the log. Runs automatically when the client is garbage-collected, or at exit.
        self.close = weakref.finalize(self, _close, self._connection, call_log)

    def run(self, conversation: Conversation) -> Answer:
        """Make the calls that a step's conversation asks for, until it returns its answer."""
        try:
            calls = next(conversation)
            while True:
                calls = conversation.send([self.reply(call) for call in calls])
        except StopIteration as end:
            answer: Answer = end.value
            return answer

    def reply(self, call: ModelCall, *, anew: bool = False) -> Reply:
        """The reply to a call: the stored one unless it is asked `anew`, or else the endpoint's.

        Raises `Unusable` (unanswered) if this call failed on every try while others were answered, `NotNow` if no call
        is answered or the host has no capacity, and `Stop` if trying again is pointless.
        """
        request = request_digest(call, self._llm)
        stored = None if anew else self._call_log.stored_reply(request)
        if stored is not None:
            return stored
        if self._call_log.is_in_batch(request):
            raise _in_batch()
        return self._with_retries(call, request)

    def _with_retries(self, call: ModelCall, request: str) -> Reply:
        prepared = self._prepare(call, request)
        answers_before, failure = self._retry_budget.answers, Failure("")
        for attempt in range(1, self._llm.max_attempts + 1):
            outcome = self._with_capacity(prepared)
            if isinstance(outcome, Reply):
                self._retry_budget.earn()
                return outcome
            failure = outcome
            if attempt < self._llm.max_attempts and self._retry_budget.spend():
                _log.warning("try %d of %d failed: %s", attempt, self._llm.max_attempts, failure.what)
                self._sleep(pause_s(attempt, failure.wait_s))
            else:
                break
        if attempt == self._llm.max_attempts and self._only_this_fails(call, answers_before):
            raise Unusable("unanswered", f"{attempt} times: {failure.what}")
        raise no_answer(failure.what, attempt)

    def _prepare(self, call: ModelCall, request: str) -> _Prepared:
        model = call.model_name(self._llm)
        worst = worst_case_usd(call.size(self._llm), prices_of(self._llm, model))
        return _Prepared(call.body(self._llm), _Reservation(model, request, worst, call.asked_for(self._llm)))

    def _only_this_fails(self, call: ModelCall, answers_before: int) -> bool:
        """Whether the host answers others: those asked meanwhile, or else a tiny question."""
        if self._retry_budget.answers == answers_before:
            probe = ModelCall(_PROBE, model=call.model)
            try:
                outcome = self._with_capacity(self._prepare(probe, "tiny"))
                if isinstance(outcome, Reply) and outcome.status == 200:
                    self._retry_budget.earn()
            except NoSpace:
                raise
            except Stop:
                return False
        return self._retry_budget.give_up(answers_before)

    def _with_capacity(self, prepared: _Prepared) -> Reply | Failure:
        """The outcome of one try. An overloaded host does not count as a try: this waits until it has capacity."""
        rejections = 0
        while isinstance(outcome := self._paid(prepared), Failure):
            refuse_long_wait(outcome)
            if not outcome.is_overloaded:
                break
            if self._limiter.is_hopeless:
                raise _overloaded(outcome.what)
            rejections += 1
            if rejections == 1:
                _log.warning("waiting for the host to have capacity: %s", outcome.what)
            if not outcome.wait_s:
                self._sleep(pause_s(rejections, None, is_overloaded=True))
        return outcome

    def _paid(self, prepared: _Prepared) -> Reply | Failure:
        """The outcome of one try. It is logged before and after its turn: a turn is for what the host works on."""
        with self._call_log.reserve_budget(*prepared.reservation) as cost:
            try:
                outcome = self._limited(prepared.body)
            except (Stop, Interrupted):
                cost.usd = Decimal(0)
                raise
            cost.usd = cost_of(outcome, prices_of(self._llm, prepared.reservation.model))
            cost.reply = outcome if isinstance(outcome, Reply) else None
        return outcome

    def _limited(self, body: Mapping[str, Json]) -> Reply | Failure:
        with self._limiter.slot() as round_:
            outcome = self._send(body)
            if isinstance(outcome, Reply):
                self._limiter.answered()
            elif outcome.is_overloaded:
                self._limiter.rejected(round_, outcome.wait_s)
        return outcome

    def _send(self, body: Mapping[str, Json]) -> Reply | Failure:
        model, accepts_others = str(body["model"]), self._retry_budget.answers > 0
        try:
            response = self._connection.chat.completions.with_raw_response.create(**body)
        except openai.APIError as error:
            return self._classifier.classify(error, model, accepts_others=accepts_others)
        text = response.content.decode("utf-8-sig", errors="surrogateescape")
        return self._classifier.classify_200(text, response.headers, model, accepts_others=accepts_others)


def cost_of(outcome: Reply | Failure, prices: Prices | None) -> Decimal | None:
    """What a call cost, by the reply's own token count; `None` if it is not known.

    A rejected call costs nothing, unless it has a count: a filter may end an answer half-way.
    """
    if isinstance(outcome, Failure):
        return Decimal(0) if outcome.is_free else None
    if outcome.status != 200 and token_counts([outcome]) is None:
        return Decimal(0)
    return cost_of_reply(outcome, prices)


@lru_cache(maxsize=8)
def chat_client(llm: Llm, base_url: str, key: Secret, root: Path, clock: Clock = CLOCK) -> ChatClient:
    """The process's client for these settings and the call log in `root`. Threads share its connections."""
    return ChatClient(llm, base_url, key, CallLog(root, llm.budget_usd, llm.base_url), clock)


def pause_s(attempt: int, asked_s: float | None, *, is_overloaded: bool = False) -> float:
    """Seconds to wait after a failed attempt: as the server asked, or doubling from 1 to at most a minute; with jitter.

    If an overloaded host does not say how long to wait, doubling starts from 4: most limits are per minute.
    """
    if asked_s is not None:
        return min(asked_s, LONGEST_RETRY_AFTER_S) + random.uniform(0, 1)
    first_s = 4 if is_overloaded else 1
    return float(min(first_s * 2 ** (attempt - 1), LONGEST_PAUSE_S) * random.uniform(0.5, 1))


def no_answer(what: str, attempts: int) -> NotNow:
    """The error when the host answers nothing."""
    return NotNow(
        f"the model endpoint gave no answer: {what}",
        f"asked {attempts} {'time' if attempts == 1 else 'times'}; every earlier answer is kept",
        "run the same command again later; if it goes on, check llm.base_url and the endpoint's status page",
    )


def refuse_long_wait(failure: Failure) -> None:
    """Raise `NotNow` if the host asks to wait longer than a run waits; it says when to come back."""
    wait_s = failure.wait_s or 0.0
    if wait_s > LONGEST_RETRY_AFTER_S:
        wait = timedelta(seconds=min(wait_s, 1e9))
        raise NotNow(
            f"the model endpoint asks to wait {wait.total_seconds() / 60:,.0f} minutes: {failure.what}",
            f"stopped, as a run waits {LONGEST_RETRY_AFTER_S / 60:.0f} minutes at most; every earlier answer is kept",
            f"run the same command again after {datetime.now(UTC) + wait:%Y-%m-%d %H:%M} UTC",
        )


def _overloaded(what: str) -> NotNow:
    return NotNow(
        f"the model endpoint has had no capacity for any question for {LONGEST_OVERLOAD_S / 60:.0f} minutes: {what}",
        "asked again whenever the endpoint said to; every earlier answer is kept",
        "run the same command again later; if it goes on, check the account's limits at the host, and max_tokens, "
        "which counts against them",
    )


def _in_batch() -> NotNow:
    return NotNow(
        "a question is in an open batch, which will answer it and charge for it",
        "did not ask it a second time; every earlier answer is kept",
        "run the same command with the llm settings that sent the batch (llm=openai_batch): they fetch its answers",
    )


def _close(connection: openai.OpenAI, call_log: CallLog) -> None:
    connection.close()
    call_log.close()


def prices_of(llm: Llm, model: str | None = None) -> Prices:
    """The prices of a model, by default that of the settings. Raises `BadSettings` if none are set."""
    prices = llm.prices_of(model or llm.model)
    if prices is None:
        raise BadSettings(
            f"no price is set for {llm.model}",
            "stopped before the first call",
            "set llm.prices.input_usd_per_million and output_usd_per_million, 0 for a machine of your own",
        )
    return prices
