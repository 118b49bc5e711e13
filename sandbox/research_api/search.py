"""Searches of the Research API: pages of candidates, and search ids."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from sandbox.chance import digits
from sandbox.exchange import JsonObject
from sandbox.faults import Fault
from sandbox.research_api.candidates import Candidate, Candidates
from sandbox.research_api.parameters import invalid_cursor, search_expired
from sandbox.research_api.query import Query
from sandbox.research_api.rows import rows
from sandbox.world import World

MAX_GENERATIONS = 32
"""How many times a search may have expired on an earlier server and still be recognised by this one."""


@dataclass(slots=True)
class _Session:
    first_at: int
    """Virtual Unix seconds; for a search begun on an earlier server, when this one first saw it."""
    issued_at: int
    """Virtual Unix seconds at which its id was last issued."""
    generation: int = 0
    refusals: int = 0
    is_warm: bool = False
    """Begun on an earlier server, so past its warm-up."""


class Searches:
    """The pages of searches.

    A search's id follows from its query, so a restarted server continues the searches of the earlier one. The cursor
    counts candidates, not rows.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._candidates = Candidates(world)
        self._sessions: dict[str, _Session] = {}
        self._opened: dict[str, Query] = {}
        self._lock = threading.Lock()

    def page(self, query: Query, fields: Sequence[str], fault: Fault) -> JsonObject:
        if query.search_id is not None:
            query = self._resumed(query, fault)
        candidates = self._candidates.of(query)
        if query.is_random:
            return self._random_page(query, candidates, fields)
        if query.cursor > len(candidates):
            raise invalid_cursor()
        first = max(0, query.cursor - query.max_count // 2) if fault.do == "overlap" else query.cursor
        cursor = min(first + query.max_count, len(candidates))
        videos = rows(self._world, candidates[first:cursor], fields, f"{query.fingerprint}/{query.cursor}")
        data: JsonObject = {"videos": videos, "cursor": cursor, "has_more": cursor < len(candidates)}
        if fault.do == "stuck_cursor":
            data |= {"cursor": query.cursor, "has_more": True}
        if candidates:
            data["search_id"] = query.search_id or self._open(query)
        return data

    def _random_page(
        self, query: Query, candidates: Sequence[Candidate], fields: Sequence[str]
    ) -> JsonObject:
        """Every attempt draws a new sample; whether the real API pages such a search is not documented."""
        attempt = self._world.attempts.next(f"random/{query.fingerprint}")
        chance = Random(f"{self._world.profile.seed}/{query.fingerprint}/{attempt}")
        drawn = chance.sample(candidates, min(query.max_count, len(candidates)))
        videos = rows(self._world, drawn, fields, f"{query.fingerprint}/random")
        data: JsonObject = {"videos": videos, "cursor": len(drawn), "has_more": False}
        return data | ({"search_id": self._open(query)} if candidates else {})

    def _open(self, query: Query) -> str:
        """The search's id; a search that has expired starts again under another id."""
        now = self._world.clock.timestamp()
        with self._lock:
            session = self._sessions.get(query.fingerprint)
            if session is None or self._is_expired(session):
                generation = session.generation + 1 if session else 0
                session = self._sessions[query.fingerprint] = _Session(now, now, generation)
            session.issued_at = now
            search_id = self._id_of(query, session.generation)
            self._opened[search_id] = query
            return search_id

    def _resumed(self, query: Query, fault: Fault) -> Query:
        """The query of a known search id; an id that is too young, expired or unknown is refused."""
        assert query.search_id is not None
        with self._lock:
            opened = self._opened.get(query.search_id)
            if opened is not None and self._world.profile.changed_query == "ignore":
                query = replace(
                    opened, cursor=query.cursor, max_count=query.max_count, search_id=query.search_id
                )
            session = self._sessions.get(query.fingerprint) or self._inherited(query)
            if query.search_id != self._id_of(query, session.generation) or self._is_expired(session):
                raise search_expired(str(query.search_id))
            if fault.do == "search_lost":
                now = self._world.clock.timestamp()
                self._sessions[query.fingerprint] = _Session(now, now, session.generation + 1)
                raise search_expired(str(query.search_id))
            self._warm_up(session, str(query.search_id))
        if fault.do == "search_not_yet":
            raise search_expired(str(query.search_id))
        return query

    def _inherited(self, query: Query) -> _Session:
        """The session of a search begun on an earlier server."""
        ids = (self._id_of(query, generation) for generation in range(MAX_GENERATIONS))
        generation = next(
            (number for number, search_id in enumerate(ids) if search_id == query.search_id), None
        )
        if generation is None:
            raise search_expired(str(query.search_id))
        now = self._world.clock.timestamp()
        return self._sessions.setdefault(query.fingerprint, _Session(now, now, generation, is_warm=True))

    def _warm_up(self, session: _Session, search_id: str) -> None:
        """Refuse a fresh id, by two messages in turn."""
        profile = self._world.profile
        is_young = self._world.clock.timestamp() - session.first_at < profile.warmup_s
        if not session.is_warm and (session.refusals < profile.warmup_requests or is_young):
            session.refusals += 1
            raise search_expired(search_id) if session.refusals % 2 else invalid_cursor()

    def _is_expired(self, session: _Session) -> bool:
        ttl = self._world.profile.search_id_ttl_s
        return ttl is not None and self._world.clock.timestamp() - session.issued_at > ttl

    def _id_of(self, query: Query, generation: int) -> str:
        return digits(19, self._world.profile.seed, query.fingerprint, generation)
