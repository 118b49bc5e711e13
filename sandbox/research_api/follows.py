"""The lists of followers and of followed users. The cursor is a time, so rows of the same second can come twice."""

from sandbox.chance import fraction
from sandbox.clock import START
from sandbox.exchange import JsonObject, Request
from sandbox.faults import Fault
from sandbox.research_api.parameters import cursor, max_count, read_body
from sandbox.research_api.users import display_name, follower_count, following_count, requested_user
from sandbox.world import World

DEFAULT_COUNT = 20
MAX_LISTED = 4500
"""The rest of a longer list is never returned (researchtikpy#2)."""
ROWS_PER_SECOND, GAP_S = 3, 900
NEWEST = int(START.timestamp()) - 3600


class Follows:
    def __init__(self, world: World) -> None:
        self._world = world

    def followers(self, request: Request, _: Fault) -> JsonObject:
        return self._page(request, "user_followers")

    def following(self, request: Request, _: Fault) -> JsonObject:
        return self._page(request, "user_following")

    def _page(self, request: Request, key: str) -> JsonObject:
        """Rows from the cursor's second backwards; the new cursor is the second of the first row of the next page."""
        body = read_body(request, self._world.profile)
        name = requested_user(self._world, body)
        count, until = max_count(body, DEFAULT_COUNT), cursor(body) or self._world.clock.timestamp()
        count_of = follower_count if key == "user_followers" else following_count
        listed = min(count_of(self._world, name), MAX_LISTED)
        first = min(listed, _first_at(until))
        last = min(first + count, listed)
        rows = [self._row(key, name, number) for number in range(first, last)]
        page: JsonObject = {"cursor": _time_of(min(last, max(0, listed - 1))), "has_more": last < listed}
        return page | ({key: rows} if listed else {})

    def _row(self, key: str, name: str, number: int) -> JsonObject:
        username = f"viewer_{int(10**7 * fraction(self._world.profile.seed, key, name, number)):07d}"
        return {"display_name": display_name(username), "username": username}


def _time_of(number: int) -> int:
    return NEWEST - GAP_S * (number // ROWS_PER_SECOND)


def _first_at(until: int) -> int:
    """The number of the first row at or before a time."""
    return max(0, -((until - NEWEST) // GAP_S)) * ROWS_PER_SECOND
