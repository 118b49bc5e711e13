"""Who follows whom. The cursor is an instant, so rows of the same second can come twice."""

from sandbox.chance import fraction
from sandbox.clock import START
from sandbox.exchange import JsonObject, Request
from sandbox.faults import Fault
from sandbox.research_api.parameters import body_of, cursor, max_count
from sandbox.research_api.users import display_name, follower_count, following_count, user_asked
from sandbox.world import World

DEFAULT_COUNT = 20
MOST_LISTED = 4500
"""Of longer lists the rest is never returned (researchtikpy#2)."""
IN_A_SECOND, GAP_S = 3, 900
NEWEST = int(START.timestamp()) - 3600


class Follows:
    def __init__(self, world: World) -> None:
        self._world = world

    def followers(self, request: Request, _: Fault) -> JsonObject:
        return self._page(request, "user_followers")

    def following(self, request: Request, _: Fault) -> JsonObject:
        return self._page(request, "user_following")

    def _page(self, request: Request, key: str) -> JsonObject:
        """Rows from the cursor's second backwards; the new cursor is the second of the first row left over."""
        body = body_of(request, self._world.profile)
        name = user_asked(self._world, body)
        count, until = max_count(body, DEFAULT_COUNT), cursor(body) or self._world.clock.timestamp()
        counted = follower_count if key == "user_followers" else following_count
        listed = min(counted(self._world, name), MOST_LISTED)
        first = min(listed, _first_at(until))
        last = min(first + count, listed)
        rows = [self._row(key, name, number) for number in range(first, last)]
        place: JsonObject = {"cursor": _instant(min(last, max(0, listed - 1))), "has_more": last < listed}
        return place | ({key: rows} if listed else {})

    def _row(self, key: str, name: str, number: int) -> JsonObject:
        other = f"viewer_{int(10**7 * fraction(self._world.profile.seed, key, name, number)):07d}"
        return {"display_name": display_name(other), "username": other}


def _instant(number: int) -> int:
    return NEWEST - GAP_S * (number // IN_A_SECOND)


def _first_at(until: int) -> int:
    """The number of the first row on or before an instant."""
    return max(0, -((until - NEWEST) // GAP_S)) * IN_A_SECOND
