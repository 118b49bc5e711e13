"""A video query, read from a request and found to be in order.

Limits are from TikTok's documentation, "Query Videos". The refusals' words are ours, except where a source is named.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.conditions import Condition, Facts, condition, is_date
from sandbox.exchange import JsonObject
from sandbox.refusal import invalid_cursor, invalid_params

FIELDS = (
    "id",
    "video_description",
    "create_time",
    "region_code",
    "share_count",
    "view_count",
    "like_count",
    "comment_count",
    "music_id",
    "hashtag_names",
    "username",
    "effect_ids",
    "playlist_id",
    "voice_to_text",
    "is_stem_verified",
    "favorites_count",
    "video_duration",
    "hashtag_info_list",
    "sticker_info_list",
    "effect_info_list",
    "video_mention_list",
    "video_label",
    "video_tag",
)
LONGEST_WINDOW = timedelta(days=30)
DEFAULT_COUNT, MOST = 20, 100


@dataclass(frozen=True, slots=True)
class Query:
    every: tuple[Condition, ...]
    some: tuple[Condition, ...]
    none: tuple[Condition, ...]
    start: datetime
    end: datetime
    """The first instant that is too late: the day asked for is inside."""
    max_count: int
    cursor: int
    search_id: str | None
    is_random: bool
    fingerprint: str
    """The same for every page of one search."""

    def finds(self, facts: Facts) -> bool:
        created = datetime.fromtimestamp(facts["create_time"], UTC)
        return (
            self.start <= created < self.end
            and all(asked.is_met_by(facts) for asked in self.every)
            and (not self.some or any(asked.is_met_by(facts) for asked in self.some))
            and not any(asked.is_met_by(facts) for asked in self.none)
        )


def fields_asked(parameter: str | None) -> tuple[str, ...]:
    """The names in the `fields` parameter; spaces after its commas are tolerated."""
    names = tuple(name.strip() for name in (parameter or "").split(",") if name.strip())
    if not names:
        raise invalid_params("Fields is required, please provide fields in the request")
    unknown = [name for name in names if name not in FIELDS]
    if unknown:
        raise invalid_params(f"Invalid fields: {', '.join(unknown)}")
    return names


def query_from(body: JsonObject | None) -> Query:
    if body is None:
        raise invalid_params("Request body must be a JSON object")
    groups = _groups(body.get("query"))
    start, end = _window(body)
    cursor, search_id = _place(body)
    is_random = body.get("is_random") or False
    if not isinstance(is_random, bool):
        raise invalid_params("is_random must be a boolean")
    return Query(
        every=groups["and"],
        some=groups["or"],
        none=groups["not"],
        start=start,
        end=end,
        max_count=_count(body),
        cursor=cursor,
        search_id=search_id,
        is_random=is_random,
        fingerprint=_fingerprint(body),
    )


def _groups(query: Any) -> dict[str, tuple[Condition, ...]]:
    if not isinstance(query, dict):
        raise invalid_params("query is required")
    groups = {}
    for name in ("and", "or", "not"):
        lines = query.get(name) or []
        if not isinstance(lines, list):
            raise invalid_params(f"query.{name} must be a list of conditions")
        groups[name] = tuple(condition(line) for line in lines)
    if not any(groups.values()):
        raise invalid_params("query must hold at least one condition")
    return groups


def _window(body: Mapping[str, Any]) -> tuple[datetime, datetime]:
    start, end = _date(body, "start_date"), _date(body, "end_date")
    if end < start:
        raise invalid_params("end_date is before start_date")
    if end - start > LONGEST_WINDOW:
        raise invalid_params("end_date must be no more than 30 days after start_date")
    return start, end + timedelta(days=1)


def _date(body: Mapping[str, Any], name: str) -> datetime:
    text = body.get(name)
    if not isinstance(text, str) or not is_date(text):
        raise invalid_params(f"{name} must be a date of the form YYYYMMDD")
    return datetime.strptime(text, "%Y%m%d").replace(tzinfo=UTC)


def _count(body: Mapping[str, Any]) -> int:
    count = _integer(body.get("max_count"), DEFAULT_COUNT)
    if not 1 <= count <= MOST:
        raise invalid_cursor()
    return count


def _place(body: Mapping[str, Any]) -> tuple[int, str | None]:
    cursor = _integer(body.get("cursor"), 0)
    search_id = body.get("search_id") or None
    if search_id is not None and not isinstance(search_id, str):
        raise invalid_params("search_id must be a string")
    if cursor < 0 or (cursor > 0 and search_id is None):
        raise invalid_cursor()
    return cursor, search_id


def _integer(value: Any, default: int) -> int:
    """Numbers may come as strings, as they do in the documentation's example."""
    if value is None:
        return default
    if isinstance(value, str) and value.lstrip("-").isascii() and value.lstrip("-").isdigit():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise invalid_cursor()
    return value


def _fingerprint(body: Mapping[str, Any]) -> str:
    question = {name: body.get(name) for name in ("query", "start_date", "end_date", "is_random")}
    return hashlib.sha256(json.dumps(question, sort_keys=True).encode()).hexdigest()
