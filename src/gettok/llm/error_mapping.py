"""What a failed request to a model's host means: about this video, passing, or for a person to act on."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import openai

from gettok.errors import BadCredentials, BadSettings, Stop
from gettok.http.retry_after import parse_number, retry_after_s
from gettok.llm.response import Reply, why_not
from gettok.settings import Llm
from gettok.settings.secrets import Secret
from gettok.step import Json

#: Repeating helps against these and all of 5xx; 529 is Anthropic's and others' "overloaded".
_PASSING = frozenset({408, 409, 429})
#: The host is well, and has no room.
_CROWDED = frozenset({429, 529})
#: Of these, the model itself was not asked; behind any other 5xx it may have answered, and sent its bill.
_FREE = frozenset({409, 429, 503, 529})
_SPENT = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})


@dataclass(frozen=True)
class Trouble:
    """A try that failed for a reason that may pass, and how many seconds the server asks us to wait.

    `is_crowded`: it works, and has no room now. `cost_nothing`: no model has been asked. `code` is the server's own
    word for it.
    """

    what: str
    wait_s: float | None = None
    is_crowded: bool = False
    cost_nothing: bool = False
    code: str = ""


@dataclass(frozen=True)
class Refused:
    """An answer with another status than 200."""

    status: int
    text: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class ErrorClassifier:
    """Judges what one endpoint says, without ever repeating its key."""

    llm: Llm
    key: Secret

    def of(self, error: openai.APIError, model: str, *, takes_others: bool = False) -> Reply | Trouble:
        """What it means, where this model was asked. Raises `Stop` where trying again is of no use.

        `takes_others`: the host has answered the like of it, so what it does not take is about this video.
        """
        if isinstance(error, openai.APIStatusError):
            response = error.response
            refused = Refused(error.status_code, response.text, response.headers)
            return self.refused(refused, model, takes_others=takes_others)
        never_left = type(error.__cause__).__name__ in {"ConnectError", "ConnectTimeout"}
        if isinstance(error, openai.APITimeoutError) and not never_left:
            # the answer may have been made, and paid for: nothing can tell, so it is asked again and counted
            return Trouble(f"silent for more than {self.llm.timeout_s} s")
        return Trouble(self.brief(f"connection failed: {error.__cause__ or error}"), cost_nothing=never_left)

    def refused(self, refused: "Refused", model: str, *, takes_others: bool) -> Reply | Trouble:
        """The same of an answer with another status than 200."""
        status, headers = refused.status, refused.headers
        text, error = _told(refused.text)
        code, message = str(error.get("code") or error.get("type") or ""), str(error.get("message"))
        said = self.brief(f"{status} {code}: {message}")
        if why_not(status, error) in {"filtered", "too_long"}:
            return Reply(status, self.key.blot_out(text))
        if takes_others and status in {400, 422} and code not in _SPENT:
            return Reply(status, self.key.blot_out(text))
        if status == 402 or code in _SPENT:
            raise _spent(said)
        if status in {401, 403}:
            raise self._refused_key(status, model)
        if status in _PASSING or status >= 500:
            return Trouble(
                said,
                _asked_to_wait_s(headers),
                is_crowded=status in _CROWDED or code == "overloaded_error",
                cost_nothing=status in _FREE,
                code=code,
            )
        raise self._bad_request(status, model, said)

    def brief(self, text: str) -> str:
        """One line of at most 300 characters that can be shown."""
        line = " ".join(self.key.blot_out(text).split())
        return "".join(letter if letter.isprintable() else "\ufffd" for letter in line)[:300]

    def _refused_key(self, status: int, model: str) -> BadCredentials:
        # the server's own words stay out: they often repeat the key, or part of it
        return BadCredentials(
            f"the model endpoint refused the key ({status})",
            "stopped at once; every earlier answer is kept",
            f"put a key that may use {model} into the environment variable {self.llm.api_key_env}",
        )

    def _bad_request(self, status: int, model: str, said: str) -> BadSettings:
        named = "llm.model" if model == self.llm.model else "llm.extra_models"
        wrong = named if status == 404 else "the llm settings"
        return BadSettings(
            f"the model endpoint does not take the request for {named} {model!r}: {said}",
            "stopped at once, as each video would fail alike; every earlier answer is kept",
            f"correct {wrong}, or point llm.base_url at the endpoint that is meant; `gettok doctor` tries it out",
        )


def _told(text: str) -> tuple[str, Mapping[str, Json]]:
    """A body that is JSON, and its `error`; or what else it says (a proxy's page, say), as if it were one."""
    try:
        body = json.loads(text)
        text.encode()
    except (ValueError, RecursionError):
        body = text
    if isinstance(body, list) and body:
        body = body[0]
    found = body.get("error", body) if isinstance(body, dict) else body
    if isinstance(found, dict):
        return text if text.lstrip().startswith("{") else json.dumps(body), found
    error = {"message": " ".join(str(found).split())[:1000]}
    return json.dumps({"error": error}), error


def _spent(said: str) -> Stop:
    return Stop(
        f"the account at the model endpoint has no money left: {said}",
        "stopped at once, as waiting does not help; every earlier answer is kept",
        "top up the account or raise its limit, then run the same command again",
    )


def _asked_to_wait_s(headers: Mapping[str, str]) -> float | None:
    """Seconds by `Retry-After-Ms`, which is OpenAI's own and finer, or by `Retry-After`."""
    told_ms = parse_number(headers.get("Retry-After-Ms", ""))
    return retry_after_s(headers) if told_ms is None else told_ms / 1000
