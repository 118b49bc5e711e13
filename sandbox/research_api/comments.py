"""Comments on videos, and replies to them; none is stored, as each follows from the seed and its video."""

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from random import Random

from sandbox.exchange import JsonObject, Request
from sandbox.faults import Fault
from sandbox.research_api.parameters import (
    cursor,
    invalid_cursor,
    invalid_params,
    max_count,
    parse_id,
    read_body,
    requested_fields,
)
from sandbox.research_api.visibility import is_available
from sandbox.videos import Video
from sandbox.world import World

FIELDS = ("id", "video_id", "text", "like_count", "reply_count", "parent_comment_id", "create_time")
INTEGERS = frozenset({"id", "video_id", "parent_comment_id"})
DEFAULT_COUNT = 10
NUMBER_BITS, REPLY_BITS = 13, 3
MAX_REPLIES = 3
EARLIEST_S, LATEST_S = 60, 6 * 86400
"""How long after its video, or after the comment that it replies to, a comment is written."""

TEXTS = (
    "",
    "Totalmente de acuerdo",
    "no lo creo 🤔",
    "Fuerza Perú 🇵🇪🇵🇪",
    "mi número es 40******30",
    "escríbeme a a*******@********************",
    "whatsapp ****6471",
    "@canal.ejemplo mira esto",
    "jajaja\nqué tal",
    "y la prensa calla",
    "👏👏👏",
)
"""Private data is masked with asterisks, as in the documentation's examples; a text can be empty."""


@dataclass(frozen=True, slots=True)
class Comment:
    id: str
    video: Video
    number: int
    reply: int
    """0 for a comment that is not a reply."""
    parent: str
    """For a comment on the video itself, the video's id."""
    create_time: int
    text: str
    like_count: int
    reply_count: int

    def row(self, fields: tuple[str, ...]) -> JsonObject:
        values: JsonObject = {
            "id": self.id,
            "video_id": self.video.id,
            "text": self.text,
            "like_count": self.like_count,
            "parent_comment_id": self.parent,
            "create_time": self.create_time,
        } | ({"reply_count": self.reply_count} if self.reply_count else {})
        return {
            name: int(values[name]) if name in INTEGERS else values[name] for name in fields if name in values
        }


class Comments:
    """A comment's id encodes its time, a 16-bit hash of its video, its number and its reply number."""

    def __init__(self, world: World) -> None:
        self._world = world

    def page(self, request: Request, _: Fault) -> JsonObject:
        """`video/comment/list/`: the cursor is an index; the order is not by time."""
        fields = requested_fields(request, FIELDS)
        body = read_body(request, self._world.profile)
        video_id, comment_id = parse_id(body, "video_id"), parse_id(body, "comment_id")
        if (video_id is None) == (comment_id is None):
            raise invalid_params("Exactly one of video_id and comment_id is required")
        first, count = cursor(body), max_count(body, DEFAULT_COUNT)
        cap = self._world.profile.comment_cap
        if cap is not None and first + count > cap:
            raise invalid_cursor()
        positions = self._comments_on(video_id) if video_id else self._replies_to(str(comment_id))
        if first > len(positions):
            raise invalid_cursor()
        last = min(first + count, len(positions))
        comments = [self._comment(*position) for position in positions[first:last]]
        gone = self._world.profile.gone_comments
        shown = [comment.row(fields) for comment in comments if comment.id not in gone]
        return {"comments": shown, "cursor": last, "has_more": last < len(positions)}

    def is_valid(self, comment_id: str) -> bool:
        """Whether the comment exists on a video that still exists."""
        return comment_id not in self._world.profile.gone_comments and self._find(comment_id) is not None

    def _comments_on(self, video_id: str) -> list[tuple[Video, int, int]]:
        """Empty for a video that is unknown or deleted; what the real API answers then is not known."""
        video = self._world.corpus.videos.get(video_id)
        if video is None or not is_available(self._world, video):
            return []
        return [(video, number, 0) for number in range(_count(video))]

    def _replies_to(self, comment_id: str) -> list[tuple[Video, int, int]]:
        comment = self._find(comment_id)
        if comment is None or comment.reply:
            return []
        return [(comment.video, comment.number, reply + 1) for reply in range(comment.reply_count)]

    def _find(self, comment_id: str) -> Comment | None:
        low = int(comment_id)
        number, reply = (low >> REPLY_BITS) % (1 << NUMBER_BITS), low % (1 << REPLY_BITS)
        for video in self._by_hash.get((low >> 16) % 2**16, ()):
            if number < _count(video) and is_available(self._world, video):
                comment = self._comment(video, number, reply)
                if comment.id == comment_id and reply <= self._comment(video, number, 0).reply_count:
                    return comment
        return None

    @cached_property
    def _by_hash(self) -> Mapping[int, list[Video]]:
        by_hash = defaultdict[int, list[Video]](list)
        for video in self._world.corpus.videos.values():
            by_hash[_hash(video)].append(video)
        return by_hash

    def _comment(self, video: Video, number: int, reply: int) -> Comment:
        draw = Random(f"{self._world.profile.seed}/comment/{video.id}/{number}/{reply}")
        parent = self._comment(video, number, 0) if reply else None
        created = (parent.create_time if parent else video.created) + draw.randrange(EARLIEST_S, LATEST_S)
        low = (_hash(video) << 16) + (number << REPLY_BITS) + reply
        return Comment(
            id=str((created << 32) + low),
            video=video,
            number=number,
            reply=reply,
            parent=parent.id if parent else video.id,
            create_time=created,
            text=draw.choice(TEXTS),
            like_count=int(10 ** draw.uniform(0, 2)) - 1,
            reply_count=0 if reply or draw.random() < 0.7 else draw.randint(1, MAX_REPLIES),
        )


def _count(video: Video) -> int:
    return min(int(video.facts.get("comment_count") or 0), 1 << NUMBER_BITS)


def _hash(video: Video) -> int:
    return int(hashlib.sha256(video.id.encode()).hexdigest()[:4], 16)
