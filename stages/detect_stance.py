"""Have a model judge each video's stance towards the study's target from transcript, description, texts and a frame."""

from collections.abc import Iterator

from gettok.pictures import thin_out
from gettok.stance import StanceInputs, StanceStep
from gettok.step import Item
from gettok.store import digest_of
from gettok.tables import DESCRIPTIONS, STANCES, TRANSCRIPTS, VIDEOS
from stages.answering import Lost, whole, writer_by_day
from stages.inputs import FrameName, Video, frames_by_video, stored, videos
from stages.sandboxed import addresses, model_key
from stages.shell import DATA, Stage, main

PARAMS = ("llm", "prompts.stance", "study.stance")


def run(stage: Stage) -> None:
    settings = stage.settings
    with addresses(settings.llm.base_url) as where, whole(DATA / "stances") as folder:
        address, key = where.of(settings.llm.base_url, "model"), model_key(settings.llm)
        step = StanceStep(settings.llm, settings.prompts.stance, settings.study.stance, address, key)
        stage.answer(step, list(_items()), writer_by_day(STANCES, folder))


def _items() -> Iterator[Item[StanceInputs] | Lost]:
    said = dict(TRANSCRIPTS.read(DATA / "transcripts", ["video_id", "text"]).rows())
    captions = dict(VIDEOS.read(DATA / "videos", ["video_id", "description"]).rows())
    seen = {
        video_id: (description, text)
        for video_id, description, text in DESCRIPTIONS.read(
            DATA / "descriptions", ["video_id", "description", "on_screen_text"]
        ).rows()
    }
    frames = frames_by_video()
    for video in videos():
        texts = (said[video.video_id], *seen[video.video_id], captions[video.video_id])
        yield _item(video, texts, thin_out(frames.get(video.video_id, []), 1))


def _item(video: Video, texts: tuple[str | None, ...], frame: list[FrameName]) -> Item[StanceInputs] | Lost:
    if not frame and not any(texts):
        return Lost(video.video_id, video.day, "no_inputs")
    transcript, description, on_screen_text, caption = texts
    pictures = stored(video, frame) if frame else None
    content = StanceInputs(transcript, description, on_screen_text, caption, pictures)
    return Item(video.video_id, video.day, {"texts": digest_of(texts), "frame": digest_of(frame)}, content)


if __name__ == "__main__":
    main(globals(), run)
