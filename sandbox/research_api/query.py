"""Reads and checks a video query.

Limits are from TikTok's documentation, "Query Videos". The refusals' messages are ours, except where a source is named.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.exchange import JsonObject
from sandbox.research_api.conditions import Condition, Facts, is_date, parse_condition
from sandbox.research_api.parameters import cursor, invalid_cursor, invalid_params, max_count

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
MAX_WINDOW = timedelta(days=30)
DEFAULT_COUNT = 20

IsMet = Callable[[Condition, Facts], bool]


@dataclass(frozen=True, slots=True)
class Query:
    all_of: tuple[Condition, ...]
    any_of: tuple[Condition, ...]
    none_of: tuple[Condition, ...]
    start: datetime
    end: datetime
    """Exclusive: the first instant after the requested end date."""
    max_count: int
    cursor: int
    search_id: str | None
    is_random: bool
    fingerprint: str
    """The same for every page of one search."""

    def matches(self, facts: Facts, is_met: IsMet = Condition.is_met_by) -> bool:
        """Whether a video meets the conditions; the caller checks the window."""
        return (
            all(is_met(condition, facts) for condition in self.all_of)
            and (not self.any_of or any(is_met(condition, facts) for condition in self.any_of))
            and not any(is_met(condition, facts) for condition in self.none_of)
        )


def query_from(body: JsonObject) -> Query:
    groups = _groups(body.get("query"))
    start, end = _window(body)
    position, search_id = _position(body)
    is_random = body.get("is_random") or False
    if not isinstance(is_random, bool):
        raise invalid_params("is_random must be a boolean")
    return Query(
        all_of=groups["and"],
        any_of=groups["or"],
        none_of=groups["not"],
        start=start,
        end=end,
        max_count=max_count(body, DEFAULT_COUNT),
        cursor=position,
        search_id=search_id,
        is_random=is_random,
        fingerprint=_fingerprint(body),
    )


def requested_days(body: Mapping[str, Any] | None) -> tuple[str, ...]:
    """The days of a window as `YYYYMMDD`; none if the window is invalid."""
    if body is None:
        return ()
    start, end = body.get("start_date"), body.get("end_date")
    if not (isinstance(start, str) and isinstance(end, str) and is_date(start) and is_date(end)):
        return ()
    first, last = _date(body, "start_date"), _date(body, "end_date")
    count = min((last - first).days, MAX_WINDOW.days) + 1
    return tuple((first + timedelta(days=number)).strftime("%Y%m%d") for number in range(count))


def _groups(query: Any) -> dict[str, tuple[Condition, ...]]:
    if not isinstance(query, dict):
        raise invalid_params("query is required")
    groups = {}
    for name in ("and", "or", "not"):
        lines = query.get(name) or []
        if not isinstance(lines, list):
            raise invalid_params(f"query.{name} must be a list of conditions")
        groups[name] = tuple(parse_condition(line) for line in lines)
    if not any(groups.values()):
        raise invalid_params("query must hold at least one condition")
    return groups


def _window(body: Mapping[str, Any]) -> tuple[datetime, datetime]:
    start, end = _date(body, "start_date"), _date(body, "end_date")
    if end < start:
        raise invalid_params("end_date is before start_date")
    if end - start > MAX_WINDOW:
        raise invalid_params("end_date must be no more than 30 days after start_date")
    return start, end + timedelta(days=1)


def _date(body: Mapping[str, Any], name: str) -> datetime:
    text = body.get(name)
    if not isinstance(text, str) or not is_date(text):
        raise invalid_params(f"{name} must be a date of the form YYYYMMDD")
    return datetime.strptime(text, "%Y%m%d").replace(tzinfo=UTC)


def _position(body: Mapping[str, Any]) -> tuple[int, str | None]:
    position = cursor(body)
    search_id = body.get("search_id") or None
    if search_id is not None and not isinstance(search_id, str):
        raise invalid_params("search_id must be a string")
    if position > 0 and search_id is None:
        raise invalid_cursor()
    return position, search_id


def _fingerprint(body: Mapping[str, Any]) -> str:
    question = {name: body.get(name) for name in ("query", "start_date", "end_date", "is_random")}
    return hashlib.sha256(json.dumps(question, sort_keys=True).encode()).hexdigest()
