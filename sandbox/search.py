"""Searches of the Research API: candidates, pages of them, and the ids that searches go by."""

import random
import threading
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sandbox.chance import digits, fraction
from sandbox.exchange import JsonObject
from sandbox.faults import Fault
from sandbox.query import Query
from sandbox.refusal import Refusal, invalid_cursor, search_lost
from sandbox.videos import Video
from sandbox.world import World

INTEGERS = frozenset({"id", "music_id", "playlist_id"})
"""Ids that the API sends as JSON numbers of 64 bits."""


@dataclass(slots=True)
class _Session:
    issued_at: int
    """Virtual Unix seconds; for a search that an earlier server began, the instant it was first seen here."""
    generation: int = 0
    refusals: int = 0


class Searches:
    """Pages of searches.

    A search's id follows from its query, so a server that was started again goes on with the searches of the
    one before it. The cursor counts candidates, not rows.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._sessions: dict[str, _Session] = {}
        self._lock = threading.Lock()

    def page(self, query: Query, fields: Collection[str], fault: Fault) -> JsonObject:
        candidates = self._candidates(query)
        if query.search_id is not None:
            self._resume(query, fault)
        if query.is_random:
            return self._random_page(query, candidates, fields)
        if query.cursor > len(candidates):
            raise invalid_cursor()
        cursor = min(query.cursor + query.max_count, len(candidates))
        rows = self._rows(candidates[query.cursor : cursor], fields, f"{query.fingerprint}/{query.cursor}")
        data: JsonObject = {"videos": rows, "cursor": cursor, "has_more": cursor < len(candidates)}
        if candidates:
            data["search_id"] = query.search_id or self._open(query)
        return data

    def _random_page(self, query: Query, candidates: list[Video], fields: Collection[str]) -> JsonObject:
        """Each try of the same question draws anew; whether such a search can be paged is not documented."""
        draw = self._world.attempts.next(f"random/{query.fingerprint}")
        random.Random(f"{self._world.profile.seed}/{query.fingerprint}/{draw}").shuffle(candidates)
        drawn = candidates[: query.max_count]
        rows = self._rows(drawn, fields, f"{query.fingerprint}/random")
        return {"videos": rows, "cursor": len(drawn), "has_more": False, "search_id": self._open(query)}

    def _candidates(self, query: Query) -> list[Video]:
        found = [
            video
            for video in self._world.corpus.videos.values()
            if self._is_out(video) and query.finds(video.facts)
        ]
        return sorted(found, key=lambda video: int(video.id), reverse=True)

    def _is_out(self, video: Video) -> bool:
        lag = self._world.profile.lag_hours
        if lag is None:
            return True
        newest = self._world.clock.now() - timedelta(hours=lag)
        return bool(video.facts["create_time"] <= newest.timestamp())

    def _rows(self, videos: list[Video], fields: Collection[str], page: str) -> list[JsonObject]:
        profile = self._world.profile
        lower = profile.lower_case_regions and fraction(profile.seed, "case", page) < 0.5
        return [self._row(video, fields, lower) for video in videos if not self._is_dropped(video.id)]

    def _is_dropped(self, video_id: str) -> bool:
        profile = self._world.profile
        return video_id in profile.hidden or fraction(profile.seed, "drop", video_id) < profile.drop_rate

    def _row(self, video: Video, fields: Collection[str], lower: bool) -> JsonObject:
        """Only what was asked for and has a value, in an order that means nothing."""
        known = [name for name in fields if video.facts.get(name) is not None]
        random.Random(f"{self._world.profile.seed}/{video.id}").shuffle(known)
        row = {name: _on_the_wire(name, video.facts[name]) for name in known}
        if lower and "region_code" in row:
            row["region_code"] = row["region_code"].lower()
        return {self._world.profile.id_key if name == "id" else name: value for name, value in row.items()}

    def _open(self, query: Query) -> str:
        with self._lock:
            session = self._sessions.setdefault(query.fingerprint, _Session(0))
            session.issued_at = self._world.clock.timestamp()
            return self._id_of(query, session)

    def _resume(self, query: Query, fault: Fault) -> None:
        """Refuses a search id that is unknown, too young or too old, or that the script says is lost."""
        assert query.search_id is not None
        with self._lock:
            session = self._sessions.setdefault(query.fingerprint, _Session(self._world.clock.timestamp()))
            if query.search_id != self._id_of(query, session) or self._is_old(session):
                raise search_lost(query.search_id)
            if fault.do == "search_lost":
                session.generation += 1
                session.refusals = 0
                raise search_lost(query.search_id)
            if session.refusals < self._world.profile.warmup_requests:
                session.refusals += 1
                raise self._not_yet(query.search_id, session.refusals)
        if fault.do == "search_not_yet":
            raise search_lost(query.search_id)

    def _not_yet(self, search_id: str, refusals: int) -> Refusal:
        """A fresh id is refused in either of two ways."""
        return search_lost(search_id) if refusals % 2 else invalid_cursor()

    def _is_old(self, session: _Session) -> bool:
        ttl = self._world.profile.search_id_ttl_s
        return ttl is not None and self._world.clock.timestamp() - session.issued_at > ttl

    def _id_of(self, query: Query, session: _Session) -> str:
        return digits(19, self._world.profile.seed, query.fingerprint, session.generation)


def _on_the_wire(name: str, value: Any) -> Any:
    return int(value) if name in INTEGERS else value
