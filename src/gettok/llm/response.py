"""What a chat model sent back and what it means: from the stored text to a typed answer or a reason. Pure."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from gettok.errors import Unusable
from gettok.http.json_guards import replace_surrogates, require_mapping, to_mapping, to_mappings
from gettok.llm.answer_text import answer_text, find_object, parse_object, refusal_text
from gettok.llm.error_words import error_text, rejection_reason
from gettok.llm.finish_reasons import ending_of
from gettok.settings import Prices
from gettok.step import Json, Row

#: Where hosts that put only words into `error` say what kind of error it is.
_BESIDE_ERROR = ("code", "status", "status_code", "error_type")

CleanText = Annotated[str, BeforeValidator(replace_surrogates)]


class AnswerSchema(BaseModel):
    """A typed answer: exactly these fields, of these types."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


A = TypeVar("A", bound=AnswerSchema)


@dataclass(frozen=True)
class Reply:
    """The status and the body's verbatim text. The status is 200, unless the host rejected the prompt.

    An error within a 200 counts under its own status.
    """

    status: int
    text: str

    @property
    def body(self) -> Mapping[str, Json]:
        body: dict[str, Json] = json.loads(self.text)
        return body

    @property
    def choice(self) -> Mapping[str, Json]:
        """The first choice; raises `LookupError`, `TypeError` or `ValueError` if there is none."""
        return require_mapping(self.body["choices"][0])

    @property
    def message(self) -> Mapping[str, Json]:
        """The first choice's message; raises as `choice` does.

        Gemini's endpoint sends none if nothing was written: it is empty then, if the ending says why.
        """
        choice = self.choice
        if choice.get("message") is None and ending_of(choice) in {"filtered", "refused", "cut_short"}:
            return {}
        return require_mapping(choice["message"])

    def stored(self) -> dict[str, Json]:
        return asdict(self)


def parse_reply(text: str) -> Reply | None:
    """The body of a 200, if it holds an answer: no error, and none that trouble at the host has ended."""
    reply = Reply(200, text)
    try:
        text.encode()
        is_answer = error_in(reply.body) is None and not _has_failed(reply.choice, reply.message)
    except (LookupError, TypeError, ValueError, RecursionError, AttributeError):
        return None
    return reply if is_answer else None


def error_in(body: Json) -> Mapping[str, Json] | None:
    """The error that a body reports, also in its first choice, as OpenRouter does; `None` if it reports none."""
    body = to_mapping(body[0] if isinstance(body, list) and body else body)  # Google's errors are lists
    choices = to_mappings(body.get("choices"))
    error = body.get("error") or next(
        (choice["error"] for choice in choices[:1] if choice.get("error")), None
    )
    if error in (None, True) and not choices and error_text(body):
        return {
            name: value for name, value in body.items() if name != "error"
        }  # as vLLM and FastAPI write it
    if isinstance(error, dict) or error is None:
        return error
    return {"message": error} | {name: body[name] for name in _BESIDE_ERROR if name in body}


def _has_failed(choice: Mapping[str, Json], message: Mapping[str, Json]) -> bool:
    """Whether trouble at the host ended the answer; without a known reason and a text, something must have."""
    ending, text = ending_of(choice), answer_text(message) or refusal_text(message) or ""
    return ending == "failed" or (ending is None and not text.strip())


def stored_replies(stored: Sequence[Mapping[str, Json]]) -> list[Reply]:
    """Replies as `Reply.stored` wrote them."""
    return [Reply(**reply) for reply in stored]


def parse_answer(reply: Reply, schema: type[A]) -> A:
    """The typed answer.

    Raises `Unusable`: filtered, too_long, not_taken, refused, cut_short, malformed, or unanswered for a reply that
    trouble at the host has ended.
    """
    if reply.status != 200:
        error = error_in(reply.body) or to_mapping(reply.body)
        raise Unusable(rejection_reason(reply.status, error), f"the prompt: {_brief(error_text(error))}")
    content, refusal, ending = (
        answer_text(reply.message),
        refusal_text(reply.message),
        ending_of(reply.choice),
    )
    if ending == "filtered":
        raise Unusable("filtered", "the answer was withheld")
    if refusal is not None or ending == "refused":
        raise Unusable("refused", _brief(refusal or content or "without a word"))
    if ending == "cut_short":
        raise Unusable("cut_short", _brief(f"after {(content or 'nothing')[-200:]}"))
    if ending == "failed":
        raise Unusable("unanswered", f"it ended with {_brief(str(reply.choice.get('finish_reason')))}")
    if content is None:
        raise Unusable("malformed", "no text came back, and no reason")
    return _parse(content, schema)


def _parse(content: str, schema: type[A]) -> A:
    try:
        return schema.model_validate(parse_object(find_object(content)))
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, each['loc'])) or 'answer'}: {each['msg']}" for each in error.errors()
        )
    except (ValueError, RecursionError) as error:
        wrong = f"not JSON: {error}"
    raise Unusable("malformed", _brief(f"{wrong}; it was: {content}")) from None


def _brief(text: str) -> str:
    return str(replace_surrogates(" ".join(text.split())))[:500]


def cost_usd(input_tokens: int, output_tokens: int, prices: Prices) -> Decimal:
    """The price of this many tokens in US dollars."""
    input_cost = input_tokens * Decimal(str(prices.input_usd_per_million))
    return (input_cost + output_tokens * Decimal(str(prices.output_usd_per_million))) / 1_000_000


def usage(replies: Sequence[Reply], prices: Prices | None) -> Row:
    """The columns on tokens, cost and model for the replies of one model to one question."""
    return usage_of_models([(replies, prices)])


def usage_of_models(asked: Sequence[tuple[Sequence[Reply], Prices | None]]) -> Row:
    """The same for replies of several models, each at its own prices.

    Tokens and cost are empty if one reply has no count: a partial sum would look like the true one. All models that
    replied are named; there may be several, such as when an alias was moved to another model between two votes.
    """
    replies = [reply for some, _ in asked for reply in some]
    bodies = [reply.body for reply in replies]
    sent, received = token_counts(replies) or (None, None)
    return {
        "model": _joined(body.get("model") for body in bodies),
        "finish_reason": _joined(
            choice.get("finish_reason") for body in bodies for choice in to_mappings(body.get("choices"))[:1]
        ),
        "prompt_tokens": sent,
        "completion_tokens": received,
        "cost_usd": _total_cost(asked),
        "filter_failed": any(_filter_failed(body) for body in bodies),
    }


def _joined(names: Iterable[Json]) -> str | None:
    distinct = dict.fromkeys(str(name) for name in names if name)
    return ", ".join(distinct) or None


def token_counts(replies: Sequence[Reply]) -> tuple[int, int] | None:
    """Tokens sent and received; `None` if one reply has no count."""
    bodies = [reply.body for reply in replies]
    sent, received = _total(bodies, "prompt_tokens"), _total(bodies, "completion_tokens")
    return None if sent is None or received is None else (sent, received)


def _total(bodies: Sequence[Mapping[str, Json]], kind: str) -> int | None:
    counts = [to_mapping(body.get("usage")).get(kind) for body in bodies]
    known = [count for count in counts if type(count) is int and count >= 0]
    return sum(known) if len(known) == len(counts) else None


def _total_cost(asked: Sequence[tuple[Sequence[Reply], Prices | None]]) -> float | None:
    total = Decimal(0)
    for replies, prices in asked:
        counts = token_counts(replies)
        if counts is None or prices is None:
            return None
        total += cost_usd(*counts, prices)
    return round(float(total), 6)


def _filter_failed(body: Mapping[str, Json]) -> bool:
    """Azure answers unfiltered when its filter is down, and reports it as an `error` among the filter's results."""
    checked = [*to_mappings(body.get("prompt_filter_results")), *to_mappings(body.get("choices"))]
    return any("error" in to_mapping(part.get("content_filter_results")) for part in checked)
