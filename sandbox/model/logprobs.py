"""Log-probabilities of an answer's tokens: plausible ones, and for a label those of the stance behind it.

These tokens are words and punctuation marks, which are shorter than the tokens that `usage` counts.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sandbox.chance import fraction
from sandbox.exchange import JsonObject

TOKEN = re.compile(r" ?\w{1,8}| ?[^\w\s]|\s+")
FILLERS = (
    " the",
    " a",
    " de",
    " la",
    " and",
    " is",
    " el",
    " of",
    " y",
    " in",
    " to",
    " que",
    " no",
    " en",
    " for",
    *"The,.:-",
)
MIN_PROBABILITY = 1e-4
"""The probability left for all other tokens where one is certain."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A label in an answer: the text before it, and the probability of each possible label."""

    before: str
    """A regular expression for the text before the label."""
    chosen: str
    probabilities: Mapping[str, float]
    closing: str


def logprobs_of(content: str, decisions: Sequence[Decision], top: int, seed: str) -> JsonObject:
    """OpenAI's `logprobs` of a choice, with the `top` alternatives of each token, itself included."""
    places = _places(content, decisions)
    entries, at = [], 0
    while at < len(content):
        tokens = places.get(at) or [_other_token(_token(content, at), (seed, at, content))]
        for token, probabilities in tokens:
            entries.append(_token_entry(token, probabilities, top))
            at += len(token)
    return {"content": entries, "refusal": None}


def _places(content: str, decisions: Sequence[Decision]) -> dict[int, list[tuple[str, Mapping[str, float]]]]:
    """The start of each label, and its tokens with the probabilities of all alternatives at each."""
    places = {}
    for decision in decisions:
        match = re.search(f"{decision.before}(?={re.escape(decision.chosen + decision.closing)})", content)
        if match:
            places[match.end()] = _spelled(decision)
    return places


def _spelled(decision: Decision) -> list[tuple[str, Mapping[str, float]]]:
    """A label's tokens and the mark after it; labels with a common beginning share its probability."""
    spellings = {
        (*TOKEN.findall(label), decision.closing): probability
        for label, probability in decision.probabilities.items()
    }
    chosen = (*TOKEN.findall(decision.chosen), decision.closing)
    steps: list[tuple[str, Mapping[str, float]]] = []
    for place, token in enumerate(chosen):
        matching = {
            spelling: probability
            for spelling, probability in spellings.items()
            if spelling[:place] == chosen[:place]
        }
        probabilities: dict[str, float] = {}
        for spelling, probability in matching.items():
            probabilities[spelling[place]] = probabilities.get(spelling[place], 0.0) + probability
        total = sum(probabilities.values())
        steps.append(
            (
                token,
                {
                    name: probability / total * (1 - MIN_PROBABILITY)
                    for name, probability in probabilities.items()
                },
            )
        )
    return steps


def _token(content: str, at: int) -> str:
    match = TOKEN.match(content, at)
    return match.group(0) if match else content[at]


def _other_token(token: str, question: tuple[object, ...]) -> tuple[str, Mapping[str, float]]:
    """A token outside the labels: mostly certain, and deterministic."""
    return token, {token: 1 - 0.3 * fraction("token", token, *question) ** 6 - MIN_PROBABILITY}


def _token_entry(token: str, probabilities: Mapping[str, float], top: int) -> JsonObject:
    others = [filler for filler in FILLERS if filler not in probabilities]
    rest = max(MIN_PROBABILITY, 1 - sum(probabilities.values()))
    whole = {**probabilities, **{filler: rest / 2 ** (rank + 1) for rank, filler in enumerate(others)}}
    likely = sorted(whole, key=lambda name: (-whole[name], name != token, name))[:top]
    alternatives = [_entry(name, whole[name]) for name in likely]
    return _entry(token, whole[token]) | {"top_logprobs": alternatives}


def _entry(token: str, probability: float) -> JsonObject:
    raw = token.encode("utf-8", "surrogatepass")
    return {"token": token, "logprob": round(math.log(probability), 6), "bytes": list(raw)}


def quoted(name: str) -> str:
    """A pattern for a JSON string property, up to the first letter of the string."""
    return rf"{re.escape(json.dumps(name, ensure_ascii=False))}:\s*\""
