"""Users of the Research API: the authors of the corpus, and their followers."""

import re
from random import Random

from sandbox.chance import digits, fraction, happens
from sandbox.exchange import JsonObject, Request
from sandbox.faults import Fault
from sandbox.profiles import Names
from sandbox.research_api.oddities import ODD_END
from sandbox.research_api.parameters import invalid_params, read_body, requested_fields, username
from sandbox.world import World

FIELDS = (
    "display_name",
    "bio_description",
    "avatar_url",
    "is_verified",
    "follower_count",
    "following_count",
    "likes_count",
    "video_count",
    "bio_url",
)
FOLLOWER = re.compile(r"viewer_[0-9]{7}")
"""Names of users without videos in the corpus."""
AVATAR_TTL_S = 6 * 3600


def requested_user(world: World, body: JsonObject) -> str:
    """The requested username; refused for an unknown or hidden user in the words of tiktok-library's session."""
    name = username(body)
    profile = world.profile
    plain = name.removesuffix(ODD_END)
    exists = plain in world.corpus.by_author or FOLLOWER.fullmatch(plain)
    if not exists or _is_among(world, "gone", plain, profile.gone_users, profile.gone_rate):
        raise invalid_params(f"`username: {name}` is invalid: cannot find the user")
    if _is_among(world, "refused", plain, profile.refused_users, profile.refused_rate):
        raise invalid_params("API cannot return this user's information")
    return plain


def _is_among(world: World, what: str, name: str, named: Names, share: float) -> bool:
    return name in named or happens(share, world.profile.seed, what, name)


def follower_count(world: World, name: str) -> int:
    return int(10 ** (6 * fraction(world.profile.seed, "followers", name) ** 2)) - 1


def following_count(world: World, name: str) -> int:
    return int(10 ** (3.2 * fraction(world.profile.seed, "following", name))) - 1


def display_name(name: str) -> str:
    return name.replace("_", " ").title()


class Users:
    def __init__(self, world: World) -> None:
        self._world = world

    def info(self, request: Request, _: Fault) -> JsonObject:
        """`user/info/`: the fields, without the username."""
        fields = requested_fields(request, FIELDS)
        name = requested_user(self._world, read_body(request, self._world.profile))
        facts = self._facts(name)
        return {field: facts[field] for field in fields if facts[field] is not None}

    def _facts(self, name: str) -> JsonObject:
        """One user in ten has a like count above 32 bits (tiktok-library#109)."""
        draw = Random(f"{self._world.profile.seed}/user/{name}")
        videos = self._world.corpus.by_author.get(name, ())
        likes = sum(int(video.facts.get("like_count") or 0) for video in videos)
        expires = self._world.clock.timestamp() + AVATAR_TTL_S
        return {
            "display_name": display_name(name),
            "bio_description": draw.choice(("", "Noticias del Perú 🇵🇪", "contacto: a*****@*****\nLima")),
            "avatar_url": f"https://p16-sign.example/avatar/{digits(16, name)}.jpeg?x-expires={expires}",
            "is_verified": draw.random() < 0.05,
            "follower_count": follower_count(self._world, name),
            "following_count": following_count(self._world, name),
            "likes_count": likes + (2**32 if draw.random() < 0.1 else 0),
            "video_count": len(videos) + draw.randrange(200),
            "bio_url": f"https://example.org/{name}" if draw.random() < 0.2 else None,
        }
