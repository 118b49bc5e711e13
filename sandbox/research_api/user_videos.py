"""Videos that a user liked, pinned or reposted."""

from collections.abc import Sequence
from random import Random

from sandbox.chance import falls, fraction
from sandbox.clock import START
from sandbox.exchange import JsonObject, Refusal, Request
from sandbox.faults import Fault
from sandbox.research_api.parameters import body_of, cursor, fields_asked, invalid_cursor, max_count
from sandbox.research_api.query import FIELDS as QUERY_FIELDS
from sandbox.research_api.rows import rows
from sandbox.research_api.users import user_asked
from sandbox.videos import Video
from sandbox.world import World

FIELDS = (
    *(name for name in QUERY_FIELDS if name not in {"effect_ids", "playlist_id", "voice_to_text"}),
    "favourites_count",
)
"""The documentation spells the favourites in both ways."""
DEFAULT_COUNT = 20
MOST_LIKED, MOST_PINNED, MOST_REPOSTED = 120, 3, 40
NEWEST_LIKE, BETWEEN_LIKES_S = int(START.timestamp()) - 600, 7200


class UserVideos:
    def __init__(self, world: World) -> None:
        self._world = world

    def liked(self, request: Request, _: Fault) -> JsonObject:
        """The cursor is the instant of a like, in a unit that the documentation leaves open; most users show none."""
        fields, body, name = self._asked(request)
        profile = self._world.profile
        if not falls(profile.public_likes, profile.seed, "public likes", name):
            raise Refusal(403, "invalid_params", "The user's liked videos information cannot be returned")
        unit = 1000 if profile.liked_cursor_unit == "ms" else 1
        videos = self._drawn("liked", name, MOST_LIKED)
        place = cursor(body) // unit
        first = max(0, (NEWEST_LIKE - place) // BETWEEN_LIKES_S) if place else 0
        last = min(first + max_count(body, DEFAULT_COUNT), len(videos))
        return {
            "user_liked_videos": rows(self._world, videos[first:last], fields, f"liked/{name}/{first}"),
            "cursor": (NEWEST_LIKE - last * BETWEEN_LIKES_S) * unit,
            "has_more": last < len(videos),
        }

    def pinned(self, request: Request, _: Fault) -> JsonObject:
        """Of their own videos; a list without pages."""
        fields, _body, name = self._asked(request)
        own = self._world.corpus.by_author.get(name, ())
        count = int((MOST_PINNED + 1) * fraction(self._world.profile.seed, "pinned", name))
        return {"pinned_videos_list": rows(self._world, own[:count], fields, f"pinned/{name}")}

    def reposted(self, request: Request, _: Fault) -> JsonObject:
        """The cursor is an index and counts videos that are gone too."""
        fields, body, name = self._asked(request)
        videos = self._drawn("reposted", name, MOST_REPOSTED)
        first = cursor(body)
        if first > len(videos):
            raise invalid_cursor()
        last = min(first + max_count(body, DEFAULT_COUNT), len(videos))
        return {
            "reposted_videos": rows(self._world, videos[first:last], fields, f"reposted/{name}/{first}"),
            "cursor": last,
            "has_more": last < len(videos),
        }

    def _asked(self, request: Request) -> tuple[tuple[str, ...], JsonObject, str]:
        fields = fields_asked(request, FIELDS)
        body = body_of(request, self._world.profile)
        return fields, body, user_asked(self._world, body)

    def _drawn(self, what: str, name: str, most: int) -> Sequence[Video]:
        """Some of the corpus, the same ones each time."""
        draw = Random(f"{self._world.profile.seed}/{what}/{name}")
        every = self._world.corpus.in_order
        return draw.sample(every, min(draw.randint(0, most), len(every)))
