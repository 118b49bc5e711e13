"""The input file of a batch: one request a line, checked before anything is paid for.

The codes are OpenAI's and Azure's as users report them; which come together and their words are guesses.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sandbox.exchange import JsonObject
from sandbox.model.models import MODEL
from sandbox.profiles import Profile


@dataclass(frozen=True, slots=True)
class Line:
    number: int
    """Its place in the file, from 1."""
    custom_id: str
    body: JsonObject


@dataclass(frozen=True, slots=True)
class Problem:
    code: str
    message: str
    line: int | None = None
    param: str | None = None

    def told(self) -> JsonObject:
        return {"code": self.code, "message": self.message, "param": self.param, "line": self.line}


def read_lines(content: bytes, endpoint: str, profile: Profile) -> tuple[list[Line], list[Problem]]:
    """The requests, and what is wrong with the file: a batch with any problem fails as a whole."""
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
        found = _line(number, text, endpoint)
        if isinstance(found, Line):
            lines.append(found)
        else:
            problems.append(found)
    return lines, [*problems, *_clashes(lines)]


def _line(number: int, text: bytes, endpoint: str) -> Line | Problem:
    try:
        told: Any = json.loads(text)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        return Problem("invalid_json_line", "This line is not parseable as valid JSON.", number)
    for name, kind in (("custom_id", str), ("method", str), ("url", str), ("body", dict)):
        if not isinstance(told.get(name), kind):
            return Problem(
                "missing_required_parameter", f"Missing required parameter: '{name}'.", number, name
            )
    if told["method"] != "POST":
        return Problem("invalid_method", f"Invalid method: {told['method']}.", number, "method")
    if told["url"] != endpoint:
        message = f"The URL provided for this request does not match the batch's endpoint {endpoint}."
        return Problem("invalid_url", message, number, "url")
    return Line(number, told["custom_id"], told["body"])


def _clashes(lines: list[Line]) -> Iterator[Problem]:
    """What is wrong between lines: ids that come twice, and more than one model."""
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
        elif model != MODEL:
            message = f"The provided model '{model}' is not supported by the Batch API."
            yield Problem("model_not_found", message, line.number, "body.model")
