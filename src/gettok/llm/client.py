"""Asking an OpenAI-compatible endpoint: patient with the server, strict with the answer, silent about the key."""

import logging
import random
import weakref
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

import openai

from gettok.errors import BadSettings, NotNow, Stop, Unusable
from gettok.llm.call_log import Calls
from gettok.llm.error_mapping import ErrorClassifier, Trouble
from gettok.llm.pricing import worst_usd
from gettok.llm.question import Call, Conversation, Question, digest
from gettok.llm.rate_limit import CLOCK, LONGEST_BUSY_S, LONGEST_PAUSE_S, AdaptiveLimiter, Clock, RetryBudget
from gettok.llm.response import Reply, answered, cost_usd, tokens
from gettok.settings import Llm, Prices
from gettok.settings.secrets import Secret
from gettok.step import Answer, Json

_log = logging.getLogger(__name__)
#: Asked where a host has failed on a question, to know whether it fails on all.
_TINY = Question(
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


class Asker:
    """A client of one endpoint. It may be shared by threads."""

    def __init__(self, llm: Llm, base_url: str, key: Secret, calls: Calls, clock: Clock = CLOCK) -> None:
        self._llm, self._key, self._calls, self._sleep = llm, key, calls, clock.sleep
        prices_of(llm)  # without, not even the connection is made
        self._judge = ErrorClassifier(llm, key)
        self._limiter, self._retry_budget = AdaptiveLimiter(llm.max_concurrency, clock), RetryBudget()
        self._client = client_of(llm, base_url, key)
        #: Hangs up. It happens by itself when nobody holds the asker any more, or at the end of the program.
        self.close = weakref.finalize(self, _hang_up, self._client, calls)

    def hold(self, talk: Conversation) -> Answer:
        """Ask what a step wants to know, call by call, until it has its answer."""
        try:
            wanted = next(talk)
            while True:
                wanted = talk.send([self.reply(call) for call in wanted])
        except StopIteration as end:
            answer: Answer = end.value
            return answer

    def reply(self, call: Call) -> Reply:
        """The reply to a call: what is known of before, or what the endpoint says now.

        Raises `Unusable` (unanswered) after so many tries, `NotNow` if others are not answered either or there is room
        for none, and `Stop` where trying again is of no use.
        """
        request = digest(call, self._llm)
        known = self._calls.known(request)
        if known is not None:
            return known
        if self._calls.is_in_batch(request):
            raise _in_batch()
        return self._patiently(call, request)

    def _patiently(self, call: Call, request: str) -> Reply:
        body = call.body(self._llm)
        worst = worst_usd(call.size(self._llm), prices_of(self._llm, call.asked(self._llm)))
        answers_before, trouble = self._retry_budget.answers, Trouble("")
        for tried in range(1, self._llm.max_attempts + 1):
            outcome = self._when_there_is_room(body, request, worst)
            if isinstance(outcome, Reply):
                self._retry_budget.earn()
                return outcome
            trouble = outcome
            if tried < self._llm.max_attempts and self._retry_budget.spend():
                _log.warning("try %d of %d failed: %s", tried, self._llm.max_attempts, trouble.what)
                self._sleep(pause_s(tried, trouble.wait_s))
            else:
                break
        if tried == self._llm.max_attempts and self._is_alone(call, answers_before):
            raise Unusable("unanswered", f"{tried} times: {trouble.what}")
        raise no_answer(trouble.what, tried)

    def _is_alone(self, call: Call, answers_before: int) -> bool:
        """Whether the host fails on this question and not on others: those of meanwhile, or else a tiny one."""
        if self._retry_budget.answers == answers_before:
            tiny = Call(_TINY, model=call.model)
            worst = worst_usd(tiny.size(self._llm), prices_of(self._llm, call.asked(self._llm)))
            try:
                outcome = self._when_there_is_room(tiny.body(self._llm), "tiny", worst)
                if isinstance(outcome, Reply) and outcome.status == 200:
                    self._retry_budget.earn()
            except Stop:
                return False
        return self._retry_budget.give_up(answers_before)

    def _when_there_is_room(self, body: Mapping[str, Json], request: str, worst: Decimal) -> Reply | Trouble:
        """What comes of one try. That a host is busy is no failure: only time ends it."""
        refused = 0
        while isinstance(outcome := self._once(body, request, worst), Trouble) and outcome.is_crowded:
            if self._limiter.is_hopeless:
                raise _too_busy(outcome.what)
            refused += 1
            if refused == 1:
                _log.warning("it waits for the host to have room: %s", outcome.what)
            if not outcome.wait_s:
                self._sleep(pause_s(refused, None, is_crowded=True))
        return outcome

    def _once(self, body: Mapping[str, Json], request: str, worst: Decimal) -> Reply | Trouble:
        with self._limiter.through() as turn:
            outcome = self._paid(body, request, worst)
            if isinstance(outcome, Reply):
                self._limiter.answered()
            elif outcome.is_crowded:
                self._limiter.refused(turn, outcome.wait_s)
        return outcome

    def _paid(self, body: Mapping[str, Json], request: str, worst: Decimal) -> Reply | Trouble:
        model = str(body["model"])
        with self._calls.reserve_budget(model, request, worst) as bill:
            try:
                outcome = self._sent(body)
            except Stop:
                bill.usd = Decimal(0)
                raise
            bill.usd = cost_of(outcome, prices_of(self._llm, model))
            bill.reply = outcome if isinstance(outcome, Reply) else None
        return outcome

    def _sent(self, body: Mapping[str, Json]) -> Reply | Trouble:
        try:
            response = self._client.chat.completions.with_raw_response.create(**body)
        except openai.APIError as error:
            takes_others = self._retry_budget.answers > 0
            return self._judge.of(error, str(body["model"]), takes_others=takes_others)
        return self._whole(response.content)

    def _whole(self, content: bytes) -> Reply | Trouble:
        """Only parsing tells a whole body: a cut, close-delimited one arrives without an error."""
        reply = answered(self._key.blot_out(content.decode(errors="surrogateescape")))
        return reply or Trouble(self._judge.brief(f"200 without an answer: {content[:200]!r}"))


def cost_of(outcome: Reply | Trouble, prices: Prices | None) -> Decimal | None:
    """What a call cost, by the reply's own count. A refusal costs nothing; of a silence nothing is known."""
    if outcome.cost_nothing if isinstance(outcome, Trouble) else outcome.status != 200:
        return Decimal(0)
    counted = tokens([outcome]) if isinstance(outcome, Reply) else None
    return None if counted is None or prices is None else cost_usd(*counted, prices)


@lru_cache(maxsize=8)
def asker_for(llm: Llm, base_url: str, key: Secret, root: Path, clock: Clock = CLOCK) -> Asker:
    """The process's one client for these settings and this answer store: threads share its connections."""
    return Asker(llm, base_url, key, Calls(root, llm.budget_usd), clock)


def pause_s(tried: int, asked_s: float | None, *, is_crowded: bool = False) -> float:
    """Seconds to wait after so many failed tries: as asked, or doubling from one; spread, and capped at a minute.

    Where a host that is crowded does not say when to come back, from four: most count by the minute.
    """
    if asked_s is not None:
        return min(max(asked_s, 0.0), LONGEST_PAUSE_S) + random.uniform(0, 1)
    first_s = 4 if is_crowded else 1
    return float(min(first_s * 2 ** (tried - 1), LONGEST_PAUSE_S) * random.uniform(0.5, 1))


def no_answer(what: str, times: int) -> NotNow:
    """What a person is told when the host is out of order."""
    return NotNow(
        f"the model endpoint gave no answer: {what}",
        f"asked {times} times; every earlier answer is kept",
        "run the same command again later; if it goes on, check llm.base_url and the endpoint's status page",
    )


def _too_busy(what: str) -> NotNow:
    return NotNow(
        f"the model endpoint has had no room for any question for {LONGEST_BUSY_S / 60:.0f} minutes: {what}",
        "asked again whenever it said to; every earlier answer is kept",
        "run the same command again later; if it goes on, see the account's limits at the host, and max_tokens, which "
        "counts against them",
    )


def _in_batch() -> NotNow:
    return NotNow(
        "a question is in a batch that is not over, which answers it and charges for it",
        "did not ask it a second time; every earlier answer is kept",
        "run the same command with the llm settings that sent the batch (llm=openai_batch): they fetch its answers",
    )


def _hang_up(client: openai.OpenAI, calls: Calls) -> None:
    client.close()
    calls.close()


def prices_of(llm: Llm, model: str | None = None) -> Prices:
    """Of the settings' own model, or of another. Raises `BadSettings` where nobody has said what a call costs."""
    prices = llm.prices_of(model or llm.model)
    if prices is None:
        raise BadSettings(
            f"nobody has said what {llm.model} costs",
            "stopped before the first call",
            "set llm.prices.input_usd_per_million and output_usd_per_million, 0 for a machine of your own",
        )
    return prices


def client_of(llm: Llm, base_url: str, key: Secret) -> openai.OpenAI:
    """A connection to an endpoint. Raises `BadSettings` for an address that is none."""
    return openai.OpenAI(
        base_url=base_url,
        api_key=key.reveal(),
        max_retries=0,  # the pauses, the bound, the outcome of giving up and the bill are ours
        timeout=llm.timeout_s,
        http_client=_http_client_for(base_url),
    )


def _http_client_for(base_url: str) -> openai.DefaultHttpxClient | None:
    address = urlsplit(base_url)
    if address.scheme not in {"http", "https"} or not address.hostname:
        raise BadSettings(
            f"llm.base_url: {base_url!r} is not the address of an endpoint",
            "stopped before any request",
            'write it as "https://host/v1", or "sandbox:" for the embedded sandbox',
        )
    if address.hostname in {"127.0.0.1", "::1", "localhost"}:
        return openai.DefaultHttpxClient(trust_env=False)  # no proxy can reach this machine's own loopback
    return None
