"""Log-probabilities of a text's tokens: plausible ones, and for a label those of the verdict behind it.

Its tokens are words and marks, which is finer than what `usage` counts.
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
LEAST = 1e-4
"""What is left for all other tokens where one is certain."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A label in an answer: what stands before it, and how likely each of the labels was."""

    before: str
    """A regular expression for the text up to the label."""
    chosen: str
    chances: Mapping[str, float]
    closing: str


def logprobs_of(content: str, decisions: Sequence[Decision], top: int, seed: str) -> JsonObject:
    """OpenAI's `logprobs` of a choice; `top` alternatives for each token, its own among them."""
    places = _places(content, decisions)
    told, at = [], 0
    while at < len(content):
        here = places.get(at) or [_plain(_token(content, at), (seed, at, content))]
        for token, chances in here:
            told.append(_told(token, chances, top))
            at += len(token)
    return {"content": told, "refusal": None}


def _places(content: str, decisions: Sequence[Decision]) -> dict[int, list[tuple[str, Mapping[str, float]]]]:
    """Where labels start, and for each the tokens from there with the chances of all that could stand there."""
    places = {}
    for decision in decisions:
        found = re.search(f"{decision.before}(?={re.escape(decision.chosen + decision.closing)})", content)
        if found:
            places[found.end()] = _spelled(decision)
    return places


def _spelled(decision: Decision) -> list[tuple[str, Mapping[str, float]]]:
    """A label's tokens and the mark after it; labels that begin alike share their chance until they part."""
    spellings = {
        (*TOKEN.findall(label), decision.closing): chance for label, chance in decision.chances.items()
    }
    mine = (*TOKEN.findall(decision.chosen), decision.closing)
    steps: list[tuple[str, Mapping[str, float]]] = []
    for place, token in enumerate(mine):
        alike = {
            spelling: chance for spelling, chance in spellings.items() if spelling[:place] == mine[:place]
        }
        chances: dict[str, float] = {}
        for spelling, chance in alike.items():
            chances[spelling[place]] = chances.get(spelling[place], 0.0) + chance
        whole = sum(chances.values())
        steps.append((token, {name: chance / whole * (1 - LEAST) for name, chance in chances.items()}))
    return steps


def _token(content: str, at: int) -> str:
    found = TOKEN.match(content, at)
    return found.group(0) if found else content[at]


def _plain(token: str, question: tuple[object, ...]) -> tuple[str, Mapping[str, float]]:
    """A token of no interest: mostly certain, the same way each time."""
    return token, {token: 1 - 0.3 * fraction("token", token, *question) ** 6 - LEAST}


def _told(token: str, chances: Mapping[str, float], top: int) -> JsonObject:
    others = [filler for filler in FILLERS if filler not in chances]
    rest = max(LEAST, 1 - sum(chances.values()))
    whole = {**chances, **{filler: rest / 2 ** (rank + 1) for rank, filler in enumerate(others)}}
    likely = sorted(whole, key=lambda name: (-whole[name], name != token, name))[:top]
    told = [_entry(name, whole[name]) for name in likely]
    return _entry(token, whole[token]) | {"top_logprobs": told}


def _entry(token: str, chance: float) -> JsonObject:
    raw = token.encode("utf-8", "surrogatepass")
    return {"token": token, "logprob": round(math.log(chance), 6), "bytes": list(raw)}


def quoted(name: str) -> str:
    """The pattern of a JSON property up to the first letter of its text."""
    return rf"{re.escape(json.dumps(name, ensure_ascii=False))}:\s*\""
