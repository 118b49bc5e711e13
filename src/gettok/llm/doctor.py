"""What an endpoint can do, found out by asking it: a few calls with a picture of a word, each a fraction of a cent.

What it cannot do is said with the setting that helps. An answer is checked against its form by every step anyway,
whatever the server promised.
"""

import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Literal

import openai
from PIL import Image, ImageDraw, ImageFont

from gettok.errors import BadCredentials, Stop
from gettok.llm.call_log import Calls
from gettok.llm.client import client_of, cost_of, prices_of
from gettok.llm.error_mapping import ErrorClassifier
from gettok.llm.pricing import worst_usd
from gettok.llm.question import LOGPROBS, Call, Question
from gettok.llm.response import Reply, answered, cost_usd, tokens
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
_ASKS = "Which word is in the picture?"


@dataclass(frozen=True)
class Finding:
    """One thing that an endpoint can or cannot do; `None`: it could not be told.

    `advice` says what to set; what is `needed` the settings cannot do without.
    """

    what: str
    can: bool | None
    detail: str
    advice: str = ""
    needed: bool = False


class Doctor:
    """Asks one model of an endpoint. Every call counts in the record of calls, and in the budget."""

    def __init__(self, llm: Llm, base_url: str, key: Secret, calls: Calls) -> None:
        self._llm, self._key, self._calls = llm, key, calls
        self._client = client_of(llm, base_url, key)

    def findings(self) -> Iterator[Finding]:
        """One after the other; without an answer at all the rest is left out."""
        yield self._model()
        plain = self._tried("answers", {"response_format": None}, with_picture=False)
        yield replace(plain, needed=True)
        if not plain.can:
            return
        yield from self._forms()
        yield replace(self._tried("sees pictures", {}, judge=_sees, advice=_PICTURES), needed=True)
        yield self._tells_logprobs()
        yield self._tried("counts tokens", {}, with_picture=False, judge=_counts, advice=_COUNTS)
        yield self._batches()

    def close(self) -> None:
        self._client.close()

    def _model(self) -> Finding:
        what = f"offers {self._llm.model}"
        try:
            told = self._client.models.with_raw_response.retrieve(self._llm.model).text
        except openai.NotFoundError as error:
            return self._listed(what, error)
        except openai.APIError as error:
            return Finding(what, self._is_no(error), self._brief(error), _WHERE)
        try:
            model = json.loads(told)
        except ValueError:
            return Finding(what, can=False, detail="200, but no JSON", advice=_WHERE)
        if ends := model.get("shutdown_date") if isinstance(model, dict) else None:
            return Finding(
                what, can=True, detail=f"until {ends}", advice="finish before, or choose another model"
            )
        return Finding(what, can=True, detail="no shutdown date is told")

    def _listed(self, what: str, error: openai.APIError) -> Finding:
        """Some servers (vLLM) have a list of models, and none of them alone."""
        try:
            names = [model.id for model in self._client.models.list()]
        except (openai.APIError, TypeError, AttributeError, ValueError):
            return Finding(what, None, "it has no list of models", "")
        if self._llm.model in names:
            return Finding(what, can=True, detail="no shutdown date is told")
        has = f"{self._brief(error)}; it has {', '.join(map(str, names[:5]))}"
        return Finding(what, can=False, detail=has, advice=_WHERE)

    def _tried(
        self,
        what: str,
        changes: Mapping[str, Json],
        *,
        with_picture: bool = True,
        judge: Callable[[Mapping[str, Any]], str] = lambda _: "",
        advice: str = "",
    ) -> Finding:
        """Send a small question with some parameters changed; `judge` says what is missing in its reply."""
        parts = (_ASKS, Picture(0, None, _picture())) if with_picture else (f"{_ASKS} It is {WORD}.",)
        call = Call(Question("Answer in JSON.", parts, "word", _SCHEMA))
        body = {
            name: part for name, part in (call.body(self._llm) | dict(changes)).items() if part is not None
        }
        try:
            reply = self._paid(call, body)
        except openai.APIError as error:
            return Finding(what, self._is_no(error), self._brief(error), advice or _advice(error))
        if reply is None:
            return Finding(what, can=False, detail="200 without an answer", advice="check llm.base_url")
        missing = judge(reply.body)
        named = str(reply.body.get("model"))
        detail = missing or (f"as {named}" if named != self._llm.model else "")
        return Finding(what, not missing, detail, advice if missing else "")

    def _forms(self) -> Iterator[Finding]:
        """In which way it can be told the form of an answer; the rest is asked in the first that it keeps to."""
        wanted = self._llm.structured_output
        for structured_output, what in _FORMS.items():
            self._llm = self._llm.model_copy(update={"structured_output": structured_output})
            found = self._tried(what, {}, with_picture=False, judge=_in_form)
            found = replace(found, needed=structured_output == wanted)
            if found.can:
                advice = (
                    "" if structured_output == wanted else f"set llm.structured_output to {structured_output}"
                )
                yield replace(found, advice=advice)
                return
            if found.can is None:
                yield found
                return
            yield replace(found, advice=_NO_FORM) if structured_output == "none" else found

    def _tells_logprobs(self) -> Finding:
        what, needed = "tells log-probabilities", self._llm.confidence == "logprobs"
        advice = _NO_LOGPROBS if needed else ""
        found = self._tried(what, LOGPROBS, with_picture=False, judge=_tells_logprobs, advice=advice)
        return replace(found, needed=needed)

    def _paid(self, call: Call, body: Mapping[str, Any]) -> Reply | None:
        prices = prices_of(self._llm)
        with self._calls.reserve_budget(
            self._llm.model, "doctor", worst_usd(call.size(self._llm), prices)
        ) as bill:
            try:
                made = self._client.chat.completions.with_raw_response.create(**body)
            except openai.APIError as error:
                bill.usd = self._cost_of(error)
                raise
            bill.reply = answered(self._key.blot_out(made.text))
            counted = None if bill.reply is None else tokens([bill.reply])
            bill.usd = None if counted is None else cost_usd(*counted, prices)
        return bill.reply

    def _batches(self) -> Finding:
        what, needed = "takes batches", self._llm.batch is not None
        try:
            self._client.batches.list(limit=1)
        except openai.APIError as error:
            advice = _NO_BATCHES if needed else ""
            return Finding(what, self._is_no(error), self._brief(error), advice, needed)
        return Finding(what, can=True, detail="", needed=needed)

    def _is_no(self, error: openai.APIError) -> bool | None:
        """A refusal is a no; a server in trouble says nothing about what it can do."""
        if isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
            raise BadCredentials(
                f"the model endpoint refused the key ({error.status_code})",
                "stopped; nothing was found out",
                f"put a key that may use {self._llm.model} into the environment variable {self._llm.api_key_env}",
            ) from None
        passing = isinstance(
            error, openai.APIConnectionError | openai.RateLimitError | openai.InternalServerError
        )
        return None if passing else False

    def _cost_of(self, error: openai.APIError) -> Decimal | None:
        """Nothing, unless the model may have been asked."""
        try:
            outcome = ErrorClassifier(self._llm, self._key).of(error, self._llm.model)
        except Stop:
            return Decimal(0)
        return cost_of(outcome, prices_of(self._llm))

    def _brief(self, error: openai.APIError) -> str:
        return " ".join(self._key.blot_out(error.message).split())[:200]


#: By `llm.structured_output`, the best first.
_FORMS: Mapping[Literal["strict", "object", "none"], str] = {
    "strict": "keeps to a JSON schema",
    "object": "keeps to a form in the prompt, as a JSON object",
    "none": "keeps to a form in the prompt",
}
_NO_FORM = "choose another model: of this one most answers would be malformed"
_WHERE = "check llm.base_url, model and api_key_env"
_PICTURES = "choose a model that sees pictures; without one, describe cannot run"
_NO_LOGPROBS = (
    "set llm.confidence to votes, and llm.votes to more than one: it has no confidence to give otherwise"
)
_NO_BATCHES = "set llm.batch to null"
_COUNTS = "without counts each call costs its worst case in the budget, and cost_usd stays empty"


def _advice(error: openai.APIError) -> str:
    """What the refusal of a parameter asks for, as far as we know the words."""
    said = error.message.lower()
    if "insufficient_quota" in (error.code, error.type):
        return "top up the account at the host, or raise its limit"
    if "temperature" in said:
        return "set llm.temperature to null"
    if "max_completion_tokens" in said or "max_tokens" in said:
        return "set llm.max_tokens_param to the other of max_tokens and max_completion_tokens"
    return ""


def _content(reply: Mapping[str, Any]) -> str:
    return str(reply["choices"][0]["message"].get("content") or "")


def _in_form(reply: Mapping[str, Any]) -> str:
    try:
        answer = json.loads(_content(reply))
    except ValueError:
        answer = None
    is_right = isinstance(answer, dict) and set(answer) == {"text"} and isinstance(answer["text"], str)
    return "" if is_right else f"it wrote {_content(reply)[:80]!r}"


def _sees(reply: Mapping[str, Any]) -> str:
    return (
        ""
        if WORD in _content(reply).upper()
        else f"it wrote {_content(reply)[:80]!r} of a picture that says {WORD}"
    )


def _tells_logprobs(reply: Mapping[str, Any]) -> str:
    return "" if (reply["choices"][0].get("logprobs") or {}).get("content") else "asked for, and left out"


def _counts(reply: Mapping[str, Any]) -> str:
    return "" if (reply.get("usage") or {}).get("prompt_tokens") else "no usage in its replies"


def _picture() -> bytes:
    picture = Image.new("RGB", (512, 256), "white")
    ImageDraw.Draw(picture).text((120, 70), WORD, fill="black", font=ImageFont.load_default(96))
    kept = io.BytesIO()
    picture.save(kept, "JPEG", quality=90)
    return kept.getvalue()
