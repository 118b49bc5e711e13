"""Fetch each video's file, check that it is whole and plays, and note its facts or the reason why there is none."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from gettok.download import CaptionsStep, VideoLink, captions, lay, lay_captions, may_pass
from gettok.errors import Unusable
from gettok.pipeline.answering import Asking, atomic_dir
from gettok.pipeline.downloading import captions_of, fetched, lacks_captions, opened_step, question
from gettok.pipeline.inputs import videos
from gettok.pipeline.paths import DATA
from gettok.pipeline.runner import Stage, run_stage, say
from gettok.step import Answer, Row
from gettok.store import Store
from gettok.tables import CAPTIONS, MEDIA

PARAMS = ("download", "source.name", "source.pages")


def run(stage: Stage) -> None:
    with opened_step(stage.settings) as step, atomic_dir(DATA / "media") as folder:
        items = [question(step, *video) for video in videos()]
        asking, later = stage.asking(step), stage.asking(CaptionsStep(step))
        kept = MediaWriter(stage.store, folder, later)
        step.breaker.known = fetched(asking, items)
        later.ask([captions_of(item.content, item.day) for item in items if lacks_captions(asking, item)])
        stage.answer(step, items, kept.keep)
    MEDIA.write(kept.media, DATA / "media.parquet")
    CAPTIONS.write(kept.captions, DATA / "captions.parquet")
    if waiting := sum(may_pass(row.get("captions_trouble")) for row in kept.media):
        say(f"download: kept without their captions for now: {waiting}; the next run asks for these again")


@dataclass(frozen=True)
class MediaWriter:
    """Puts files into the folder as their days go by, and gathers the rows of both tables."""

    store: Store
    folder: Path
    later: Asking
    media: list[Row] = field(default_factory=list)
    captions: list[Row] = field(default_factory=list)

    def keep(self, _day: str, of_day: Iterable[Row]) -> None:
        for row in of_day:
            if row["status"] == "ok":
                answer = self.store.get(row["answer_key"])
                assert answer is not None
                row["file"] = lay(answer, self.folder, row["video_id"])
                self._keep_captions(row, self._newest(row, answer))
            self.media.append(row)

    def _newest(self, row: Row, answer: Answer) -> Answer:
        """The answer with the video's captions: its own, or the later one about them alone."""
        if not may_pass(row["captions_trouble"]):
            return answer
        asked = captions_of(VideoLink(row["video_id"], ""), "")
        later = self.store.get(self.later.key(asked).digest)
        if later is None:
            return answer
        try:
            (facts,) = self.later.read(later)
        except Unusable as refused:
            row["captions_trouble"] = str(refused)
            return answer
        row["captions_trouble"] = facts["trouble"]
        lay_captions(later, self.folder, row["video_id"])
        return later

    def _keep_captions(self, row: Row, answer: Answer) -> None:
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
