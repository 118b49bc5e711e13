"""Take frames out of each video at the stride of the settings, as JPEG."""

from gettok.frames import FramesStep
from gettok.tables import FRAMES
from stages.answering import whole
from stages.inputs import media_items
from stages.shell import DATA, Stage, main

PARAMS = ("frames",)


def run(stage: Stage) -> None:
    with whole(DATA / "frames") as folder:
        stage.answer(
            FramesStep(stage.settings.frames),
            list(media_items()),
            lambda day, rows: FRAMES.write_in_order(rows, folder / f"{day}.parquet"),
        )


if __name__ == "__main__":
    main(globals(), run)
