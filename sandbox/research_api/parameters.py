"""Reads and checks the parameters of a request.

The refusals' messages are ours, except for the known "Invalid count or cursor".
"""

import re
from collections.abc import Collection, Mapping
from typing import Any

from sandbox.exchange import JsonObject, Refusal, Request, json_body
from sandbox.profiles import Profile

MAX_COUNT = 100


def invalid_params(message: str) -> Refusal:
    return Refusal(400, "invalid_params", message)


def invalid_cursor() -> Refusal:
    return invalid_params("Invalid count or cursor")  # tiktok-library#89


def search_expired(search_id: str) -> Refusal:
    return invalid_params(f"Search Id {search_id} is invalid or expired")  # traktok#17


def read_body(request: Request, profile: Profile) -> JsonObject:
    """The JSON object in the body; its `Content-Type` is checked only in strict mode."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if profile.strict_content_type and content_type != "application/json":
        raise invalid_params("Content-Type must be application/json")
    body = json_body(request)
    if body is None:
        raise invalid_params("Request body must be a JSON object")
    return body


def requested_fields(request: Request, known: Collection[str]) -> tuple[str, ...]:
    """The names in the `fields` parameter; encoded commas and spaces after commas are tolerated."""
    names = tuple(name.strip() for name in request.query.get("fields", "").split(",") if name.strip())
    if not names:
        raise invalid_params("Fields is required, please provide fields in the request")
    unknown = [name for name in names if name not in known]
    if unknown:
        raise invalid_params(f"Invalid fields: {', '.join(unknown)}")
    return names


def integer(value: Any, default: int) -> int:
    """An integer; strings of digits are accepted, as in the documentation's example, and null means absent."""
    if value is None:
        return default
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,20}", value):
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise invalid_cursor()
    return value


def max_count(body: Mapping[str, Any], default: int) -> int:
    count = integer(body.get("max_count"), default)
    if not 1 <= count <= MAX_COUNT:
        raise invalid_cursor()
    return count


def cursor(body: Mapping[str, Any]) -> int:
    """An index or an instant; 0 and absent are the same."""
    value = integer(body.get("cursor"), 0)
    if value < 0:
        raise invalid_cursor()
    return value


def parse_id(body: Mapping[str, Any], name: str) -> str | None:
    """An id, given as a number or as a string of digits."""
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not re.fullmatch(r"[0-9]{1,20}", str(value)):
        raise invalid_params(f"{name} must be a number")
    return str(value)


def required_id(body: Mapping[str, Any], name: str) -> str:
    value = parse_id(body, name)
    if value is None:
        raise invalid_params(f"{name} is required")
    return value


def username(body: Mapping[str, Any]) -> str:
    name = body.get("username")
    if not isinstance(name, str) or not name:
        raise invalid_params("username is required")
    return name
