"""What an endpoint can do, found out by a few small calls, each a fraction of a cent.

For what it cannot do, a finding names the setting that helps. Each step validates its answers anyway, whatever the
server promises.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from typing import Any, Literal

import openai

from gettok.errors import BadCredentials, BadSettings, Stop
from gettok.http.connection_errors import cannot_reach
from gettok.http.json_guards import to_mapping
from gettok.llm import senses
from gettok.llm.answer_text import answer_text, find_object, parse_object
from gettok.llm.call_log import CallLog
from gettok.llm.client import cost_of, prices_of
from gettok.llm.connection import connect
from gettok.llm.error_mapping import ErrorClassifier, Failure
from gettok.llm.pricing import worst_case_usd
from gettok.llm.question import LOGPROBS, ModelCall, Question
from gettok.llm.response import Reply
from gettok.llm.senses import CheckResult
from gettok.settings import Llm, Sense
from gettok.settings.secrets import Secret
from gettok.step import Json

_SCHEMA = {
    "type": "object",
    "properties": {"text": {"type": "string", "description": "The word."}},
    "required": ["text"],
    "additionalProperties": False,
}
_PLAIN = Question("Answer in JSON.", ("Which word is it? It is LIMA.",), "word", _SCHEMA)
_SENSES: Mapping[Sense, str] = {
    "frames": "sees pictures",
    "video": "watches video",
    "sound": "hears sound",
}


@dataclass(frozen=True)
class Finding:
    """One thing that an endpoint can or cannot do; `None` if that could not be found out.

    `advice` says what to set. `needed` means that the settings do not work without it.
    """

    what: str
    can: bool | None
    detail: str
    advice: str = ""
    needed: bool = False


class Doctor:
    """Tests one model of an endpoint. Every call is logged, and counts towards the budget."""

    def __init__(self, llm: Llm, base_url: str, key: Secret, call_log: CallLog) -> None:
        self._llm, self._key, self._call_log = llm, key, call_log
        self._classifier = ErrorClassifier(llm, key)
        self._connection = connect(llm, base_url, key)

    def findings(self) -> Iterator[Finding]:
        """One finding after the other. If the endpoint does not answer at all, the rest is left out."""
        yield self._model()
        plain = self._try("answers", {"response_format": None}, question=_PLAIN)
        yield replace(plain, needed=True)
        if not plain.can:
            return
        yield from self._structured_output()
        yield from self._senses()
        yield self._logprobs()
        yield self._try("counts tokens", {}, question=_PLAIN, check=_counts, advice=_NO_COUNTS)
        yield self._batches()

    def close(self) -> None:
        self._connection.close()

    def _model(self) -> Finding:
        what = f"offers {self._llm.model}"
        try:
            body = self._connection.models.with_raw_response.retrieve(self._llm.model).text
        except openai.NotFoundError as error:
            return self._listed(what, error)
        except openai.APIError as error:
            return Finding(what, self._can(error), self._brief(error), _CHECK_ADDRESS)
        try:
            model = json.loads(body)
        except ValueError:
            return Finding(what, can=False, detail="200, but not JSON", advice=_CHECK_ADDRESS)
        if end := to_mapping(model).get("shutdown_date"):
            return Finding(
                what, can=True, detail=f"until {end}", advice="finish before, or choose another model"
            )
        return Finding(what, can=True, detail="no shutdown date is given")

    def _listed(self, what: str, error: openai.APIError) -> Finding:
        """Some servers (vLLM) list their models, but do not return a single one."""
        try:
            names = [model.id for model in self._connection.models.list()]
        except (openai.APIError, TypeError, AttributeError, ValueError):
            return Finding(what, None, "it has no list of models", "")
        if self._llm.model in names:
            return Finding(what, can=True, detail="no shutdown date is given")
        listed = f"{self._brief(error)}; it has {', '.join(map(str, names[:5]))}"
        return Finding(what, can=False, detail=listed, advice=_CHECK_ADDRESS)

    def _try(
        self,
        what: str,
        changes: Mapping[str, Json],
        *,
        question: Question,
        check: Callable[[Mapping[str, Any]], CheckResult] = lambda _: CheckResult(True, ""),
        advice: str = "",
    ) -> Finding:
        """Send a small question with some parameters changed; `check` judges the reply."""
        reply = self._reply(what, changes, question, advice)
        if isinstance(reply, Finding):
            return reply
        found = check(reply)
        model = str(reply.get("model"))
        detail = found.detail or (f"as {model}" if model != self._llm.model else "")
        return Finding(what, found.can, detail, "" if found.can else advice)

    def _reply(
        self, what: str, changes: Mapping[str, Json], question: Question, advice: str
    ) -> Mapping[str, Any] | Finding:
        """The body of the reply, or the finding that there is none."""
        prices_of(self._llm)  # raises without prices, before anything is sent
        call = ModelCall(question)
        body = {
            name: part for name, part in (call.body(self._llm) | dict(changes)).items() if part is not None
        }
        try:
            reply = self._paid(call, body)
        except openai.APIError as error:
            words = f"{error.code} {error.type} {error.message}"
            return Finding(what, self._can(error), self._brief(error), advice or _advice(words))
        except BadSettings as refused:  # by an error within a 200
            return Finding(what, can=False, detail=refused.what, advice=advice or _advice(refused.what))
        if isinstance(reply, Failure):
            in_trouble = reply.is_overloaded or bool(reply.code)
            return Finding(what, None if in_trouble else False, reply.what, "check llm.base_url")
        if reply.status != 200:
            return Finding(what, can=False, detail=self._classifier.brief(reply.text), advice=advice)
        return reply.body

    def _senses(self) -> Iterator[Finding]:
        """Whether it takes pictures, videos and sounds; the settings need those that `llm.sees` names."""
        plain = self._reply("", {}, senses.question(None), "")
        without = None if isinstance(plain, Finding) else plain
        for sense, what in _SENSES.items():
            needed = sense in self._llm.sees
            finding = self._try(
                what,
                {},
                question=senses.question(sense),
                check=partial(senses.check, sense, without=without),
                advice=senses.NOT_TAKEN[sense] if needed else "",
            )
            yield replace(finding, needed=needed)

    def _structured_output(self) -> Iterator[Finding]:
        """Which value of `llm.structured_output` works, the best first; later calls use it."""
        wanted = self._llm.structured_output
        for structured_output, what in _STRUCTURED_OUTPUT.items():
            self._llm = self._llm.model_copy(update={"structured_output": structured_output})
            finding = self._try(what, {}, question=_PLAIN, check=_follows_schema)
            finding = replace(finding, needed=structured_output == wanted)
            if finding.can:
                advice = (
                    "" if structured_output == wanted else f"set llm.structured_output to {structured_output}"
                )
                yield replace(finding, advice=advice)
                return
            if finding.can is None:
                yield finding
                return
            yield replace(finding, advice=_NO_STRUCTURE) if structured_output == "none" else finding

    def _logprobs(self) -> Finding:
        needed = self._llm.confidence == "logprobs"
        advice = _NO_LOGPROBS if needed else ""
        finding = self._try(
            "returns log-probabilities", LOGPROBS, question=_PLAIN, check=_has_logprobs, advice=advice
        )
        return replace(finding, needed=needed)

    def _paid(self, call: ModelCall, body: Mapping[str, Any]) -> Reply | Failure:
        prices = prices_of(self._llm)
        worst = worst_case_usd(call.size(self._llm), prices)
        with self._call_log.reserve_budget(self._llm.model, "doctor", worst) as cost:
            try:
                response = self._connection.chat.completions.with_raw_response.create(**body)
                outcome = self._classifier.classify_200(response.text, response.headers, self._llm.model)
            except openai.APIError as error:
                cost.usd = self._cost_of(error)
                raise
            except Stop:
                cost.usd = Decimal(0)
                raise
            cost.reply = outcome if isinstance(outcome, Reply) else None
            cost.usd = cost_of(outcome, prices)
        return outcome

    def _batches(self) -> Finding:
        what, needed = "takes batches", self._llm.batch is not None
        try:
            self._connection.batches.list(limit=1)
        except openai.APIError as error:
            advice = _NO_BATCHES if needed else ""
            return Finding(what, self._can(error), self._brief(error), advice, needed)
        return Finding(what, can=True, detail="", needed=needed)

    def _can(self, error: openai.APIError) -> bool | None:
        """False for a request that was rejected; `None` if the server is in trouble, which shows nothing."""
        if isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
            raise BadCredentials(
                f"the model endpoint refused the key ({error.status_code})",
                "stopped; nothing was found out",
                f"put a key that may use {self._llm.model} into the environment variable {self._llm.api_key_env}",
            ) from None
        is_temporary = isinstance(
            error, openai.APIConnectionError | openai.RateLimitError | openai.InternalServerError
        )
        return None if is_temporary else False

    def _cost_of(self, error: openai.APIError) -> Decimal | None:
        """Nothing, unless the model may have been asked."""
        try:
            outcome = self._classifier.classify(error, self._llm.model)
        except Stop:
            return Decimal(0)
        return cost_of(outcome, prices_of(self._llm))

    def _brief(self, error: openai.APIError) -> str:
        if isinstance(error, openai.APIConnectionError):
            return cannot_reach(error.request.url.host, error)
        return " ".join(self._key.redact(error.message).split())[:200]


#: By `llm.structured_output`, the best first.
_STRUCTURED_OUTPUT: Mapping[Literal["strict", "object", "none"], str] = {
    "strict": "follows a JSON schema",
    "object": "follows a schema in the prompt, as a JSON object",
    "none": "follows a schema in the prompt",
}
_NO_STRUCTURE = "choose another model: most answers of this one would be malformed"
_CHECK_ADDRESS = "check llm.base_url, model and api_key_env"
_NO_LOGPROBS = (
    "set llm.confidence to votes, and llm.votes to more than one: otherwise stances have no confidence"
)
_NO_BATCHES = "set llm.batch to null"
_NO_COUNTS = "without counts each call costs its worst case in the budget, and cost_usd stays empty"


def _advice(words: str) -> str:
    """What to set after a parameter was rejected, if we know the server's words."""
    message = words.lower()
    if "insufficient_quota" in message:
        return "top up the account at the host, or raise its limit"
    if "temperature" in message:
        return "set llm.temperature to null"
    if "max_completion_tokens" in message or "max_tokens" in message:
        return "set llm.max_tokens_param to the other of max_tokens and max_completion_tokens"
    return ""


def _content(reply: Mapping[str, Any]) -> str:
    return answer_text(reply["choices"][0]["message"]) or ""


def _follows_schema(reply: Mapping[str, Any]) -> CheckResult:
    try:
        answer = parse_object(find_object(_content(reply)))
    except (ValueError, RecursionError):
        answer = {}
    is_valid = set(answer) == {"text"} and isinstance(answer["text"], str)
    return _unless("" if is_valid else f"it wrote {_content(reply)[:80]!r}")


def _has_logprobs(reply: Mapping[str, Any]) -> CheckResult:
    given = (reply["choices"][0].get("logprobs") or {}).get("content")
    return _unless("" if given else "asked for, and left out")


def _counts(reply: Mapping[str, Any]) -> CheckResult:
    counted = (reply.get("usage") or {}).get("prompt_tokens")
    return _unless("" if counted else "no usage in its replies")


def _unless(wrong: str) -> CheckResult:
    return CheckResult(not wrong, wrong)
