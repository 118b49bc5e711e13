"""The step that describes videos, and the frames of each video that it is given."""

from collections.abc import Iterator
from pathlib import Path

from gettok.describe.step import DescribeStep
from gettok.llm import CLOCK, Clock
from gettok.media.images import Pictures, thin_out
from gettok.pipeline.answering import Skipped
from gettok.pipeline.inputs import frames_by_video, frames_digest, stored_frames, videos
from gettok.settings import Settings
from gettok.settings.secrets import Secret
from gettok.step import Item, digest_of


def step_of(settings: Settings, address: str, key: Secret, store: Path, clock: Clock = CLOCK) -> DescribeStep:
    """The step that describes videos, with these settings."""
    return DescribeStep(settings.llm, settings.prompts.describe, address, key, store, clock)


def items(max_frames: int) -> Iterator[Item[Pictures] | Skipped]:
    """Each video with at most `max_frames` of its frames, or skipped if it has none."""
    frames = frames_by_video()
    for video in videos():
        shown = thin_out(frames.get(video.video_id, []), max_frames)
        if shown:
            inputs = {"frames": frames_digest(shown), "times": digest_of([frame.time_s for frame in shown])}
            yield Item(video.video_id, video.day, inputs, stored_frames(video, shown))
        else:
            yield Skipped(video.video_id, video.day, "no_frames")
