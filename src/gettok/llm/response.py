"""What a chat model sent back and what it means: from the stored text to a typed answer or a reason. Pure."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from functools import cached_property
from typing import Annotated, NamedTuple, TypeVar

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

    @cached_property
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
    ending, text = ending_of(choice), (answer_text(message) or "") + (refusal_text(message) or "")
    return ending == "failed" or (ending is None and not text.strip())


def stored_replies(stored: Sequence[Mapping[str, Json]]) -> list[Reply]:
    """Replies as `Reply.stored` wrote them."""
    return [Reply(**reply) for reply in stored]


def parse_answer(reply: Reply, schema: type[A]) -> A:
    """The typed answer. Raises `Unusable` as `answer_object` does."""
    given = answer_object(reply)
    try:
        return schema.model_validate(given)
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, each['loc'])) or 'answer'}: {each['msg']}" for each in error.errors()
        )
    raise _malformed(wrong, json.dumps(given, ensure_ascii=False))


def answer_object(reply: Reply) -> dict[str, Json]:
    """The JSON object that was answered.

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
    try:
        return parse_object(find_object(content))
    except (ValueError, RecursionError) as error:
        raise _malformed(f"not JSON: {error}", content) from None


def _malformed(wrong: str, answer: str) -> Unusable:
    return Unusable("malformed", _brief(f"{wrong}; it was: {answer}"))


def _brief(text: str) -> str:
    return str(replace_surrogates(" ".join(text.split())))[:500]


class TokenCounts(NamedTuple):
    """Tokens sent and received, and how many of those sent came from the host's cache; None if it does not say."""

    sent: int
    received: int
    cached: int | None = None


def cost_usd(
    input_tokens: int, output_tokens: int, prices: Prices, cached_tokens: int | None = None
) -> Decimal:
    """The price of this many tokens in US dollars.

    Tokens of the input that came from the host's cache have a price of their own. Where that is not set, or the host
    does not say how many they are, they cost like the others.
    """
    full = cached = Decimal(str(prices.input_usd_per_million))
    if prices.cached_input_usd_per_million is not None:
        cached = Decimal(str(prices.cached_input_usd_per_million))
    from_cache = cached_tokens or 0
    input_cost = (input_tokens - from_cache) * full + from_cache * cached
    return (input_cost + output_tokens * Decimal(str(prices.output_usd_per_million))) / 1_000_000


def usage(replies: Sequence[Reply], prices: Prices | None) -> Row:
    """The columns on tokens, cost and model for the replies of one model to one question."""
    return usage_of_models([(replies, prices)])


def usage_of_models(asked: Sequence[tuple[Sequence[Reply], Prices | None]]) -> Row:
    """The same for replies of several models, each at its own prices.

    Tokens and cost are empty if one reply has no count: a partial sum would look like the true one. So are cached
    tokens, while the cost takes those that are not reported for tokens at the full price. All models that
    replied are named; there may be several, such as when an alias was moved to another model between two votes.
    """
    replies = [reply for some, _ in asked for reply in some]
    bodies = [reply.body for reply in replies]
    sent, received, cached = token_counts(replies) or (None, None, None)
    return {
        "model": _joined(body.get("model") for body in bodies),
        "finish_reason": _joined(
            choice.get("finish_reason") for body in bodies for choice in to_mappings(body.get("choices"))[:1]
        ),
        "prompt_tokens": sent,
        "cached_tokens": cached,
        "completion_tokens": received,
        "cost_usd": _total_cost(asked),
        "filter_failed": any(_filter_failed(body) for body in bodies),
    }


def _joined(names: Iterable[Json]) -> str | None:
    distinct = dict.fromkeys(str(name) for name in names if name)
    return ", ".join(distinct) or None


def token_counts(replies: Sequence[Reply]) -> TokenCounts | None:
    """The tokens of all replies; `None` if one has no count."""
    usages = [to_mapping(reply.body.get("usage")) for reply in replies]
    sent, received = (_total(usage.get(kind) for usage in usages) for kind in _KINDS)
    return (
        None
        if sent is None or received is None
        else TokenCounts(sent, received, _total(map(_cached, usages)))
    )


#: The tokens sent and received, in OpenAI's words.
_KINDS = ("prompt_tokens", "completion_tokens")


def _cached(usage: Mapping[str, Json]) -> Json:
    """Tokens from the cache; null or absent means that the host does not say, not 0. They are part of those sent."""
    cached = to_mapping(usage.get("prompt_tokens_details")).get("cached_tokens")
    return cached if _is_count(cached) and cached <= usage["prompt_tokens"] else None


def _total(counts: Iterable[Json]) -> int | None:
    listed = list(counts)
    return sum(listed) if all(map(_is_count, listed)) else None


def _is_count(count: Json) -> bool:
    return type(count) is int and count >= 0


def _total_cost(asked: Sequence[tuple[Sequence[Reply], Prices | None]]) -> float | None:
    costs = [cost_of_reply(reply, prices) for replies, prices in asked for reply in replies]
    known = [cost for cost in costs if cost is not None]
    return round(float(sum(known)), 6) if len(known) == len(costs) else None


def cost_of_reply(reply: Reply, prices: Prices | None) -> Decimal | None:
    """What a reply cost, by its own count of tokens; `None` without a count, or a price."""
    counts = token_counts([reply])
    if counts is None or prices is None:
        return None
    return cost_usd(counts.sent, counts.received, prices, counts.cached)


def _filter_failed(body: Mapping[str, Json]) -> bool:
    """Azure answers unfiltered when its filter is down, and reports it as an `error` among the filter's results."""
    checked = [*to_mappings(body.get("prompt_filter_results")), *to_mappings(body.get("choices"))]
    return any("error" in to_mapping(part.get("content_filter_results")) for part in checked)
