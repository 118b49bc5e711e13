"""What is erased in these tests, and pages that list it beside others."""

import json
from datetime import UTC, datetime

from gettok.collect.erased import Erased, user_digest
from gettok.collect.people import COMMENTS, USERS
from gettok.collect.tombstones import sha256
from gettok.purge.removal.names import ErasedNames
from gettok.research_api import Page

VIDEO, OTHER = "7174213904290307931", "7174213904290307932"
COMMENT, OTHER_COMMENT = "7174213904290307941", "7174213904290307942"
USER = "canary.user"
PSEUDONYM = "v0123456789abcdef0123"

NAMES = ErasedNames(
    Erased(frozenset({sha256(VIDEO)}), frozenset({sha256(COMMENT)}), frozenset({user_digest(USER)})),
    {sha256(PSEUDONYM)},
)


def page(text: object, path: str = "/research/video/query/?fields=id", **body) -> dict:
    """A stored page, as its answer has it."""
    request = {"path": path, "body": body}
    return Page(request, 200, {}, datetime(2023, 3, 15, tzinfo=UTC), json.dumps(text)).to_json()


def search_page() -> dict:
    videos = [
        {"id": int(VIDEO), "username": "ana", "video_description": "canary caption"},
        {"id": int(OTHER)},
    ]
    return page({"data": {"videos": videos}})


def comments_page(video: str, *comments: str) -> dict:
    rows = [{"id": int(comment), "text": f"says {comment}"} for comment in comments]
    return page({"data": {"comments": rows}}, f"/research/{COMMENTS}/?fields=id", video_id=int(video))


def profile_page(username: str) -> dict:
    return page(
        {"data": {"display_name": "Ana"}}, f"/research/{USERS}/?fields=display_name", username=username
    )
