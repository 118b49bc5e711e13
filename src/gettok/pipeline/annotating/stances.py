"""The step that detects stances, and the inputs of each video that it is given."""

from collections.abc import Collection, Iterator
from pathlib import Path

from gettok.llm import CLOCK, Clock
from gettok.media.images import thin_out
from gettok.pipeline.answering import Skipped
from gettok.pipeline.inputs import FrameName, Video, frames_by_video, frames_digest, stored_frames, videos
from gettok.pipeline.paths import DATA
from gettok.settings import Settings, StanceInput
from gettok.settings.secrets import Secret
from gettok.stance.step import StanceInputs, StanceStep
from gettok.step import Item, digest_of
from gettok.tables import DESCRIPTIONS, TRANSCRIPTS, VIDEOS, Table


def step_of(settings: Settings, address: str, key: Secret, store: Path, clock: Clock = CLOCK) -> StanceStep:
    """The step that detects stances, with these settings."""
    return StanceStep(
        settings.llm, settings.prompts.stance, settings.study.stance, address, key, store, clock
    )


def items(inputs: Collection[StanceInput]) -> Iterator[Item[StanceInputs] | Skipped]:
    """Each video with its texts and frame, as far as `inputs` names them; skipped if it has none of them."""
    transcripts = _texts(TRANSCRIPTS, "transcripts", "text")
    descriptions = _texts(DESCRIPTIONS, "descriptions", "description")
    on_screen = _texts(DESCRIPTIONS, "descriptions", "on_screen_text")
    captions = _texts(VIDEOS, "videos", "description")
    frames = frames_by_video()
    for video in videos():
        video_id = video.video_id
        texts = transcripts[video_id], descriptions[video_id], on_screen[video_id], captions[video_id]
        frame = thin_out(frames.get(video.video_id, []), 1) if "frame" in inputs else []
        pictures = stored_frames(video, frame) if frame else None
        content = StanceInputs(*texts, pictures=pictures).only(inputs)
        if _is_enough(content.texts(), frame, inputs):
            yield _item(video, content, frame)
        else:
            yield Skipped(video.video_id, video.day, "no_inputs")


def _texts(table: Table, name: str, column: str) -> dict[str, str | None]:
    return dict(table.read(DATA / name, ["video_id", column]).rows())


def _is_enough(texts: Collection[str], frame: list[FrameName], inputs: Collection[StanceInput]) -> bool:
    """Whether the video can be judged. A caption alone is not enough, unless it is the only input that is wanted."""
    return bool(frame) or any(name != "caption" or len(inputs) == 1 for name in texts)


def _item(video: Video, content: StanceInputs, frame: list[FrameName]) -> Item[StanceInputs]:
    inputs = {"texts": digest_of(content.texts()), "frame": frames_digest(frame)}
    return Item(video.video_id, video.day, inputs, content)
