"""Fetch each video's file, check that it is whole and plays, and note its facts or the reason why there is none."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from gettok.download import CaptionsStep, VideoLink, captions, is_transient, write_captions, write_files
from gettok.errors import Unusable
from gettok.pipeline.answering import Asking
from gettok.pipeline.downloading import (
    any_fetched,
    captions_item,
    lacks_captions,
    opened_step,
    video_item,
)
from gettok.pipeline.inputs import videos
from gettok.pipeline.paths import DATA
from gettok.pipeline.runner import Stage, run_stage, say
from gettok.step import Answer, Row
from gettok.store import Store
from gettok.store.atomic_write import atomic_dir
from gettok.tables import CAPTIONS, MEDIA

PARAMS = ("download", "source.name", "source.pages")


def run(stage: Stage) -> None:
    with opened_step(stage.settings) as step, atomic_dir(DATA / "media") as folder:
        items = [video_item(step, *video) for video in videos()]
        asking, retry = stage.asking(step), stage.asking(CaptionsStep(step))
        writer = MediaWriter(stage.store, folder, retry)
        step.breaker.last_fetched = any_fetched(asking, items)
        retry.ask([captions_item(item.content, item.day) for item in items if lacks_captions(asking, item)])
        stage.keep_books(asking.table(items, writer.write_day))
    MEDIA.write(writer.media, DATA / "media.parquet")
    CAPTIONS.write(writer.captions, DATA / "captions.parquet")
    if waiting := sum(is_transient(row.get("captions_trouble")) for row in writer.media):
        say(f"download: kept without their captions for now: {waiting}; the next run asks for these again")


@dataclass(frozen=True)
class MediaWriter:
    """Writes the files of each day into the folder, and collects the rows of both tables."""

    store: Store
    folder: Path
    retry: Asking
    media: list[Row] = field(default_factory=list)
    captions: list[Row] = field(default_factory=list)

    def write_day(self, _day: str, rows: Iterable[Row]) -> None:
        for row in rows:
            if row["status"] == "ok":
                answer = self.store.get(row["answer_key"])
                assert answer is not None
                row["file"] = write_files(answer, self.folder, row["video_id"])
                self._add_captions(row, self._with_captions(row, answer))
            self.media.append(row)

    def _with_captions(self, row: Row, answer: Answer) -> Answer:
        """The answer that has the video's captions: the video's own, or a later one with the captions alone."""
        if not is_transient(row["captions_trouble"]):
            return answer
        item = captions_item(VideoLink(row["video_id"], ""), "")
        later = self.store.get(self.retry.key(item).digest)
        if later is None:
            return answer
        try:
            (facts,) = self.retry.read(later)
        except Unusable as refused:
            row["captions_trouble"] = str(refused)
            return answer
        row["captions_trouble"] = facts["trouble"]
        write_captions(later, self.folder, row["video_id"])
        return later

    def _add_captions(self, row: Row, answer: Answer) -> None:
        if "captions" not in answer.blobs:
            return
        video_id = row["video_id"]
        try:
            self.captions.append(
                captions.row(video_id, answer.body["captions"], answer.blobs["captions"].read())
            )
        except Unusable as damage:
            row["captions_trouble"] = str(damage)
            say(f"download: the captions of {video_id} cannot be read and are left out: {damage.detail}")


if __name__ == "__main__":
    run_stage(globals())
