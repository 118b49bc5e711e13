"""Have a model judge each video's stance towards the study's target from transcript, description, texts and a frame."""

from collections.abc import Collection, Iterator

from gettok.canonical import digest_of
from gettok.pictures import thin_out
from gettok.settings import StanceInput
from gettok.stance import StanceInputs, StanceStep
from gettok.step import Item, Row
from gettok.tables import DESCRIPTIONS, STANCES, TRANSCRIPTS, VIDEOS, Table
from stages.answering import Lost, whole, writer_by_day
from stages.attacking import attack
from stages.inputs import FrameName, Video, frames_by_video, stored, videos
from stages.sandboxed import addresses, model_key
from stages.shell import DATA, Stage, main

PARAMS = ("llm", "prompts.stance", "study.stance", "attacks")


def run(stage: Stage) -> None:
    settings = stage.settings
    entries = list(items(settings.prompts.stance.inputs))
    labels: dict[str, str] = {}
    with addresses(settings.llm.base_url) as where:
        address, key = where.of(settings.llm.base_url, "model"), model_key(settings.llm)
        prompt, target = settings.prompts.stance, settings.study.stance
        step = StanceStep(settings.llm, prompt, target, address, key, stage.store.root)
        with whole(DATA / "stances") as folder:
            write = writer_by_day(STANCES, folder)

            def keep(day: str, rows: list[Row]) -> None:
                write(day, rows)
                labels.update((row["video_id"], row["label"]) for row in rows if row["status"] == "ok")

            stage.answer(step, entries, keep)
        attack(stage, step, entries, labels)


def items(inputs: Collection[StanceInput]) -> Iterator[Item[StanceInputs] | Lost]:
    """Each video with those of its texts and frames that are wanted, or lost where there is none of them."""
    said = _texts(TRANSCRIPTS, "transcripts", "text")
    described = _texts(DESCRIPTIONS, "descriptions", "description")
    on_screen = _texts(DESCRIPTIONS, "descriptions", "on_screen_text")
    captions = _texts(VIDEOS, "videos", "description")
    frames = frames_by_video()
    for video in videos():
        this = video.video_id
        texts = said[this], described[this], on_screen[this], captions[this]
        frame = thin_out(frames.get(video.video_id, []), 1) if "frame" in inputs else []
        pictures = stored(video, frame) if frame else None
        yield _item(video, StanceInputs(*texts, pictures=pictures).only(inputs), frame)


def _texts(table: Table, name: str, column: str) -> dict[str, str | None]:
    return dict(table.read(DATA / name, ["video_id", column]).rows())


def _item(video: Video, content: StanceInputs, frame: list[FrameName]) -> Item[StanceInputs] | Lost:
    texts = content.texts()
    if not (texts or frame):
        return Lost(video.video_id, video.day, "no_inputs")
    return Item(video.video_id, video.day, {"texts": digest_of(texts), "frame": digest_of(frame)}, content)


if __name__ == "__main__":
    main(globals(), run)
