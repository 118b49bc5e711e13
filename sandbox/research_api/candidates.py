"""The candidates of searches: what a query finds, in the order in which its pages show it."""

import threading
from collections import OrderedDict
from collections.abc import Sequence

from sandbox.chance import falls
from sandbox.research_api.conditions import Condition, Facts
from sandbox.research_api.query import Query
from sandbox.research_api.visibility import is_found, newest_found
from sandbox.videos import Video
from sandbox.world import World

Candidate = Video | None
"""None moves the cursor and was never a video."""

FUZZY = frozenset({"keyword", "hashtag_name"})
MOST_KEPT = 64


class Candidates:
    """Computed once for each search and kept for its later pages, the last few searches of them.

    They follow from corpus, switches, clock and query, so losing them costs time and nothing else.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._kept: OrderedDict[object, Sequence[Candidate]] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, query: Query) -> Sequence[Candidate]:
        """The newest id first."""
        key = (query.fingerprint, query.max_count, self._world.profile, newest_found(self._world))
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        found = self._laid_out(query, self._found(query))
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return found

    def _found(self, query: Query) -> list[Video]:
        found = [
            video
            for video in self._world.corpus.created_between(query.start, query.end)
            if (query.finds(video.facts, self._meets) or self._is_fuzzy(query, video))
            and is_found(self._world, video)
        ]
        return sorted(found, key=lambda video: int(video.id), reverse=True)

    def _meets(self, asked: Condition, facts: Facts) -> bool:
        is_blind = self._world.profile.keyword_blackout and asked.field == "keyword"
        return not is_blind and asked.is_met_by(facts)

    def _is_fuzzy(self, query: Query, video: Video) -> bool:
        """Found though only the conditions on other things than words are met."""
        profile = self._world.profile
        is_meant = falls(profile.fuzzy_rate, profile.seed, "fuzzy", query.fingerprint, video.id)
        return is_meant and query.finds(video.facts, _meets_loosely)

    def _laid_out(self, query: Query, found: list[Video]) -> Sequence[Candidate]:
        """With rows that come again a page later, and with pages of nothing after the first."""
        profile = self._world.profile
        line: list[Candidate] = list(found)
        for place in reversed(range(len(found) if profile.dup_rate else 0)):
            again = falls(profile.dup_rate, profile.seed, "dup", query.fingerprint, found[place].id)
            if again and place + query.max_count <= len(line):
                line.insert(place + query.max_count, found[place])
        if found:
            line[query.max_count : query.max_count] = [None] * (profile.empty_pages * query.max_count)
        return line


def _meets_loosely(asked: Condition, facts: Facts) -> bool:
    return asked.field in FUZZY or asked.is_met_by(facts)
