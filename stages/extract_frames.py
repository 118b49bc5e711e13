"""Take frames out of each video at the stride of the settings, as JPEG."""

from gettok.frames import FramesStep
from gettok.pipeline.inputs import media_days
from gettok.pipeline.paths import DATA
from gettok.pipeline.runner import Stage, run_stage
from gettok.step import Row
from gettok.store.atomic_write import atomic_dir
from gettok.tables import FRAMES

PARAMS = ("frames",)


def run(stage: Stage) -> None:
    with atomic_dir(DATA / "frames") as folder:
        stage.answer(
            FramesStep(stage.settings.frames),
            media_days(),
            folder,
            lambda day, rows: FRAMES.write_in_order(map(with_video_id, rows), folder / f"{day}.parquet"),
        )


def with_video_id(row: Row) -> Row:
    """The row with the video's id in the picture's file name: names are then unique when many videos are unpacked."""
    image = row.get("image")
    return row if image is None else row | {"image": image | {"path": f"{row['video_id']}_{image['path']}"}}


if __name__ == "__main__":
    run_stage(globals())
