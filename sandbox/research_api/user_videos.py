"""The videos that a user liked, pinned or reposted."""

from collections.abc import Sequence
from random import Random

from sandbox.chance import fraction, happens
from sandbox.clock import START
from sandbox.exchange import JsonObject, Refusal, Request
from sandbox.faults import Fault
from sandbox.research_api.parameters import cursor, invalid_cursor, max_count, read_body, requested_fields
from sandbox.research_api.query import FIELDS as QUERY_FIELDS
from sandbox.research_api.rows import rows
from sandbox.research_api.users import requested_user
from sandbox.videos import Video
from sandbox.world import World

FIELDS = (
    *(name for name in QUERY_FIELDS if name not in {"effect_ids", "playlist_id", "voice_to_text"}),
    "favourites_count",
)
"""The documentation spells the favourites count in both ways."""
DEFAULT_COUNT = 20
MAX_LIKED, MAX_PINNED, MAX_REPOSTED = 120, 3, 40
NEWEST_LIKE, LIKE_INTERVAL_S = int(START.timestamp()) - 600, 7200


class UserVideos:
    def __init__(self, world: World) -> None:
        self._world = world

    def liked(self, request: Request, _: Fault) -> JsonObject:
        """The cursor is the time of a like, in a unit that is not documented. Most users hide their likes."""
        fields, body, name = self._parameters(request)
        profile = self._world.profile
        if not happens(profile.public_likes, profile.seed, "public likes", name):
            raise Refusal(403, "invalid_params", "The user's liked videos information cannot be returned")
        unit = 1000 if profile.liked_cursor_unit == "ms" else 1
        videos = self._sample("liked", name, MAX_LIKED)
        until = cursor(body) // unit
        first = max(0, (NEWEST_LIKE - until) // LIKE_INTERVAL_S) if until else 0
        last = min(first + max_count(body, DEFAULT_COUNT), len(videos))
        return {
            "user_liked_videos": rows(self._world, videos[first:last], fields, f"liked/{name}/{first}"),
            "cursor": (NEWEST_LIKE - last * LIKE_INTERVAL_S) * unit,
            "has_more": last < len(videos),
        }

    def pinned(self, request: Request, _: Fault) -> JsonObject:
        """Some of the user's own videos, without pages."""
        fields, _body, name = self._parameters(request)
        own = self._world.corpus.by_author.get(name, ())
        count = int((MAX_PINNED + 1) * fraction(self._world.profile.seed, "pinned", name))
        return {"pinned_videos_list": rows(self._world, own[:count], fields, f"pinned/{name}")}

    def reposted(self, request: Request, _: Fault) -> JsonObject:
        """The cursor is an index, and also counts deleted videos."""
        fields, body, name = self._parameters(request)
        videos = self._sample("reposted", name, MAX_REPOSTED)
        first = cursor(body)
        if first > len(videos):
            raise invalid_cursor()
        last = min(first + max_count(body, DEFAULT_COUNT), len(videos))
        return {
            "reposted_videos": rows(self._world, videos[first:last], fields, f"reposted/{name}/{first}"),
            "cursor": last,
            "has_more": last < len(videos),
        }

    def _parameters(self, request: Request) -> tuple[tuple[str, ...], JsonObject, str]:
        fields = requested_fields(request, FIELDS)
        body = read_body(request, self._world.profile)
        return fields, body, requested_user(self._world, body)

    def _sample(self, what: str, name: str, most: int) -> Sequence[Video]:
        """Some videos of the corpus, always the same."""
        draw = Random(f"{self._world.profile.seed}/{what}/{name}")
        videos = self._world.corpus.newest_first
        return draw.sample(videos, min(draw.randint(0, most), len(videos)))
