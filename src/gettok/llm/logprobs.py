"""How likely a model was to write one value of its answer, from the log-probabilities of the value's tokens."""

import json
import math
import re
from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, Field, ValidationError

from gettok.llm.answer_text import answer_text, find_object
from gettok.llm.response import Reply
from gettok.step import Json

_STRING = r'"(?:[^"\\]|\\.)*"'
#: A string in a JSON text, with its value if it is the name of another string. A match cannot begin inside a string.
_STRINGS = re.compile(rf"(?P<name>{_STRING})(?:(?P<colon>\s*:\s*)(?P<value>{_STRING}))?", re.DOTALL)


class _Token(BaseModel):
    """A token as hosts report it. `bytes`, if present, is exact; the text cannot show part of a character."""

    token: str
    logprob: Annotated[float, Field(allow_inf_nan=False)]
    raw: Annotated[list[Annotated[int, Field(ge=0, le=255)]] | None, Field(alias="bytes")] = None

    @property
    def encoded(self) -> bytes:
        return _encode(self.token) if self.raw is None else bytes(self.raw)


class TokenLogprobs(BaseModel):
    """The part of a choice's `logprobs` that is read."""

    content: list[_Token]


def probability(reply: Reply, path: Sequence[str], *, with_end: bool) -> float | None:
    """The probability of a string value in a JSON answer, given what was written before it.

    `path` has the name of the value, after those of the objects that it is in.

    It is the product over all tokens that carry the string's characters, whatever else they carry. `with_end` includes
    the token with the closing quote: only that separates a value from a longer one with the same beginning. `None` if
    the reply has no log-probabilities, or they do not fit its text.
    """
    *objects, name = path
    answer, tokens = _answer(reply), _tokens(reply)
    inner = _within(answer, objects)
    place = _find(answer[inner], name)
    if place is None or not tokens:
        return None
    before, value = place
    text = b"".join(token.encoded for token in tokens)
    # within the answer, as thoughts and words around it may have the same; half a character may hide the answer
    begin, end = 0, len(text)
    if (of_answer := text.rfind(_encode(answer))) >= 0:
        begin, end = (of_answer + len(_encode(answer[:at])) for at in (inner.start, inner.stop))
    elif objects and text.count(before + value) > 1:
        return None
    found = text.rfind(before + value, begin, end)
    if found < 0:
        return None
    start = found + len(before)
    until = start + len(value) - (0 if with_end else 1)
    return min(1.0, math.exp(_sum_between(tokens, start, until)))


def _answer(reply: Reply) -> str:
    """The JSON object as the model wrote it; empty if there is none."""
    try:
        return find_object(answer_text(reply.message) or "")
    except (ValueError, RecursionError):
        return ""


def _within(answer: str, objects: Sequence[str]) -> slice:
    """Where the innermost of these objects is in the answer; nowhere if one of them is missing."""
    place = slice(0, len(answer))
    for name in objects:
        key = re.compile(rf"{re.escape(json.dumps(name))}\s*:\s*(?={{)")
        starts = [match.end() for match in key.finditer(answer, place.start, place.stop)]
        if not starts:
            return slice(0, 0)
        place = slice(starts[-1], json.JSONDecoder(strict=False).raw_decode(answer, starts[-1])[1])
    return place


def _sum_between(tokens: list[_Token], start: int, end: int) -> float:
    """Sum over the tokens that touch these bytes.

    A token without bytes counts where it is: some hosts give all bytes of a split character to its last token.
    """
    total, at = 0.0, 0
    for token in tokens:
        until = at + len(token.encoded)
        if at < end and max(until, at + 1) > start:
            total += token.logprob
        at = until
    return total


def _find(content: str, name: str) -> tuple[bytes, bytes] | None:
    """The name up to the value's opening quote, and the value with its closing quote, as they are written."""
    pairs = [
        pair for pair in _STRINGS.finditer(content) if pair["value"] and json.loads(pair["name"]) == name
    ]
    if not pairs:
        return None
    pair = pairs[-1]  # JSON parsers take the last of several values of one name
    return _encode(pair["name"] + pair["colon"] + '"'), _encode(pair["value"][1:])


def _tokens(reply: Reply) -> list[_Token]:
    logprobs: Json = reply.body["choices"][0].get("logprobs")
    try:
        return TokenLogprobs.model_validate(logprobs).content
    except ValidationError:
        return []


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
