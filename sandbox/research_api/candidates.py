"""The candidates of a search: the videos that a query matches, in the order in which its pages list them."""

import threading
from collections import OrderedDict
from collections.abc import Sequence

from sandbox.chance import happens
from sandbox.research_api.conditions import Condition, Facts
from sandbox.research_api.query import Query
from sandbox.research_api.visibility import is_searchable, newest_searchable
from sandbox.videos import Video
from sandbox.world import World

Candidate = Video | None
"""None advances the cursor without being a video."""

FUZZY = frozenset({"keyword", "hashtag_name"})
MAX_CACHED = 64


class Candidates:
    """Computed once per search and cached for its later pages; the cache holds the most recent searches.

    Candidates follow from corpus, switches, clock and query, so dropping them from the cache costs only time.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._cache: OrderedDict[object, Sequence[Candidate]] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, query: Query) -> Sequence[Candidate]:
        """The search's candidates, newest id first."""
        key = (query.fingerprint, query.max_count, self._world.profile, newest_searchable(self._world))
        with self._lock:
            if key in self._cache:
                self._cache.move_to_end(key)
                return self._cache[key]
        candidates = self._in_page_order(query, self._matching(query))
        with self._lock:
            self._cache[key] = candidates
            while len(self._cache) > MAX_CACHED:
                self._cache.popitem(last=False)
        return candidates

    def _matching(self, query: Query) -> list[Video]:
        matching = [
            video
            for video in self._world.corpus.created_between(query.start, query.end)
            if (query.matches(video.facts, self._is_met) or self._is_fuzzy(query, video))
            and is_searchable(self._world, video)
        ]
        return sorted(matching, key=lambda video: int(video.id), reverse=True)

    def _is_met(self, condition: Condition, facts: Facts) -> bool:
        is_blind = self._world.profile.keyword_blackout and condition.field == "keyword"
        return not is_blind and condition.is_met_by(facts)

    def _is_fuzzy(self, query: Query, video: Video) -> bool:
        """Whether it matches by chance although its words do not; all other conditions must be met."""
        profile = self._world.profile
        is_chosen = happens(profile.fuzzy_rate, profile.seed, "fuzzy", query.fingerprint, video.id)
        return is_chosen and query.matches(video.facts, _is_met_without_words)

    def _in_page_order(self, query: Query, matching: list[Video]) -> Sequence[Candidate]:
        """With duplicates one page later, and with empty pages after the first, as the switches say."""
        profile = self._world.profile
        ordered: list[Candidate] = list(matching)
        for place in reversed(range(len(matching) if profile.dup_rate else 0)):
            is_repeated = happens(
                profile.dup_rate, profile.seed, "dup", query.fingerprint, matching[place].id
            )
            if is_repeated and place + query.max_count <= len(ordered):
                ordered.insert(place + query.max_count, matching[place])
        if matching:
            ordered[query.max_count : query.max_count] = [None] * (profile.empty_pages * query.max_count)
        return ordered


def _is_met_without_words(condition: Condition, facts: Facts) -> bool:
    return condition.field in FUZZY or condition.is_met_by(facts)
