"""Which videos the Research API's search finds, and which videos it returns."""

from datetime import timedelta

from sandbox.chance import happens
from sandbox.clock import START
from sandbox.videos import Video
from sandbox.world import World


def is_searchable(world: World, video: Video) -> bool:
    """Whether the video can be a query's candidate: it is old enough, and not one of those that search misses."""
    profile = world.profile
    newest = newest_searchable(world)
    return (newest is None or video.created <= newest) and not _happens(
        world, "hide", video, profile.hide_rate
    )


def newest_searchable(world: World) -> float | None:
    """The Unix time of the newest video in the search index; None if there is no lag."""
    lag = world.profile.lag_hours
    return None if lag is None else (world.clock.now() - timedelta(hours=lag)).timestamp()


def is_available(world: World, video: Video) -> bool:
    """Whether the video still exists for queries, comments and validation."""
    profile = world.profile
    return (
        video.id not in profile.hidden
        and not _happens(world, "drop", video, profile.drop_rate)
        and not (
            world.clock.now() - START >= timedelta(days=1)
            and _happens(world, "vanish", video, profile.vanish_rate)
        )
    )


def _happens(world: World, what: str, video: Video, share: float) -> bool:
    return happens(share, world.profile.seed, what, video.id)
