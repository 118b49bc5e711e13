"""Fetch each video's file, check that it is whole and plays, and note its facts or the reason why there is none."""

import polars as pl

from gettok.download import is_transient
from gettok.pipeline.downloading import opened_step, video_item
from gettok.pipeline.inputs import videos
from gettok.pipeline.media_days import MediaDays
from gettok.pipeline.paths import DATA
from gettok.pipeline.runner import Stage, run_stage, say
from gettok.store.atomic_write import atomic_dir
from gettok.tables import CAPTIONS, MEDIA

PARAMS = ("download", "source.name", "source.pages")


def run(stage: Stage) -> None:
    with opened_step(stage.settings) as step, atomic_dir(DATA / "media") as folder:
        made = MediaDays(stage, step, folder).make([video_item(step, *video) for video in videos()])
    stage.keep_books(made.books)
    MEDIA.write(made.media, DATA / "media.parquet")
    CAPTIONS.write(made.captions, DATA / "captions.parquet")
    troubles = made.media.filter(pl.col("captions_trouble").is_not_null())["captions_trouble"]
    if waiting := sum(map(is_transient, troubles)):
        say(f"download: kept without their captions for now: {waiting}; the next run asks for these again")


if __name__ == "__main__":
    run_stage(globals())
