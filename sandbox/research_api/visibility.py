"""Which videos the Research API finds, and which it returns."""

from datetime import timedelta

from sandbox.chance import falls
from sandbox.clock import START
from sandbox.videos import Video
from sandbox.world import World


def is_found(world: World, video: Video) -> bool:
    """Whether a query can have it among its candidates: it is old enough, and not one of those passed over."""
    profile = world.profile
    newest = newest_found(world)
    return (newest is None or video.created <= newest) and not _falls(world, "hide", video, profile.hide_rate)


def newest_found(world: World) -> float | None:
    """The Unix second after which videos are too young for the archive; None: none is."""
    lag = world.profile.lag_hours
    return None if lag is None else (world.clock.now() - timedelta(hours=lag)).timestamp()


def is_returned(world: World, video: Video) -> bool:
    """Whether it still exists, for queries, comments and validation alike."""
    profile = world.profile
    return (
        video.id not in profile.hidden
        and not _falls(world, "drop", video, profile.drop_rate)
        and not (
            world.clock.now() - START >= timedelta(days=1)
            and _falls(world, "vanish", video, profile.vanish_rate)
        )
    )


def _falls(world: World, what: str, video: Video, share: float) -> bool:
    return falls(share, world.profile.seed, what, video.id)
