"""Turn the Research API's pages into one row for each video.

Source of the fields: TikTok Research API documentation, "Query Videos"; `video_id` and `favourites_count` are spellings
that its examples use.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from gettok.research_api import Page
from gettok.step import Json, Row
from gettok.windows import Window

_Read = Callable[[Json], Any]
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class _Wrong(Exception):
    """A value is not of the documented type."""


def _number(value: Json) -> int:
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not -(2**63) <= value < 2**63:
        raise _Wrong
    return value


def _id(value: Json) -> str:
    """Ids stay text: they do not fit a float, and the documentation's own examples exceed 63 bits."""
    if isinstance(value, bool) or not isinstance(value, int | str) or not str(value).isdecimal():
        raise _Wrong
    return str(value)


def _text(value: Json) -> str:
    if not isinstance(value, str):
        raise _Wrong
    return _LONE_SURROGATE.sub("\ufffd", value)  # UTF-8 has none; the page keeps what was sent


def _region(value: Json) -> str:
    # real pages send `us` beside `US` (tiktok-library's recorded session)
    return _text(value).upper()


def _texts(value: Json) -> list[str]:
    if not isinstance(value, list):
        raise _Wrong
    return [_text(part) for part in value]


def _flag(value: Json) -> bool:
    if not isinstance(value, bool):
        raise _Wrong
    return value


def _time(value: Json) -> datetime:
    return datetime.fromtimestamp(_number(value), UTC)


def _json(value: Json) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=True)


#: The API's field → our column, and how its value is read.
_FIELDS: Mapping[str, tuple[str, _Read]] = {
    "id": ("video_id", _id),
    "video_id": ("video_id", _id),
    "create_time": ("created_at", _time),
    "username": ("username", _text),
    "region_code": ("region_code", _region),
    "video_description": ("description", _text),
    "hashtag_names": ("hashtags", _texts),
    "voice_to_text": ("voice_to_text", _text),
    "view_count": ("view_count", _number),
    "like_count": ("like_count", _number),
    "comment_count": ("comment_count", _number),
    "share_count": ("share_count", _number),
    "favorites_count": ("favorites_count", _number),
    "favourites_count": ("favorites_count", _number),
    "video_duration": ("duration_s", _number),
    "music_id": ("music_id", _id),
    "playlist_id": ("playlist_id", _id),
    "effect_ids": ("effect_ids", _texts),
    "video_mention_list": ("mentions", _texts),
    "is_stem_verified": ("is_stem_verified", _flag),
    "hashtag_info_list": ("hashtag_info", _json),
    "sticker_info_list": ("sticker_info", _json),
    "effect_info_list": ("effect_info", _json),
    "video_label": ("video_label", _json),
    "video_tag": ("video_tag", _json),
}


class Tabulated(NamedTuple):
    """One row for each video of the study, and how many rows of the pages had no id or no time to go by."""

    rows: list[Row]
    unidentified: int


def tabulate(pages: Iterable[Page], study: Window) -> Tabulated:
    """The latest observation of each video published within the study; counts how often each was seen."""
    latest: dict[str, Row] = {}
    seen: dict[str, int] = {}
    unidentified = 0
    for page in pages:
        for video in page.data["videos"]:
            row = _row(video, page.observed_at)
            video_id, created_at = row.get("video_id"), row.get("created_at")
            if video_id is None or created_at is None:
                unidentified += 1
            elif study.start <= created_at.date() <= study.end:
                seen[video_id] = seen.get(video_id, 0) + 1
                if video_id not in latest or latest[video_id]["observed_at"] <= row["observed_at"]:
                    latest[video_id] = row
    rows = [{**row, "observations": seen[video_id]} for video_id, row in sorted(latest.items())]
    return Tabulated(rows, unidentified)


def _row(video: Mapping[str, Json], observed_at: datetime) -> Row:
    row: Row = {"observed_at": observed_at}
    others: dict[str, Json] = {}
    for field, value in video.items():
        if value is None:
            continue
        try:
            column, read = _FIELDS[field]
            row[column] = read(value)
        except (KeyError, _Wrong, ValueError, OverflowError, OSError):
            others[field] = value  # not documented, or not of the documented type: kept as it came
    return {**row, "other_fields": _json(others)} if others else row
