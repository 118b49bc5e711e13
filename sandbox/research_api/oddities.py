"""Odd values in rows, where the switches ask for them."""

from typing import Any

from sandbox.chance import fraction, happens
from sandbox.clock import START
from sandbox.exchange import JsonObject
from sandbox.profiles import Profile
from sandbox.videos import Video
from sandbox.world import World

ODD_END = "\u0000\u0000\u0000\u0000\u0000\u00004"
"""The end of a username that a client once received (tiktok-library's test data)."""
ODD_TEXT = " \ud83d 👩\u200d👩\u200d👧 \u202eمرحبا\u202c\nsegunda línea \u0000 \x1b[31m"
COUNTS = frozenset(
    {"view_count", "like_count", "comment_count", "share_count", "favorites_count", "favourites_count"}
)
ABOVE_INT64 = 2**63
"""One more than the greatest signed 64-bit integer."""


def odd_name(profile: Profile, username: str) -> str:
    """The username as rows show it: odd for a share of the authors."""
    return username + ODD_END if happens(profile.odd_users, profile.seed, "odd", username) else username


def with_oddities(world: World, video: Video, row: JsonObject, fields: tuple[str, ...]) -> JsonObject:
    """The row with the oddities of the switches; the same object if there are none."""
    profile = world.profile
    if profile.counts_drift:
        row = {name: _drifted(world, video, name, value) for name, value in row.items()}
    if profile.odd_users:
        row = _with_odd_texts(profile, video, row)
    if "id" in row and happens(profile.huge_ids, profile.seed, "huge", video.id):
        row = row | {"id": row["id"] + ABOVE_INT64}
    if profile.p_missing:
        row = {name: value for name, value in row.items() if not _is_missing(profile, video, name)}
    return _with_other_fields(profile, row, fields)


def _with_other_fields(profile: Profile, row: JsonObject, fields: tuple[str, ...]) -> JsonObject:
    if profile.retyped_field in row:
        row = row | {profile.retyped_field: _retyped(row[profile.retyped_field])}
    if profile.null_field in fields and profile.null_field not in row:
        row = row | {profile.null_field: None}
    return row | {profile.new_field: {"version": 1}} if profile.new_field else row


def _retyped(value: Any) -> Any:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if is_number else [value]


def _is_missing(profile: Profile, video: Video, name: str) -> bool:
    return name != "id" and happens(profile.p_missing, profile.seed, "missing", video.id, name)


def _drifted(world: World, video: Video, name: str, value: Any) -> Any:
    """The count after the virtual days that the clock has advanced; three counts in four grow."""
    days = (world.clock.now() - START).days
    if name not in COUNTS or days <= 0:
        return value
    trend = 4 * fraction(world.profile.seed, "drift", video.id, name, days) / 3 - 1 / 3
    return max(0, round(value * (1 + world.profile.counts_drift * days * trend)))


def _with_odd_texts(profile: Profile, video: Video, row: JsonObject) -> JsonObject:
    username = str(video.facts.get("username", ""))
    shown_name = odd_name(profile, username)
    if shown_name == username:
        return row
    odd = {
        "username": shown_name,
        "video_description": f"{video.facts.get('video_description', '')}{ODD_TEXT}",
    }
    return row | {key: value for key, value in odd.items() if key in row}
