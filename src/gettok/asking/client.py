"""Asking an OpenAI-compatible endpoint: patient with the server, strict with the answer, silent about the key."""

import logging
import random
import time
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

import openai

from gettok.asking.calls import Bill, Calls
from gettok.asking.gate import Allowance, Gate
from gettok.asking.pricing import worst_usd
from gettok.asking.question import Call, Talk, digest
from gettok.errors import BadCredentials, BadSettings, NotNow, Stop
from gettok.reply import TOO_LONG, Reply, answered, cost_usd, tokens
from gettok.retry_after import number_in, told_s
from gettok.secrets import Secret
from gettok.settings import Llm, Prices
from gettok.step import Answer, Json

_log = logging.getLogger(__name__)
_LONGEST_PAUSE_S = 60.0
#: Repeating helps against these and all of 5xx; 529 is Anthropic's and others' "overloaded".
_PASSING = frozenset({408, 409, 429})
#: Of these, the model itself was not asked; behind any other 5xx it may have answered, and sent its bill.
_FREE = frozenset({409, 429, 503, 529})
_SPENT = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
_FILTERED = frozenset({"content_filter", "content_policy_violation"})


@dataclass(frozen=True)
class _Trouble:
    """A try that failed for a reason that may pass, and how many seconds the server asks us to wait.

    `is_crowded`: the server has no room now, and `is_for_all`: none until that time is over. `cost_nothing`: no model
    has been asked.
    """

    what: str
    wait_s: float | None = None
    is_crowded: bool = False
    is_for_all: bool = False
    cost_nothing: bool = False


class Asker:
    """A client of one endpoint. It may be shared by threads."""

    def __init__(
        self, llm: Llm, base_url: str, key: Secret, calls: Calls, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._llm, self._key, self._calls, self._sleep = llm, key, calls, sleep
        prices_of(llm)  # without, not even the connection is made
        self._gate, self._allowance = Gate(llm.at_once), Allowance()
        self._client = openai.OpenAI(
            base_url=base_url,
            api_key=key.reveal(),
            max_retries=0,  # the pauses, the bound and the outcome of giving up are ours
            timeout=llm.timeout_s,
            http_client=http_client_for(base_url),
        )
        #: Hangs up. It happens by itself when nobody holds the asker any more, or at the end of the program.
        self.close = weakref.finalize(self, _hang_up, self._client, calls)

    def hold(self, talk: Talk) -> Answer:
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

        Raises `NotNow` after so many tries, and `Stop` where trying again is of no use.
        """
        request = digest(call, self._llm)
        known = self._calls.known(request)
        return known if known is not None else self._patiently(call, request)

    def _patiently(self, call: Call, request: str) -> Reply:
        body = call.body(self._llm)
        worst = worst_usd(call.size(self._llm), prices_of(self._llm, call.asked(self._llm)))
        trouble = _Trouble("")
        for tried in range(1, self._llm.tries + 1):
            outcome = self._once(body, request, worst)
            if isinstance(outcome, Reply):
                self._allowance.earn()
                return outcome
            trouble = outcome
            if tried < self._llm.tries and self._allowance.spend():
                _log.warning("try %d of %d failed: %s", tried, self._llm.tries, trouble.what)
                self._sleep(pause_s(tried, trouble.wait_s))
            else:
                break
        raise NotNow(
            f"the model endpoint gave no answer: {trouble.what}",
            f"asked {tried} times; every earlier answer is kept",
            "run the same command again later; if it goes on, check llm.base_url and the endpoint's status page",
        )

    def _once(self, body: Mapping[str, Json], request: str, worst: Decimal) -> Reply | _Trouble:
        with self._gate.through() as turn:
            outcome = self._paid(body, request, worst)
            if isinstance(outcome, Reply):
                self._gate.answered()
            elif outcome.is_crowded:
                pause = min(outcome.wait_s or 0.0, _LONGEST_PAUSE_S)
                self._gate.refused(turn, pause if outcome.is_for_all else 0.0)
        return outcome

    def _paid(self, body: Mapping[str, Json], request: str, worst: Decimal) -> Reply | _Trouble:
        model = str(body["model"])
        with self._calls.paying(model, request, worst) as bill:
            try:
                outcome = self._sent(body)
            except Stop:
                bill.usd = Decimal(0)
                raise
            self._fill(bill, outcome, prices_of(self._llm, model))
        return outcome

    def _fill(self, bill: Bill, outcome: Reply | _Trouble, prices: Prices) -> None:
        """What a reply cost, by its own count. A refusal costs nothing; of a silence nothing is known."""
        if isinstance(outcome, Reply):
            counted = tokens([outcome])
            bill.reply = outcome
            bill.usd = None if counted is None else cost_usd(*counted, prices)
        if outcome.cost_nothing if isinstance(outcome, _Trouble) else outcome.status != 200:
            bill.usd = Decimal(0)

    def _sent(self, body: Mapping[str, Json]) -> Reply | _Trouble:
        try:
            response = self._client.chat.completions.with_raw_response.create(**body)
        except openai.APIStatusError as error:
            return self._judge(error, str(body["model"]))
        except openai.APITimeoutError:
            # the answer may have been made, and paid for: nothing can tell, so it is asked again and counted
            return _Trouble(f"silent for more than {self._llm.timeout_s} s")
        except openai.APIConnectionError as error:
            never_left = type(error.__cause__).__name__ == "ConnectError"
            return _Trouble(
                self._brief(f"connection failed: {error.__cause__ or error}"), cost_nothing=never_left
            )
        return self._whole(response.content)

    def _whole(self, content: bytes) -> Reply | _Trouble:
        """Only parsing tells a whole body: a cut, close-delimited one arrives without an error."""
        reply = answered(self._key.blot_out(content.decode(errors="surrogateescape")))
        return reply or _Trouble(self._brief(f"200 without an answer: {content[:200]!r}"))

    def _judge(self, error: openai.APIStatusError, model: str) -> Reply | _Trouble:
        status, code = error.status_code, error.code or error.type or ""
        said = self._brief(f"{status} {code}: {error.message}")
        about_this_video = code in _FILTERED | TOO_LONG
        if about_this_video or (code == "invalid_prompt" and "policy" in error.message):
            return Reply(status, self._key.blot_out(error.response.text))
        if status == 402 or code in _SPENT:
            raise _spent(said) from None
        if status in {401, 403}:
            raise self._refused_key(status, model) from None
        if status in _PASSING or status >= 500:
            headers = error.response.headers
            return _Trouble(
                said,
                _asked_to_wait_s(headers),
                is_crowded=status == 429,
                is_for_all=headers.get("x-ratelimit-remaining-requests") == "0"
                or headers.get("x-ratelimit-remaining-tokens") == "0",
                cost_nothing=status in _FREE,
            )
        raise self._bad_request(status, model, said) from None

    def _brief(self, text: str) -> str:
        line = " ".join(self._key.blot_out(text).split())
        return "".join(letter if letter.isprintable() else "\ufffd" for letter in line)[:300]

    def _refused_key(self, status: int, model: str) -> BadCredentials:
        # the server's own words stay out: they often repeat the key, or part of it
        return BadCredentials(
            f"the model endpoint refused the key ({status})",
            "stopped at once; every earlier answer is kept",
            f"put a key that may use {model} into the environment variable {self._llm.key_from}",
        )

    def _bad_request(self, status: int, model: str, said: str) -> BadSettings:
        named = "llm.model" if model == self._llm.model else "llm.others"
        wrong = named if status == 404 else "the llm settings"
        return BadSettings(
            f"the model endpoint does not take the request for {named} {model!r}: {said}",
            "stopped at once, as each video would fail alike; every earlier answer is kept",
            f"correct {wrong}, or point llm.base_url at the endpoint that is meant",
        )


@lru_cache(maxsize=8)
def asker_for(llm: Llm, base_url: str, key: Secret, root: Path) -> Asker:
    """The process's one client for these settings and this answer store: threads share its connections."""
    return Asker(llm, base_url, key, Calls(root, llm.budget_usd))


def pause_s(tried: int, asked_s: float | None) -> float:
    """Seconds to wait after so many failed tries: as asked, or doubling from one; spread, and capped at a minute."""
    if asked_s is not None:
        return min(max(asked_s, 0.0), _LONGEST_PAUSE_S) + random.uniform(0, 1)
    return float(min(2 ** (tried - 1), _LONGEST_PAUSE_S) * random.uniform(0.5, 1))


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


def http_client_for(base_url: str) -> openai.DefaultHttpxClient | None:
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


def _spent(said: str) -> Stop:
    return Stop(
        f"the account at the model endpoint has no money left: {said}",
        "stopped at once, as waiting does not help; every earlier answer is kept",
        "top up the account or raise its limit, then run the same command again",
    )


def _asked_to_wait_s(headers: Mapping[str, str]) -> float | None:
    """Seconds by `Retry-After-Ms`, which is OpenAI's own and finer, or by `Retry-After`."""
    told_ms = number_in(headers.get("Retry-After-Ms", ""))
    return told_s(headers) if told_ms is None else told_ms / 1000
