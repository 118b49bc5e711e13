"""What an endpoint can do, found out by a few small calls with an image of a word, each a fraction of a cent.

For what it cannot do, a finding names the setting that helps. Each step validates its answers anyway, whatever the
server promises.
"""

import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Literal

import openai
from PIL import Image, ImageDraw, ImageFont

from gettok.errors import BadCredentials, BadSettings, Stop
from gettok.http.json_guards import to_mapping
from gettok.llm.answer_text import answer_text, find_object, parse_object
from gettok.llm.call_log import CallLog
from gettok.llm.client import cost_of, prices_of
from gettok.llm.connection import connect
from gettok.llm.error_mapping import ErrorClassifier, Failure
from gettok.llm.pricing import worst_case_usd
from gettok.llm.question import LOGPROBS, ModelCall, Question
from gettok.llm.response import Reply
from gettok.media.images import Picture
from gettok.settings import Llm
from gettok.settings.secrets import Secret
from gettok.step import Json

WORD = "LIMA"
_SCHEMA = {
    "type": "object",
    "properties": {"text": {"type": "string", "description": "The word in the picture."}},
    "required": ["text"],
    "additionalProperties": False,
}
_PROMPT = "Which word is in the picture?"


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
        plain = self._try("answers", {"response_format": None}, with_image=False)
        yield replace(plain, needed=True)
        if not plain.can:
            return
        yield from self._structured_output()
        yield replace(self._try("sees pictures", {}, check=_sees, advice=_NO_IMAGES), needed=True)
        yield self._logprobs()
        yield self._try("counts tokens", {}, with_image=False, check=_counts, advice=_NO_COUNTS)
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
        with_image: bool = True,
        check: Callable[[Mapping[str, Any]], str] = lambda _: "",
        advice: str = "",
    ) -> Finding:
        """Send a small question with some parameters changed; `check` returns what is wrong with the reply."""
        prices_of(self._llm)  # raises without prices, before anything is sent
        parts = (_PROMPT, Picture(0, None, _image())) if with_image else (f"{_PROMPT} It is {WORD}.",)
        call = ModelCall(Question("Answer in JSON.", parts, "word", _SCHEMA))
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
        wrong = check(reply.body)
        model = str(reply.body.get("model"))
        detail = wrong or (f"as {model}" if model != self._llm.model else "")
        return Finding(what, not wrong, detail, advice if wrong else "")

    def _structured_output(self) -> Iterator[Finding]:
        """Which value of `llm.structured_output` works, the best first; later calls use it."""
        wanted = self._llm.structured_output
        for structured_output, what in _STRUCTURED_OUTPUT.items():
            self._llm = self._llm.model_copy(update={"structured_output": structured_output})
            finding = self._try(what, {}, with_image=False, check=_follows_schema)
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
            "returns log-probabilities", LOGPROBS, with_image=False, check=_has_logprobs, advice=advice
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
        return " ".join(self._key.redact(error.message).split())[:200]


#: By `llm.structured_output`, the best first.
_STRUCTURED_OUTPUT: Mapping[Literal["strict", "object", "none"], str] = {
    "strict": "follows a JSON schema",
    "object": "follows a schema in the prompt, as a JSON object",
    "none": "follows a schema in the prompt",
}
_NO_STRUCTURE = "choose another model: most answers of this one would be malformed"
_CHECK_ADDRESS = "check llm.base_url, model and api_key_env"
_NO_IMAGES = "choose a model that sees pictures; describe cannot run without one"
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


def _follows_schema(reply: Mapping[str, Any]) -> str:
    try:
        answer = parse_object(find_object(_content(reply)))
    except (ValueError, RecursionError):
        answer = {}
    is_valid = set(answer) == {"text"} and isinstance(answer["text"], str)
    return "" if is_valid else f"it wrote {_content(reply)[:80]!r}"


def _sees(reply: Mapping[str, Any]) -> str:
    text = _content(reply)
    return "" if WORD in text.upper() else f"it wrote {text[:80]!r} about an image that says {WORD}"


def _has_logprobs(reply: Mapping[str, Any]) -> str:
    return "" if (reply["choices"][0].get("logprobs") or {}).get("content") else "asked for, and left out"


def _counts(reply: Mapping[str, Any]) -> str:
    return "" if (reply.get("usage") or {}).get("prompt_tokens") else "no usage in its replies"


def _image() -> bytes:
    image = Image.new("RGB", (512, 256), "white")
    ImageDraw.Draw(image).text((120, 70), WORD, fill="black", font=ImageFont.load_default(96))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()
