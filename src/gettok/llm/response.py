"""What a chat model sent back, and what it means. Pure: from the stored text to a typed answer or a reason."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from gettok.errors import Unusable
from gettok.settings import Prices
from gettok.step import Json, Row

_FENCED = re.compile(r"\s*```(?:json)?\s*\n(.*)\n\s*```\s*", re.DOTALL)


def mend(value: object) -> object:
    """Text without lone surrogates, which JSON can carry and no table can: each becomes U+FFFD."""
    if not isinstance(value, str):
        return value
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


#: What hosts say when a prompt is longer than their model can read: about this video, and none of the others. The codes
#: are OpenAI's and llama.cpp's; vLLM, llama.cpp and proxies say it in words.
_TOO_LONG = frozenset({"context_length_exceeded", "string_above_max_length", "exceed_context_size_error"})
_SAID_TOO_LONG = re.compile(
    r"maximum context length|maximum model length|context (?:size|window)|prompt is too long|entity too large",
    re.IGNORECASE,
)

#: A limit on the answer that is beyond the model's context is about the settings.
_SAID_LIMIT = re.compile(r"max_(?:completion_)?tokens\W.{0,20}too large", re.IGNORECASE)
_FILTERED = frozenset({"content_filter", "content_policy_violation"})
#: OpenRouter's words, and those of hosts behind it.
_SAID_FLAGGED = re.compile(r"flagged|moderation", re.IGNORECASE)

Words = Annotated[str, BeforeValidator(mend)]


class Form(BaseModel):
    """The form of a typed answer: these fields, of these types, and nothing else."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


F = TypeVar("F", bound=Form)


@dataclass(frozen=True)
class Reply:
    """The HTTP status, and the body's text to the letter. Only a filtered prompt has another status than 200."""

    status: int
    text: str

    @property
    def body(self) -> Mapping[str, Json]:
        body: dict[str, Json] = json.loads(self.text)
        return body

    @property
    def message(self) -> Mapping[str, Json]:
        """The first choice's message; raises `LookupError`, `TypeError` or `ValueError` if there is none."""
        message = self.body["choices"][0]["message"]
        if not isinstance(message, dict):
            raise TypeError("the message is no object")
        return message

    def stored(self) -> dict[str, Json]:
        return asdict(self)


def answered(text: str) -> Reply | None:
    """The body of a 200, if there is an answer in it."""
    reply = Reply(200, text)
    try:
        text.encode()
        _ = reply.message
    except (LookupError, TypeError, ValueError, RecursionError, AttributeError):
        return None
    return reply


def replies_in(stored: Sequence[Mapping[str, Json]]) -> list[Reply]:
    """Replies as `Reply.stored` gave them."""
    return [Reply(**reply) for reply in stored]


def why_not(status: int, error: Mapping[str, Json]) -> str:
    """Why a host has refused a prompt, as one of the reasons."""
    codes, message = {str(error.get("code")), str(error.get("type"))}, str(error.get("message"))
    if status == 413 or not _TOO_LONG.isdisjoint(codes):
        return "too_long"
    if status == 400 and _SAID_TOO_LONG.search(message) and not _SAID_LIMIT.search(message):
        return "too_long"
    if not _FILTERED.isdisjoint(codes) or ("invalid_prompt" in codes and "policy" in message):
        return "filtered"
    if status == 403 and _SAID_FLAGGED.search(message):
        return "filtered"
    return "not_taken"


def understand(reply: Reply, form: type[F]) -> F:
    """The answer in its form. Raises `Unusable`: filtered, too_long, refused, cut_short or malformed."""
    if reply.status != 200:
        error = _error(reply)
        raise Unusable(why_not(reply.status, error), f"the prompt: {_brief(str(error.get('message')))}")
    finish, content = reply.body["choices"][0].get("finish_reason"), reply.message.get("content")
    if finish == "content_filter":
        raise Unusable("filtered", "the answer was withheld")
    if refusal := reply.message.get("refusal"):
        raise Unusable("refused", _brief(str(refusal)))
    if finish == "length":
        raise Unusable("cut_short", _brief(f"after {str(content or 'nothing')[-200:]}"))
    if content is None:
        raise Unusable("refused", "no text came back, and no reason")
    return _parse(content, form)


def _error(reply: Reply) -> Mapping[str, Json]:
    body = reply.body
    error = body.get("error", body) if isinstance(body, dict) else body
    return error if isinstance(error, dict) else {"message": error}


def _parse(content: Json, form: type[F]) -> F:
    fenced = _FENCED.fullmatch(str(content))
    try:
        return form.model_validate(json.loads(fenced[1] if fenced else content))
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, each['loc'])) or 'answer'}: {each['msg']}" for each in error.errors()
        )
    except (TypeError, ValueError, RecursionError) as error:
        wrong = f"not JSON: {error}"
    raise Unusable("malformed", _brief(f"{wrong}; it was: {content}")) from None


def _brief(text: str) -> str:
    return str(mend(" ".join(text.split())))[:500]


def cost_usd(sent: int, received: int, prices: Prices) -> Decimal:
    """US dollars for so many tokens."""
    of_sent = sent * Decimal(str(prices.input_usd_per_million))
    return (of_sent + received * Decimal(str(prices.output_usd_per_million))) / 1_000_000


def usage(replies: Sequence[Reply], prices: Prices | None) -> Row:
    """What the replies of one model to one question cost together, and who gave them."""
    return usage_of_all([(replies, prices)])


def usage_of_all(asked: Sequence[tuple[Sequence[Reply], Prices | None]]) -> Row:
    """What the replies to one question cost together, each at its model's prices, and who gave them.

    Tokens and cost are empty as soon as one reply does not count them: a lower bound would pass for the truth.
    Several models, such as when an alias moved on between two votes, are all named.
    """
    replies = [reply for some, _ in asked for reply in some]
    bodies = [reply.body for reply in replies]
    sent, received = tokens(replies) or (None, None)
    return {
        "model": _named(body.get("model") for body in bodies),
        "finish_reason": _named(
            choice.get("finish_reason") for body in bodies for choice in _several(body, "choices")[:1]
        ),
        "prompt_tokens": sent,
        "completion_tokens": received,
        "cost_usd": _cost(asked),
        "filter_failed": any(_filter_failed(body) for body in bodies),
    }


def _named(names: Iterable[Json]) -> str | None:
    known = dict.fromkeys(str(name) for name in names if name)
    return ", ".join(known) or None


def tokens(replies: Sequence[Reply]) -> tuple[int, int] | None:
    """Tokens sent and received; nothing if one reply does not count them."""
    bodies = [reply.body for reply in replies]
    sent, received = _total(bodies, "prompt_tokens"), _total(bodies, "completion_tokens")
    return None if sent is None or received is None else (sent, received)


def _total(bodies: Sequence[Mapping[str, Json]], kind: str) -> int | None:
    counts = [_part(body, "usage").get(kind) for body in bodies]
    known = [count for count in counts if type(count) is int and count >= 0]
    return sum(known) if len(known) == len(counts) else None


def _cost(asked: Sequence[tuple[Sequence[Reply], Prices | None]]) -> float | None:
    total = Decimal(0)
    for replies, prices in asked:
        counted = tokens(replies)
        if counted is None or prices is None:
            return None
        total += cost_usd(*counted, prices)
    return round(float(total), 6)


def _filter_failed(body: Mapping[str, Json]) -> bool:
    """Azure answers unfiltered when its filter is down, and says so by an `error` among the filter's results."""
    checked = [*_several(body, "prompt_filter_results"), *_several(body, "choices")]
    return any("error" in _part(part, "content_filter_results") for part in checked)


def _part(body: Mapping[str, Json], name: str) -> Mapping[str, Json]:
    """An object within an object; hosts put all sorts of things into what the protocol leaves open."""
    found = body.get(name)
    return found if isinstance(found, dict) else {}


def _several(body: Mapping[str, Json], name: str) -> list[Mapping[str, Json]]:
    found = body.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
