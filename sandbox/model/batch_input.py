"""Reads and checks the input file of a batch, which has one request per line.

The codes are those of OpenAI and Azure, as users report them; their combinations and messages are guesses.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sandbox.exchange import JsonObject
from sandbox.model.models import WORDS_READ
from sandbox.profiles import Profile


@dataclass(frozen=True, slots=True)
class Line:
    number: int
    """The line's number in the file, from 1."""
    custom_id: str
    body: JsonObject


@dataclass(frozen=True, slots=True)
class Problem:
    code: str
    message: str
    line: int | None = None
    param: str | None = None

    def to_json(self) -> JsonObject:
        return {"code": self.code, "message": self.message, "param": self.param, "line": self.line}


def read_lines(content: bytes, endpoint: str, profile: Profile) -> tuple[list[Line], list[Problem]]:
    """The requests, and the problems of the file; with any problem, the whole batch fails."""
    raw = [(number, line) for number, line in enumerate(content.split(b"\n"), 1) if line.strip()]
    if not raw:
        return [], [Problem("empty_file", "The input file contains no requests.")]
    if len(raw) > profile.batch_max_requests:
        message = (
            f"The number of requests in the input file exceeds the limit of {profile.batch_max_requests}."
        )
        return [], [Problem("too_many_tasks", message)]
    lines, problems = [], []
    for number, text in raw:
        parsed = _line(number, text, endpoint)
        if isinstance(parsed, Line):
            lines.append(parsed)
        else:
            problems.append(parsed)
    return lines, [*problems, *_conflicts(lines)]


def _line(number: int, text: bytes, endpoint: str) -> Line | Problem:
    try:
        entry: Any = json.loads(text)
    except (ValueError, RecursionError):
        entry = None
    if not isinstance(entry, dict):
        return Problem("invalid_json_line", "This line is not parseable as valid JSON.", number)
    for name, kind in (("custom_id", str), ("method", str), ("url", str), ("body", dict)):
        if not isinstance(entry.get(name), kind):
            return Problem(
                "missing_required_parameter", f"Missing required parameter: '{name}'.", number, name
            )
    if entry["method"] != "POST":
        return Problem("invalid_method", f"Invalid method: {entry['method']}.", number, "method")
    if entry["url"] != endpoint:
        message = f"The URL provided for this request does not match the batch's endpoint {endpoint}."
        return Problem("invalid_url", message, number, "url")
    return Line(number, entry["custom_id"], entry["body"])


def _conflicts(lines: list[Line]) -> Iterator[Problem]:
    """Problems between lines: duplicate ids, and more than one model."""
    seen: set[str] = set()
    for line in lines:
        model = line.body.get("model")
        if line.custom_id in seen:
            message = f"The custom_id '{line.custom_id}' is that of another request in this file."
            yield Problem("duplicate_custom_id", message, line.number, "custom_id")
        seen.add(line.custom_id)
        if model != lines[0].body.get("model"):
            message = f"The model '{model}' does not match the rest of the batch, which may name one only."
            yield Problem("mismatched_model", message, line.number, "body.model")
        elif model not in WORDS_READ:
            message = f"The provided model '{model}' is not supported by the Batch API."
            yield Problem("model_not_found", message, line.number, "body.model")
