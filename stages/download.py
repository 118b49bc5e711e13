"""Fetch each video's file, check that it is whole and plays, and note its facts or the reason why there is none."""

from collections.abc import Callable
from pathlib import Path

from gettok.download import DownloadStep, VideoLink
from gettok.step import Item, Row
from gettok.store import Store
from gettok.store.blobs import place
from gettok.tables import MEDIA
from stages.answering import whole
from stages.inputs import videos
from stages.sandboxed import addresses
from stages.shell import DATA, Stage, main

PARAMS = ("download", "source.name", "source.pages")


def run(stage: Stage) -> None:
    settings = stage.settings
    items = [
        Item(
            video.video_id, video.day, {"video_id": video.video_id}, VideoLink(video.video_id, video.username)
        )
        for video in videos()
    ]
    rows: list[Row] = []
    with addresses(settings.source.pages) as where, whole(DATA / "media") as folder:
        pages = where.of(settings.source.pages, "pages")
        step = DownloadStep(settings.download, settings.source.name, pages)
        stage.answer(step, items, _keeper(stage.store, folder, rows))
    MEDIA.write(rows, DATA / "media.parquet")


def _keeper(store: Store, folder: Path, rows: list[Row]) -> Callable[[str, list[Row]], None]:
    """Put each file under its video's id into the folder, sharing the store's bytes where the filesystem can."""

    def keep(_day: str, of_day: list[Row]) -> None:
        for row in of_day:
            if row["status"] == "ok":
                row["file"] = f"{row['video_id']}.mp4"
                answer = store.get(row["answer_key"])
                assert answer is not None
                place(answer.blobs["media"], folder / row["file"])
        rows.extend(of_day)

    return keep


if __name__ == "__main__":
    main(globals(), run)
