"""Have a model judge each video's stance towards the study's target from transcript, description, texts and a frame."""

from collections.abc import Collection, Iterable, Iterator

from gettok.llm import heeding
from gettok.media.images import thin_out
from gettok.pipeline.annotating.models import asking_models
from gettok.pipeline.annotating.prompt_injection import attack
from gettok.pipeline.answering import Lost, whole, writer_by_day
from gettok.pipeline.endpoints import addresses, model_key
from gettok.pipeline.inputs import FrameName, Video, frames_by_video, stored, to_be_seen, videos
from gettok.pipeline.runner import DATA, Stage, main
from gettok.settings import StanceInput
from gettok.stance import StanceInputs, StanceStep
from gettok.stance.prompt_injection.variants import check
from gettok.step import Item, Row, digest_of
from gettok.tables import DESCRIPTIONS, STANCES, TRANSCRIPTS, VIDEOS, Table

PARAMS = ("llm", "prompts.stance", "study.stance", "attacks")


def run(stage: Stage) -> None:
    settings = stage.settings
    entries = list(items(settings.prompts.stance.inputs))
    with addresses(settings.llm.base_url) as where:
        address, key = where.of(settings.llm.base_url, "model"), model_key(settings.llm)
        prompt, target = settings.prompts.stance, settings.study.stance
        clock = heeding(stage.stop)
        step = StanceStep(settings.llm, prompt, target, address, key, stage.store.root, clock)
        if settings.attacks:
            check(settings.attacks, step)
        with asking_models(stage, address, key) as asking:
            attack(asking, step, entries, _judge(asking, step, entries))


def _judge(asking: Stage, step: StanceStep, entries: list[Item[StanceInputs] | Lost]) -> dict[str, str]:
    """Write the table of stances; gives back the label of each video that has one."""
    labels: dict[str, str] = {}
    with whole(DATA / "stances") as folder:
        write = writer_by_day(STANCES, folder)

        def keep(day: str, rows: Iterable[Row]) -> None:
            judged = list(rows)
            write(day, judged)
            labels.update((row["video_id"], row["label"]) for row in judged if row["status"] == "ok")

        asking.answer(step, entries, keep)
    return labels


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
        content = StanceInputs(*texts, pictures=pictures).only(inputs)
        if _is_enough(content.texts(), frame, inputs):
            yield _item(video, content, frame)
        else:
            yield Lost(video.video_id, video.day, "no_inputs")


def _texts(table: Table, name: str, column: str) -> dict[str, str | None]:
    return dict(table.read(DATA / name, ["video_id", column]).rows())


def _is_enough(texts: Collection[str], frame: list[FrameName], inputs: Collection[StanceInput]) -> bool:
    """Whether there is something to judge. A caption alone is not the video, unless nothing else is asked for."""
    return bool(frame) or any(name != "caption" or len(inputs) == 1 for name in texts)


def _item(video: Video, content: StanceInputs, frame: list[FrameName]) -> Item[StanceInputs]:
    inputs = {"texts": digest_of(content.texts()), "frame": to_be_seen(frame)}
    return Item(video.video_id, video.day, inputs, content)


if __name__ == "__main__":
    main(globals(), run)
