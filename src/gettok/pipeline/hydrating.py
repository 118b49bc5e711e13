"""Asking for the videos of a release again: the list of their ids, and what the stages found of them."""

from pathlib import Path

import polars as pl

from gettok.errors import BadInput, counted
from gettok.hydrate import Hydrated, PublishedRelease
from gettok.pipeline.outputs import is_made, output, was_read_as_now
from gettok.pipeline.paths import INPUTS
from gettok.pipeline.recorded_settings import recorded_settings
from gettok.settings import Settings
from gettok.store.atomic_write import atomic_write
from gettok.tables import IDS, MEDIA, VIDEOS

#: The list that `source=ids` reads.
ID_LIST = INPUTS / "collect" / "ids.csv"


def write_ids(release: PublishedRelease, path: Path = ID_LIST) -> None:
    """Write the list of the release's ids; raises `BadInput` if another list is there."""
    content = "\n".join(["video_id", *release.ids, ""]).encode("ascii")
    if path.exists() and path.read_bytes() != content:
        raise BadInput(
            f"{path} is another list of ids",
            "left it as it is, and wrote nothing",
            "move it away if it is no longer needed; or hydrate the release in a repository of its own",
        )
    atomic_write(path, content)


def hydrated(release: PublishedRelease, settings: Settings, can: str) -> Hydrated:
    """What the last run found of a release's videos. `can` says how to ask for those that it was not asked for."""
    if not is_made("ids.parquet") or not is_made("videos"):
        raise _not_asked("there are no tables of its videos in data/", can)
    states = _states(release, can)
    videos = VIDEOS.read(output("videos"), ["video_id", "created_at", "observed_at"])
    ours = states.filter(state="found").join(videos, on="video_id", how="left")
    if ours["observed_at"].has_nulls():
        raise _not_asked("data/videos was made before data/ids.parquet", can)
    with_media = is_made("media.parquet") and was_read_as_now("download", "videos")
    return Hydrated(
        source=recorded_settings("collect").get("source", {}).get("name", settings.source.name),
        videos=states.join(ours.select("video_id", "created_at"), on="video_id", how="left").join(
            _digests(with_media=with_media), on="video_id", how="left"
        ),
        with_media=with_media,
        observed=(ours["observed_at"].min(), ours["observed_at"].max()) if ours.height else None,  # type: ignore[arg-type]
    )


def _states(release: PublishedRelease, can: str) -> pl.DataFrame:
    """Each of the release's ids with its state: `found`, or a reason. The table does not name erased videos."""
    table = IDS.read(output("ids.parquet"), ["video_id", "state", "is_repeated"]).filter(
        ~pl.col("is_repeated")
    )
    states = release.videos.select("video_id").join(
        table.select("video_id", "state"), on="video_id", how="left"
    )
    if (lacking := states["state"].null_count()) > table.filter(state="erased").height:
        raise _not_asked(f"data/ids.parquet lacks {counted(lacking, 'video')} of it", can)
    if outside := states.filter(state="outside_study").height:
        raise _not_asked(f"the study's days in the settings leave out {counted(outside, 'video')} of it", can)
    return states.with_columns(pl.col("state").fill_null("erased"))


def _digests(*, with_media: bool) -> pl.DataFrame:
    """The SHA-256 of the media of each video that has any."""
    if not with_media:
        return MEDIA.frame([]).select("video_id", "sha256")
    return MEDIA.read(output("media.parquet"), ["video_id", "sha256"])


def _not_asked(what: str, can: str) -> BadInput:
    return BadInput(f"the release was not asked for: {what}", "compared nothing", can)
