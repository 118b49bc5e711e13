"""Have a model describe each video from its frames, and write down the text on the screen."""

from collections.abc import Iterator

from gettok.describe import DescribeStep
from gettok.llm import heeding
from gettok.media.images import Pictures, thin_out
from gettok.pipeline.annotating.models import asking_models
from gettok.pipeline.annotating.ocr import read_screens
from gettok.pipeline.answering import Lost, whole, writer_by_day
from gettok.pipeline.endpoints import addresses, model_key
from gettok.pipeline.inputs import frames_by_video, stored, to_be_seen, videos
from gettok.pipeline.runner import DATA, Stage, main
from gettok.step import Item, digest_of
from gettok.tables import DESCRIPTIONS

PARAMS = ("llm", "prompts.describe", "ocr")


def run(stage: Stage) -> None:
    settings = stage.settings
    entries = list(items(settings.llm.max_frames))
    screens = read_screens(stage, entries)
    with addresses(settings.llm.base_url) as where, whole(DATA / "descriptions") as folder:
        address = where.of(settings.llm.base_url, "model")
        key = model_key(settings.llm)
        clock = heeding(stage.stop)
        step = DescribeStep(settings.llm, settings.prompts.describe, address, key, stage.store.root, clock)
        with asking_models(stage, address, key) as asking:
            asking.answer(step, entries, screens.beside(writer_by_day(DESCRIPTIONS, folder)))


def items(most: int) -> Iterator[Item[Pictures] | Lost]:
    """Each video with at most so many of its frames, or lost where it has none."""
    frames = frames_by_video()
    for video in videos():
        shown = thin_out(frames.get(video.video_id, []), most)
        if shown:
            inputs = {"frames": to_be_seen(shown), "times": digest_of([frame.time_s for frame in shown])}
            yield Item(video.video_id, video.day, inputs, stored(video, shown))
        else:
            yield Lost(video.video_id, video.day, "no_frames")


if __name__ == "__main__":
    main(globals(), run)
