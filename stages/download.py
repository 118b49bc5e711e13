"""Fetch each video's file, check that it is whole and plays, and note its facts or the reason why there is none."""

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from gettok.download import CaptionsStep, DownloadStep, VideoLink, captions, lay, lay_captions, may_pass
from gettok.errors import Unusable
from gettok.pipeline.answering import Asking, whole
from gettok.pipeline.endpoints import addresses
from gettok.pipeline.inputs import videos
from gettok.pipeline.runner import DATA, Stage, main, say
from gettok.settings import Settings
from gettok.step import Answer, Item, Row
from gettok.store import Store
from gettok.tables import CAPTIONS, MEDIA

PARAMS = ("download", "source.name", "source.pages")


def run(stage: Stage) -> None:
    with opened_step(stage.settings) as step, whole(DATA / "media") as folder:
        items = [question(step, *video) for video in videos()]
        asking, later = stage.asking(step), stage.asking(CaptionsStep(step))
        kept = Kept(stage.store, folder, later)
        step.breaker.known = fetched(asking, items)
        later.ask([captions_of(item.content, item.day) for item in items if lacks_captions(asking, item)])
        stage.answer(step, items, kept.keep)
    MEDIA.write(kept.media, DATA / "media.parquet")
    CAPTIONS.write(kept.captions, DATA / "captions.parquet")
    if waiting := sum(may_pass(row.get("captions_trouble")) for row in kept.media):
        say(f"download: kept without their captions for now: {waiting}; the next run asks for these again")


@contextmanager
def opened_step(settings: Settings) -> Iterator[DownloadStep]:
    """The step of the settings, with a sandbox beside it if they ask for one. Files that are here need no pages."""
    pages = settings.source.pages
    asked = [] if settings.download.backend == "local" else [pages]
    with addresses(*asked) as where:
        found = where.of(pages, "pages") if asked else pages
        with closing(DownloadStep(settings.download, settings.source.name, found)) as step:
            step.open()
            yield step


def question(step: DownloadStep, video_id: str, day: str, username: str) -> Item[VideoLink]:
    """What is asked about a video."""
    link = VideoLink(video_id, username)
    return Item(video_id, day, step.inputs(link), link)


def captions_of(link: VideoLink, day: str) -> Item[VideoLink]:
    """What is asked where the captions alone are missing."""
    return Item(link.video_id, day, {"video_id": link.video_id}, link)


def lacks_captions(asking: Asking, item: Item[VideoLink]) -> bool:
    """Whether the video is kept and a passing trouble cost its captions."""
    answer = asking.store.get(asking.key(item).digest)
    told = answer.body.get("captions") if answer else None
    return told is not None and may_pass(told["trouble"])


def fetched(asking: Asking, items: Iterable[Item[VideoLink]]) -> VideoLink | None:
    """A video among these that is kept, if there is one."""
    for item in items:
        answer = asking.store.get(asking.key(item).digest)
        if answer is not None and "unusable" not in answer.body:
            return item.content
    return None


@dataclass(frozen=True)
class Kept:
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
    main(globals(), run)
