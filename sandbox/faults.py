"""Faults that are played from a script."""

import re
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sandbox.exchange import Reply, Request, html_reply
from sandbox.pages.media_shapes import SPOILED
from sandbox.pages.page_shapes import REFUSALS, SHAPES, SLIDESHOWS

GATEWAY_TIMEOUT = (
    "<html><head><title>504 Gateway Time-out</title></head>"
    "<body><center><h1>504 Gateway Time-out</h1></center></body></html>"
)
UNAVAILABLE = "<html><head><title>503 Service Temporarily Unavailable</title></head><body></body></html>"
MAINTENANCE = "<!DOCTYPE html><html><head><title>Maintenance</title></head><body>Back soon.</body></html>"

INSTEAD = {
    "504_html": html_reply(504, GATEWAY_TIMEOUT),
    "503_html": html_reply(503, UNAVAILABLE),
    "200_html": html_reply(200, MAINTENANCE),
    "reset": Reply(0, hang_up="reset"),
    "silent": Reply(0, hang_up="silent"),
    "redirect": Reply(302, headers=(("Location", "http://169.254.169.254/latest/meta-data/"),)),
}
"""Faults that take the answer's place, whatever was asked; a redirect leads where no client should follow."""

STRANGE_VALUES = {
    "deep_json": b"[" * 100_000 + b"]" * 100_000,
    "long_number": b"9" * 5000,
    "nan": b"NaN",
}
"""Faults that put something in the place of an answer's first count, and what: JSON that parsers choke on."""

FRAMINGS = {"cut": "length", "cut_close": "close", "cut_chunked": "chunked"}
"""Faults that end the connection half-way, and how the length of the body had been told."""

DAMAGE = frozenset({"truncated_json", "garbled", "drip", "duplicate_keys", *STRANGE_VALUES, *FRAMINGS})
"""Faults that spoil a finished answer."""

RESEARCH_API = frozenset(
    {"500", "500_with_data", "429_rate", "429_quota", "401", "200_error", "400_trouble", "400_cursor"}
)
RESEARCH_API_SEARCH = frozenset({"search_lost", "search_not_yet", "stuck_cursor", "overlap"})
COMPLIANCE = frozenset({"task_failed"})
STATUSES = frozenset({"403", "404", "429", "500"})
PAGES = STATUSES | frozenset({"login", "captcha", "challenge", "expired", *SHAPES, *SLIDESHOWS, *REFUSALS})
MEDIA = STATUSES | frozenset({"truncated", "no_range", *SPOILED})
SPOILED_ANSWERS = frozenset({"refusal", "content_filter", "malformed", "filter_unavailable", "other_model"})
"""Faults of a model's answer, which may befall a request within a batch too."""
MODEL = SPOILED_ANSWERS | {"insufficient_quota", "prompt_filter", "529"}
BATCH = frozenset(
    {
        *("batch_expired", "batch_failed", "batch_doubled", "batch_missing", "batch_late"),
        *("batch_400", "batch_429", "token_limit_exceeded"),
    }
)
"""Faults of a batch, given to the request that creates it."""

KNOWN = (
    frozenset({"ok"})
    | frozenset(INSTEAD)
    | DAMAGE
    | RESEARCH_API
    | RESEARCH_API_SEARCH
    | COMPLIANCE
    | PAGES
    | MEDIA
    | MODEL
    | BATCH
)

FIRST_COUNT = re.compile(rb'("(?:[a-z]+_count|cursor|expires_in)":)([0-9]+)')
DRIP_S = 1.0


@dataclass(frozen=True, slots=True)
class Fault:
    """One line of a script: do this to a request whose path and query contain `match`.

    `nth` counts the requests that match since the script was given, from 1; without it the next one is meant.
    `times` is how often it is done in a row, None for ever.
    """

    do: str
    match: str = "video/query"
    nth: int | None = None
    times: int | None = 1
    headers: Mapping[str, str] = field(default_factory=dict)
    """Sent with the faulty answer in place of its own of the same name, a `Retry-After` for instance."""
    share: float = 0.5
    """Of a batch's requests, how many it befalls, by chance, and at least one; where `custom_ids` names none."""
    custom_ids: Sequence[str] = ()


NO_FAULT = Fault("ok")
WHOLE = "whole"
ONCE = "_once"


def check_word(word: str, known: frozenset[str]) -> None:
    """Raises `ValueError` unless a corpus may say this word of a video's page, or of its files."""
    if word != WHOLE and word.removesuffix(ONCE) not in known | DAMAGE | INSTEAD.keys():
        raise ValueError(f"a corpus cannot say {word!r}; there are {WHOLE}, {', '.join(sorted(known))}")


def own_fault(word: str, asked: Callable[[str], int]) -> Fault:
    """What a corpus says that a video's page or file is always like; with `_once`, the first time only.

    `asked` counts and tells how often, from 1, its argument has come up.
    """
    if word == WHOLE:
        return NO_FAULT
    do = word.removesuffix(ONCE)
    return NO_FAULT if do != word and asked(word) > 1 else Fault(do)


def fault_from_json(line: Any) -> Fault:
    """A bare word is a fault for the next query; an object names the fields of `Fault`."""
    try:
        fault = Fault(line) if isinstance(line, str) else Fault(**line)
    except TypeError as error:
        raise ValueError(f"not a line of a fault script: {line!r}") from error
    if fault.do not in KNOWN:
        raise ValueError(f"no fault is called {fault.do!r}; there are {', '.join(sorted(KNOWN))}")
    return fault


class FaultScript:
    """Lines consumed in order: a request gets the first line that is due for it, or none."""

    def __init__(self, lines: Iterable[Any] = ()) -> None:
        self._lines = [fault_from_json(line) for line in lines]
        self._seen: Counter[str] = Counter()
        self._lock = threading.Lock()

    def left(self) -> int:
        with self._lock:
            return len(self._lines)

    def next_for(self, request: Request) -> Fault:
        with self._lock:
            self._seen.update({line.match for line in self._lines if line.match in request.target})
            for place, line in enumerate(self._lines):
                if self._is_due(line, request):
                    self._consume(place)
                    return line
        return NO_FAULT

    def _is_due(self, line: Fault, request: Request) -> bool:
        return line.match in request.target and (line.nth is None or self._seen[line.match] >= line.nth)

    def _consume(self, place: int) -> None:
        line = self._lines[place]
        if line.times is None:
            return
        if line.times > 1:
            self._lines[place] = replace(line, times=line.times - 1)
        else:
            del self._lines[place]


def damaged(reply: Reply, fault: Fault) -> Reply:
    """The finished answer, spoiled as the fault says, with the fault's headers."""
    given = {name.lower() for name in fault.headers}
    kept = tuple((name, value) for name, value in reply.headers if name.lower() not in given)
    reply = replace(reply, headers=(*kept, *fault.headers.items()))
    half = len(reply.body) // 2
    if fault.do in FRAMINGS:
        return replace(reply, sent=half, framing=FRAMINGS[fault.do])
    if fault.do == "drip":
        return replace(reply, pace_s=DRIP_S)
    return replace(reply, body=_spoiled(reply.body, half, fault.do))


def _spoiled(body: bytes, half: int, how: str) -> bytes:
    match how:
        case "truncated_json":
            return body[:half]
        case "garbled":
            return body[:half] + b"\xff\xfe\x00" + body[half + 3 :]
        case "duplicate_keys":
            return FIRST_COUNT.sub(rb"\g<1>0,\1\2", body, count=1)
        case "deep_json" | "long_number" | "nan":
            return FIRST_COUNT.sub(rb"\g<1>" + STRANGE_VALUES[how], body, count=1)
        case _:
            return body
