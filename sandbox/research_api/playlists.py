"""Playlists: the videos of the corpus with the same playlist id."""

from sandbox.exchange import JsonObject, Request
from sandbox.faults import Fault
from sandbox.research_api.parameters import (
    cursor,
    invalid_cursor,
    invalid_params,
    max_count,
    read_body,
    required_id,
)
from sandbox.research_api.visibility import is_available
from sandbox.world import World

DEFAULT_COUNT = 20


class Playlists:
    def __init__(self, world: World) -> None:
        self._world = world

    def info(self, request: Request, _: Fault) -> JsonObject:
        """`playlist/info/`: its facts and a page of video ids; the cursor also counts deleted videos."""
        body = read_body(request, self._world.profile)
        playlist_id = required_id(body, "playlist_id")
        videos = self._world.corpus.by_playlist.get(playlist_id)
        if videos is None:
            raise invalid_params(f"Playlist {playlist_id} cannot be found")
        first = cursor(body)
        if first > len(videos):
            raise invalid_cursor()
        last = min(first + max_count(body, DEFAULT_COUNT), len(videos))
        available = [int(video.id) for video in videos[first:last] if is_available(self._world, video)]
        return {
            "playlist_id": int(playlist_id),
            "playlist_item_total": len(videos),
            "playlist_last_updated": max(video.created for video in videos),
            "playlist_name": f"Lista {playlist_id[-4:]}",
            "playlist_video_ids": available,
            "has_more": last < len(videos),
            "cursor": last,
        }
