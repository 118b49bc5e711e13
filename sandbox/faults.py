"""Faults, and the scripts that play them."""

import re
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sandbox.exchange import Reply, Request, html_reply
from sandbox.pages.media_shapes import FILE_FAULTS
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
"""Faults that replace the answer of any request; the redirect leads where no client should follow."""

STRANGE_VALUES = {
    "deep_json": b"[" * 100_000 + b"]" * 100_000,
    "long_number": b"9" * 5000,
    "nan": b"NaN",
}
"""Faults that replace an answer's first count by JSON on which parsers fail."""

FRAMINGS = {"cut": "length", "cut_close": "close", "cut_chunked": "chunked"}
"""Faults that end the connection half-way, and how the reply announces the body's length."""

DAMAGE = frozenset({"truncated_json", "garbled", "drip", "duplicate_keys", *STRANGE_VALUES, *FRAMINGS})
"""Faults that damage a finished answer."""

RESEARCH_API = frozenset(
    {"500", "500_with_data", "429_rate", "429_quota", "401", "200_error", "400_trouble", "400_cursor"}
)
RESEARCH_API_SEARCH = frozenset({"search_lost", "search_not_yet", "stuck_cursor", "overlap"})
COMPLIANCE = frozenset({"task_failed"})
STATUSES = frozenset({"403", "404", "429", "500"})
PAGES = STATUSES | frozenset({"login", "captcha", "challenge", "expired", *SHAPES, *SLIDESHOWS, *REFUSALS})
MEDIA = STATUSES | frozenset({"truncated", "no_range", *FILE_FAULTS})
ANSWER_FAULTS = frozenset({"refusal", "content_filter", "malformed", "filter_unavailable", "other_model"})
"""Faults of a model's answer, which can also hit a request within a batch."""
MODEL = ANSWER_FAULTS | {"insufficient_quota", "prompt_filter", "529"}
BATCH = frozenset(
    {
        *("batch_expired", "batch_failed", "batch_doubled", "batch_missing", "batch_late"),
        *("batch_400", "batch_429", "token_limit_exceeded"),
    }
)
"""Faults of a batch; a script attaches them to the request that creates it."""

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
    """One line of a script: apply the fault to a request whose path and query contain `match`.

    `nth` counts the matching requests since the script was set, from 1; without it, the next one is meant.
    `times` is how many requests in a row get the fault; None means all.
    """

    do: str
    match: str = "video/query"
    nth: int | None = None
    times: int | None = 1
    headers: Mapping[str, str] = field(default_factory=dict)
    """Headers for the faulty answer, such as `Retry-After`; they replace its own of the same name."""
    share: float = 0.5
    """The share of a batch's requests that get the fault, by chance and at least one, if `custom_ids` is empty."""
    custom_ids: Sequence[str] = ()


NO_FAULT = Fault("ok")
NO_CORPUS_FAULT = "whole"
ONCE = "_once"


def check_corpus_fault(word: str, known: frozenset[str]) -> None:
    """Raises `ValueError` unless a corpus may give a video's page, or its files, this fault."""
    if word != NO_CORPUS_FAULT and word.removesuffix(ONCE) not in known | DAMAGE | INSTEAD.keys():
        raise ValueError(
            f"a corpus cannot say {word!r}; there are {NO_CORPUS_FAULT}, {', '.join(sorted(known))}"
        )


def corpus_fault(word: str, attempt_of: Callable[[str], int]) -> Fault:
    """The fault that a corpus gives a video's page or file always, or with `_once` the first time only.

    `attempt_of` counts the calls for its argument, from 1.
    """
    if word == NO_CORPUS_FAULT:
        return NO_FAULT
    do = word.removesuffix(ONCE)
    return NO_FAULT if do != word and attempt_of(word) > 1 else Fault(do)


def fault_from_json(line: Any) -> Fault:
    """A string is a fault for the next query; an object has the fields of `Fault`."""
    try:
        fault = Fault(line) if isinstance(line, str) else Fault(**line)
    except TypeError as error:
        raise ValueError(f"not a line of a fault script: {line!r}") from error
    if fault.do not in KNOWN:
        raise ValueError(f"no fault is called {fault.do!r}; there are {', '.join(sorted(KNOWN))}")
    return fault


class FaultScript:
    """Lines that are consumed in order: a request gets the first line that is due for it, if there is one."""

    def __init__(self, lines: Iterable[Any] = ()) -> None:
        self._lines = [fault_from_json(line) for line in lines]
        self._seen: Counter[str] = Counter()
        self._lock = threading.Lock()

    def lines_left(self) -> int:
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


def with_damage(reply: Reply, fault: Fault) -> Reply:
    """The finished answer with the fault's damage and headers."""
    replaced = {name.lower() for name in fault.headers}
    own = tuple((name, value) for name, value in reply.headers if name.lower() not in replaced)
    reply = replace(reply, headers=(*own, *fault.headers.items()))
    half = len(reply.body) // 2
    if fault.do in FRAMINGS:
        return replace(reply, sent=half, framing=FRAMINGS[fault.do])
    if fault.do == "drip":
        return replace(reply, pace_s=DRIP_S)
    return replace(reply, body=_damaged_body(reply.body, half, fault.do))


def _damaged_body(body: bytes, half: int, how: str) -> bytes:
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
