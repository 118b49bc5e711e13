"""What a failed request to a model's host means: about this video, temporary, or for a person to act on."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

import openai

from gettok.errors import BadCredentials, BadSettings, Stop
from gettok.http.connection_errors import cannot_reach
from gettok.http.json_guards import to_mapping, to_mappings
from gettok.http.retry_after import parse_number, rate_limit_reset_s, retry_after_s
from gettok.llm.error_status import status_of
from gettok.llm.error_words import account_trouble, error_text, rejection_reason
from gettok.llm.response import Reply, error_in, parse_reply
from gettok.settings import Llm
from gettok.settings.secrets import Secret
from gettok.step import Json

#: Retrying helps against these and every 5xx; 529 means "overloaded" at Anthropic and others.
_TEMPORARY = frozenset({408, 409, 429})
#: The host works, and has no capacity.
_OVERLOADED = frozenset({429, 529})
#: With these, the model was not asked; with any other 5xx it may have answered, and charged for it.
_FREE = frozenset({409, 429, 503, 529})


@dataclass(frozen=True)
class Failure:
    """A try that failed for a reason that may pass, and how many seconds the server asks us to wait.

    `is_overloaded`: the host works, and has no capacity now. `is_free`: no model was asked. `code` is the server's own.
    """

    what: str
    wait_s: float | None = None
    is_overloaded: bool = False
    is_free: bool = False
    code: str = ""


@dataclass(frozen=True)
class ErrorResponse:
    """A response with another status than 200, or an error within a 200 under its own status."""

    status: int
    text: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class ErrorClassifier:
    """Interprets the errors of one endpoint, and never repeats its key."""

    llm: Llm
    key: Secret

    def classify(
        self, error: openai.APIError, model: str, *, accepts_others: bool = False
    ) -> Reply | Failure:
        """What the error of a call to this model means. Raises `Stop` if trying again is pointless.

        `accepts_others`: the host has answered similar requests, so if it rejects this one, its content is the cause.
        """
        if isinstance(error, openai.APIStatusError):
            response = error.response
            returned = ErrorResponse(error.status_code, response.text, response.headers)
            return self.classify_response(returned, model, accepts_others=accepts_others)
        never_sent = type(error.__cause__).__name__ in {"ConnectError", "ConnectTimeout"}
        if isinstance(error, openai.APITimeoutError) and not never_sent:
            # the answer may have been made and charged; as we cannot know, the try counts and is repeated
            return Failure(f"silent for more than {self.llm.timeout_s} s")
        return Failure(self.brief(cannot_reach(error.request.url.host, error)), is_free=never_sent)

    def classify_response(
        self, returned: ErrorResponse, model: str, *, accepts_others: bool
    ) -> Reply | Failure:
        """The same for a response with another status than 200."""
        status, headers = returned.status, returned.headers
        text, error = _parse_error(returned.text)
        code = str(error.get("code") or error.get("type") or "")
        summary = self.brief(f"{status} {code}: {error_text(error)}")
        self._raise_account_trouble(status, error, model, summary)
        if rejection_reason(status, error) in {"filtered", "too_long"}:
            return Reply(status, self.key.redact(text))
        if accepts_others and status in {400, 422}:
            return Reply(status, self.key.redact(text))
        if status in {401, 403}:
            raise self._bad_key(status, model)
        if status in _TEMPORARY or status >= 500:
            return Failure(
                summary,
                _wait_s(status, headers, error),
                is_overloaded=status in _OVERLOADED or code == "overloaded_error",
                is_free=status in _FREE,
                code=code,
            )
        raise self._bad_request(status, model, summary)

    def classify_200(
        self, content: str, headers: Mapping[str, str], model: str, *, accepts_others: bool = False
    ) -> Reply | Failure:
        """What the body of a 200 means: an answer, or the error in it as if it had come under its own status.

        Only parsing shows that a body is complete: without a length, a cut one arrives without an error.
        """
        text = self.key.redact(content)
        error = _error_of(text)
        if error is None:
            return parse_reply(text) or Failure(self.brief(f"200 without an answer: {text[:200]!r}"))
        returned = ErrorResponse(_status_within(error), text, headers)
        outcome = self.classify_response(returned, model, accepts_others=accepts_others)
        if isinstance(outcome, Reply):
            return outcome
        # the choice that broke off may have been charged
        is_free = outcome.is_free and not to_mapping(json.loads(text)).get("choices")
        return replace(outcome, what=self.brief(f"200 without an answer: {outcome.what}"), is_free=is_free)

    def brief(self, text: str) -> str:
        """One printable line of at most 300 characters, without the key."""
        line = " ".join(self.key.redact(text).split())
        return "".join(letter if letter.isprintable() else "\ufffd" for letter in line)[:300]

    def _raise_account_trouble(
        self, status: int, error: Mapping[str, Json], model: str, summary: str
    ) -> None:
        trouble = account_trouble(error)
        if status == 402 or trouble == "no_money":
            raise _no_money(summary)
        if trouble == "bad_key":
            raise self._bad_key(status, model)

    def _bad_key(self, status: int, model: str) -> BadCredentials:
        # without the server's message, which often repeats the key or part of it
        return BadCredentials(
            f"the model endpoint refused the key ({status})",
            "stopped at once; every earlier answer is kept",
            f"put a key that may use {model} into the environment variable {self.llm.api_key_env}",
        )

    def _bad_request(self, status: int, model: str, summary: str) -> BadSettings:
        setting = "llm.model" if model == self.llm.model else "llm.extra_models"
        wrong = setting if status == 404 else "the llm settings"
        return BadSettings(
            f"the model endpoint does not take the request for {setting} {model!r}: {summary}",
            "stopped at once, as each video would fail alike; every earlier answer is kept",
            f"correct {wrong}, or set llm.base_url to the right endpoint; `gettok doctor` tries it out",
        )


def _parse_error(text: str) -> tuple[str, Mapping[str, Json]]:
    """The body as JSON text, and its `error`. Other text (such as a proxy's page) becomes the message of an error."""
    try:
        body = json.loads(text)
        text.encode()
    except (ValueError, RecursionError):
        body = text
    if isinstance(body, list) and body:
        body = body[0]
    error = (error_in(body) or body) if isinstance(body, dict) else body
    if isinstance(error, dict):
        return text if text.lstrip().startswith("{") else json.dumps(body), error
    message = {"message": " ".join(str(error).split())[:1000]}
    return json.dumps({"error": message}), message


def _error_of(text: str) -> Mapping[str, Json] | None:
    """The error in the body of a 200, if it is JSON that has one."""
    try:
        text.encode()
        return error_in(json.loads(text))
    except (ValueError, RecursionError):
        return None


def _status_within(error: Mapping[str, Json]) -> int:
    """The error's own status; that of a rejected prompt if only its words say so."""
    status = status_of(error)
    return 400 if status == 500 and rejection_reason(400, error) in {"filtered", "too_long"} else status


def _no_money(summary: str) -> Stop:
    return Stop(
        f"the account at the model endpoint has no money left: {summary}",
        "stopped at once, as waiting does not help; every earlier answer is kept",
        "top up the account or raise its limit, then run the same command again",
    )


def _wait_s(status: int, headers: Mapping[str, str], error: Mapping[str, Json]) -> float | None:
    """What the server asks for, or else when the limit that was exceeded is reset."""
    asked_s = _retry_after_s(headers, error)
    return rate_limit_reset_s(headers) if asked_s is None and status == 429 else asked_s


def _retry_after_s(headers: Mapping[str, str], error: Mapping[str, Json]) -> float | None:
    """Seconds by `Retry-After-Ms`, which is OpenAI's own and finer, by `Retry-After`, or by Google's `RetryInfo`."""
    milliseconds = parse_number(headers.get("Retry-After-Ms", ""))
    seconds = retry_after_s(headers) if milliseconds is None else milliseconds / 1000
    if seconds is not None:
        return seconds
    # google.rpc.RetryInfo, which Gemini's endpoint sends in place of the header: "retryDelay": "38s"
    delays = [str(detail.get("retryDelay", "")) for detail in to_mappings(error.get("details"))]
    return next(
        (known for delay in delays if (known := parse_number(delay.removesuffix("s"))) is not None), None
    )
