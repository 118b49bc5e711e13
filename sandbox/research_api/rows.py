"""Turns videos into rows of an answer."""

from collections.abc import Iterable, Mapping
from random import Random
from typing import Any

from sandbox.chance import happens
from sandbox.exchange import JsonObject
from sandbox.research_api.oddities import with_oddities
from sandbox.research_api.visibility import is_available
from sandbox.videos import Video
from sandbox.world import World

INTEGERS = frozenset({"id", "music_id", "playlist_id"})
"""Ids that the API sends as 64-bit JSON numbers."""
ALIASES: Mapping[str, str] = {"favourites_count": "favorites_count"}
"""Field names that some endpoints spell differently from the video object."""


def rows(world: World, videos: Iterable[Video | None], fields: Iterable[str], page: str) -> list[JsonObject]:
    """A row for each available video; `page` seeds what a page's rows share, such as the letter case of regions."""
    profile = world.profile
    lower = profile.lower_case_regions and happens(0.5, profile.seed, "case", page)
    requested = tuple(fields)
    return [
        _row(world, video, requested, lower)
        for video in videos
        if video is not None and is_available(world, video)
    ]


def _row(world: World, video: Video, fields: tuple[str, ...], lower: bool) -> JsonObject:
    """The requested fields that have a value, in arbitrary order."""
    facts = video.facts
    present = [name for name in fields if facts.get(ALIASES.get(name, name)) is not None]
    Random(f"{world.profile.seed}/{video.id}").shuffle(present)
    row = {name: _json_value(name, facts[ALIASES.get(name, name)]) for name in present}
    if lower and "region_code" in row:
        row["region_code"] = row["region_code"].lower()
    row = with_oddities(world, video, row, fields)
    return {world.profile.id_key if name == "id" else name: value for name, value in row.items()}


def _json_value(name: str, value: Any) -> Any:
    return int(value) if name in INTEGERS else value
