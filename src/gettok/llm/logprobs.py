"""How likely a model was to write one value of its answer, by the log-probabilities of the tokens that carry it."""

import json
import math
import re
from typing import Annotated

from pydantic import BaseModel, Field, ValidationError

from gettok.llm.response import Reply
from gettok.step import Json

_STRING = r'"(?:[^"\\]|\\.)*"'
#: A string of a JSON text and, where it is a name before another string, that one too. No string can hide in another.
_STRINGS = re.compile(rf"(?P<name>{_STRING})(?:(?P<colon>\s*:\s*)(?P<value>{_STRING}))?", re.DOTALL)


class _Token(BaseModel):
    """A token as hosts tell it; `bytes` where they know better than the text, which cannot show half a letter."""

    token: str
    logprob: Annotated[float, Field(allow_inf_nan=False)]
    raw: Annotated[list[Annotated[int, Field(ge=0, le=255)]] | None, Field(alias="bytes")] = None

    @property
    def written(self) -> bytes:
        return _encoded(self.token) if self.raw is None else bytes(self.raw)


class TokenLogprobs(BaseModel):
    """The part of a choice's `logprobs` that is read."""

    content: list[_Token]


def probability(reply: Reply, name: str, *, to_the_end: bool) -> float | None:
    """Of the string that stands under `name` in a JSON answer, given what was written before it.

    It is the product over all tokens that carry the string's characters, whatever else they carry; with `to_the_end`
    also over the one with the closing quote: only that tells a value from a longer one that begins alike. `None` if the
    reply tells no log-probabilities, or such as do not fit its text.
    """
    place, tokens = _place(str(reply.message.get("content")), name), _tokens(reply)
    if place is None or not tokens:
        return None
    before, value = place
    text = b"".join(token.written for token in tokens)
    found = text.rfind(before + value)  # the last, as a model may think aloud before it answers
    if found < 0:
        return None
    start = found + len(before)
    end = start + len(value) - (0 if to_the_end else 1)
    return min(1.0, math.exp(_sum_between(tokens, start, end)))


def _sum_between(tokens: list[_Token], start: int, end: int) -> float:
    """Of a letter in several tokens, some hosts give all bytes to the last: then the others are of no length."""
    total, at = 0.0, 0
    for token in tokens:
        until = at + len(token.written)
        if at < end and max(until, at + 1) > start:
            total += token.logprob
        at = until
    return total


def _place(content: str, name: str) -> tuple[bytes, bytes] | None:
    """The name up to the value's opening quote, and the value with its closing one, as they are written."""
    pairs = [
        pair for pair in _STRINGS.finditer(content) if pair["value"] and json.loads(pair["name"]) == name
    ]
    if not pairs:
        return None
    pair = pairs[-1]  # of two values under one name the last counts
    return _encoded(pair["name"] + pair["colon"] + '"'), _encoded(pair["value"][1:])


def _tokens(reply: Reply) -> list[_Token]:
    told: Json = reply.body["choices"][0].get("logprobs")
    try:
        return TokenLogprobs.model_validate(told).content
    except ValidationError:
        return []


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
