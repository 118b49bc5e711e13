"""Playlists: the videos of the corpus that name the same one."""

from sandbox.exchange import JsonObject, Request
from sandbox.faults import Fault
from sandbox.research_api.parameters import (
    body_of,
    cursor,
    invalid_cursor,
    invalid_params,
    max_count,
    required_identity,
)
from sandbox.research_api.visibility import is_returned
from sandbox.world import World

DEFAULT_COUNT = 20


class Playlists:
    def __init__(self, world: World) -> None:
        self._world = world

    def info(self, request: Request, _: Fault) -> JsonObject:
        """`playlist/info/`: its facts and a page of its ids; the cursor counts what is gone too."""
        body = body_of(request, self._world.profile)
        playlist_id = required_identity(body, "playlist_id")
        videos = self._world.corpus.by_playlist.get(playlist_id)
        if videos is None:
            raise invalid_params(f"Playlist {playlist_id} cannot be found")
        first = cursor(body)
        if first > len(videos):
            raise invalid_cursor()
        last = min(first + max_count(body, DEFAULT_COUNT), len(videos))
        here = [int(video.id) for video in videos[first:last] if is_returned(self._world, video)]
        return {
            "playlist_id": int(playlist_id),
            "playlist_item_total": len(videos),
            "playlist_last_updated": max(video.created for video in videos),
            "playlist_name": f"Lista {playlist_id[-4:]}",
            "playlist_video_ids": here,
            "has_more": last < len(videos),
            "cursor": last,
        }
