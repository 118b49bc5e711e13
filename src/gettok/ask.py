"""Asking an OpenAI-compatible endpoint: patient with the server, strict with the answer, silent about the key."""

import logging
import random
import time
import weakref
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import openai

from gettok.errors import BadCredentials, BadSettings, NotNow, Stop, Unusable
from gettok.pictures import Picture
from gettok.reply import Reply, mend
from gettok.retry_after import number_in, told_s
from gettok.secrets import Secret
from gettok.settings import Llm
from gettok.step import Json

_log = logging.getLogger(__name__)
_LONGEST_PAUSE_S = 60.0
#: Repeating helps against these and all of 5xx; 529 is Anthropic's and others' "overloaded".
_PASSING = frozenset({408, 409, 429})
_SPENT = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
_FILTERED = frozenset({"content_filter", "content_policy_violation"})


@dataclass(frozen=True)
class Question:
    """What a model gets: a rule to keep, text and pictures in their order, and the form that the answer must have."""

    rule: str
    parts: tuple[str | Picture, ...]
    form: str
    schema: Mapping[str, Json]


@dataclass(frozen=True)
class _Trouble:
    """A try that failed for a reason that may pass, and how many seconds the server asks us to wait."""

    what: str
    wait_s: float | None = None


class Asker:
    """A client of one endpoint. It may be shared by threads."""

    def __init__(
        self, llm: Llm, base_url: str, key: Secret, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._llm, self._key, self._sleep = llm, key, sleep
        self._client = openai.OpenAI(
            base_url=base_url,
            api_key=key.reveal(),
            max_retries=0,  # the pauses, the bound and the outcome of giving up are ours
            timeout=llm.timeout_s,
            http_client=_client_for(base_url),
        )
        #: Hangs up. It happens by itself when nobody holds the asker any more, or at the end of the program.
        self.close = weakref.finalize(self, self._client.close)

    def ask(self, question: Question, vote: int, accept: Callable[[Reply], object]) -> list[Reply]:
        """The model's reply and, where `accept` finds it malformed, its reply to one request to mend it."""
        messages = messages_for(question, self._llm.image_detail)
        first = self._patiently(messages, question, vote)
        try:
            accept(first)
        except Unusable as problem:
            if problem.reason == "malformed":
                return [first, self._patiently(messages + _repair(first, problem), question, vote)]
        return [first]

    def _patiently(self, messages: list[Json], question: Question, vote: int) -> Reply:
        trouble = _Trouble("")
        for tried in range(1, self._llm.tries + 1):
            outcome = self._once(messages, question, vote)
            if isinstance(outcome, Reply):
                return outcome
            trouble = outcome
            if tried < self._llm.tries:
                _log.warning("try %d of %d failed: %s", tried, self._llm.tries, trouble.what)
                self._sleep(pause_s(tried, trouble.wait_s))
        raise NotNow(
            f"the model endpoint gave no answer: {trouble.what}",
            f"asked {self._llm.tries} times; every earlier answer is kept",
            "run the same command again later; if it goes on, check llm.base_url and the endpoint's status page",
        )

    def _once(self, messages: list[Json], question: Question, vote: int) -> Reply | _Trouble:
        try:
            response = self._client.chat.completions.with_raw_response.create(
                **self._parameters(messages, question, vote)
            )
        except openai.APIStatusError as error:
            return self._judge(error)
        except openai.APITimeoutError:
            # the answer may have been made, and paid for: nothing can tell, so it is asked again and logged
            return _Trouble(f"silent for more than {self._llm.timeout_s} s")
        except openai.APIConnectionError as error:
            return _Trouble(self._brief(f"connection failed: {error.__cause__ or error}"))
        return self._whole(response.content)

    def _parameters(self, messages: list[Json], question: Question, vote: int) -> dict[str, Any]:
        schema = {"name": question.form, "strict": True, "schema": dict(question.schema)}
        parameters: dict[str, Any] = {
            "model": self._llm.model,
            "messages": messages,
            "response_format": {"type": "json_schema", "json_schema": schema},
            "max_completion_tokens": self._llm.max_tokens,
            "seed": vote,
        }
        if self._llm.temperature is not None:  # reasoning models refuse to be given one
            parameters["temperature"] = self._llm.temperature
        return parameters

    def _whole(self, content: bytes) -> Reply | _Trouble:
        """Only parsing tells a whole body: a cut, close-delimited one arrives without an error."""
        try:
            reply = Reply(200, self._key.blot_out(content.decode()))
            _ = reply.message
        except (LookupError, TypeError, ValueError, RecursionError, AttributeError):
            return _Trouble(self._brief(f"200 without an answer: {content[:200]!r}"))
        return reply

    def _judge(self, error: openai.APIStatusError) -> Reply | _Trouble:
        status, code = error.status_code, error.code or error.type or ""
        said = self._brief(f"{status} {code}: {error.message}")
        if code in _FILTERED or (code == "invalid_prompt" and "policy" in error.message):
            return Reply(status, self._key.blot_out(error.response.text))
        if status == 402 or code in _SPENT:
            raise _spent(said) from None
        if status in {401, 403}:
            raise self._refused_key(status) from None
        if status in _PASSING or status >= 500:
            return _Trouble(said, _asked_to_wait_s(error.response.headers))
        raise self._bad_request(status, said) from None

    def _brief(self, text: str) -> str:
        line = " ".join(self._key.blot_out(text).split())
        return "".join(letter if letter.isprintable() else "�" for letter in line)[:300]

    def _refused_key(self, status: int) -> BadCredentials:
        # the server's own words stay out: they often repeat the key, or part of it
        return BadCredentials(
            f"the model endpoint refused the key ({status})",
            "stopped at once; every earlier answer is kept",
            f"put a key that may use {self._llm.model} into the environment variable {self._llm.key_from}",
        )

    def _bad_request(self, status: int, said: str) -> BadSettings:
        wrong = "llm.model" if status == 404 else "the llm settings"
        return BadSettings(
            f"the model endpoint does not take the request for llm.model {self._llm.model!r}: {said}",
            "stopped at once, as each video would fail alike; every earlier answer is kept",
            f"correct {wrong}, or point llm.base_url at the endpoint that is meant",
        )


@lru_cache(maxsize=8)
def asker_for(llm: Llm, base_url: str, key: Secret) -> Asker:
    """The process's one client for these settings: threads share its connections."""
    return Asker(llm, base_url, key)


def messages_for(question: Question, image_detail: str) -> list[Json]:
    """The question as chat messages: the rule from the system, all else from the user."""
    parts = [_part(part, image_detail) for part in question.parts]
    return [{"role": "system", "content": question.rule}, {"role": "user", "content": parts}]


def pause_s(tried: int, asked_s: float | None) -> float:
    """Seconds to wait after so many failed tries: as asked, or doubling from one; spread, and capped at a minute."""
    if asked_s is not None:
        return min(max(asked_s, 0.0), _LONGEST_PAUSE_S) + random.uniform(0, 1)
    return float(min(2 ** (tried - 1), _LONGEST_PAUSE_S) * random.uniform(0.5, 1))


def _part(part: str | Picture, image_detail: str) -> Json:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    url = f"data:image/jpeg;base64,{b64encode(part.jpeg).decode()}"
    return {"type": "image_url", "image_url": {"url": url, "detail": image_detail}}


def _repair(reply: Reply, problem: Unusable) -> list[Json]:
    wish = f"This is not in the form that was asked for ({problem.detail[:200]}). Answer again, with the JSON alone."
    return [
        {"role": "assistant", "content": mend(str(reply.message.get("content")))},
        {"role": "user", "content": wish},
    ]


def _client_for(base_url: str) -> openai.DefaultHttpxClient | None:
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
