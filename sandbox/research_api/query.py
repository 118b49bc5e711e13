"""A video query, read from a request and found to be in order.

Limits are from TikTok's documentation, "Query Videos". The refusals' words are ours, except where a source is named.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.exchange import JsonObject
from sandbox.research_api.conditions import Condition, Facts, condition, is_date
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
LONGEST_WINDOW = timedelta(days=30)
DEFAULT_COUNT = 20

Meets = Callable[[Condition, Facts], bool]


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

    def finds(self, facts: Facts, meets: Meets = Condition.is_met_by) -> bool:
        """Whether a video that was created inside the window meets the conditions."""
        return (
            all(meets(asked, facts) for asked in self.every)
            and (not self.some or any(meets(asked, facts) for asked in self.some))
            and not any(meets(asked, facts) for asked in self.none)
        )


def query_from(body: JsonObject) -> Query:
    groups = _groups(body.get("query"))
    start, end = _window(body)
    place, search_id = _place(body)
    is_random = body.get("is_random") or False
    if not isinstance(is_random, bool):
        raise invalid_params("is_random must be a boolean")
    return Query(
        every=groups["and"],
        some=groups["or"],
        none=groups["not"],
        start=start,
        end=end,
        max_count=max_count(body, DEFAULT_COUNT),
        cursor=place,
        search_id=search_id,
        is_random=is_random,
        fingerprint=_fingerprint(body),
    )


def days_asked(body: Mapping[str, Any] | None) -> tuple[str, ...]:
    """The days of a window as `YYYYMMDD`; none if it is not in order."""
    if body is None:
        return ()
    start, end = body.get("start_date"), body.get("end_date")
    if not (isinstance(start, str) and isinstance(end, str) and is_date(start) and is_date(end)):
        return ()
    first, last = _date(body, "start_date"), _date(body, "end_date")
    count = min((last - first).days, LONGEST_WINDOW.days) + 1
    return tuple((first + timedelta(days=number)).strftime("%Y%m%d") for number in range(count))


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


def _place(body: Mapping[str, Any]) -> tuple[int, str | None]:
    place = cursor(body)
    search_id = body.get("search_id") or None
    if search_id is not None and not isinstance(search_id, str):
        raise invalid_params("search_id must be a string")
    if place > 0 and search_id is None:
        raise invalid_cursor()
    return place, search_id


def _fingerprint(body: Mapping[str, Any]) -> str:
    question = {name: body.get(name) for name in ("query", "start_date", "end_date", "is_random")}
    return hashlib.sha256(json.dumps(question, sort_keys=True).encode()).hexdigest()
