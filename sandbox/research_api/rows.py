"""Videos as rows of an answer."""

from collections.abc import Iterable, Mapping
from random import Random
from typing import Any

from sandbox.chance import falls
from sandbox.exchange import JsonObject
from sandbox.research_api.oddities import changed
from sandbox.research_api.visibility import is_returned
from sandbox.videos import Video
from sandbox.world import World

INTEGERS = frozenset({"id", "music_id", "playlist_id"})
"""Ids that the API sends as JSON numbers of 64 bits."""
SPELT: Mapping[str, str] = {"favourites_count": "favorites_count"}
"""Names that some lists of fields spell in another way than the object they name."""


def rows(world: World, videos: Iterable[Video | None], fields: Iterable[str], page: str) -> list[JsonObject]:
    """A row for each video that still exists; `page` is what one page has in common, its letter case for instance."""
    profile = world.profile
    lower = profile.lower_case_regions and falls(0.5, profile.seed, "case", page)
    asked = tuple(fields)
    return [
        _row(world, video, asked, lower)
        for video in videos
        if video is not None and is_returned(world, video)
    ]


def _row(world: World, video: Video, fields: tuple[str, ...], lower: bool) -> JsonObject:
    """Only what was asked for and has a value, in an order that means nothing."""
    facts = video.facts
    known = [name for name in fields if facts.get(SPELT.get(name, name)) is not None]
    Random(f"{world.profile.seed}/{video.id}").shuffle(known)
    row = {name: _on_the_wire(name, facts[SPELT.get(name, name)]) for name in known}
    if lower and "region_code" in row:
        row["region_code"] = row["region_code"].lower()
    row = changed(world, video, row, fields)
    return {world.profile.id_key if name == "id" else name: value for name, value in row.items()}


def _on_the_wire(name: str, value: Any) -> Any:
    return int(value) if name in INTEGERS else value
