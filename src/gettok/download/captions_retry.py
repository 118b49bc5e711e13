"""Captions that a passing trouble cost: asked for again, alone, of videos that are kept already."""

from collections.abc import Mapping
from dataclasses import dataclass

from gettok.download.backend import VideoLink
from gettok.download.mirrors import PASSING
from gettok.download.step import DownloadStep
from gettok.step import Answer, Json, Row, Workers


@dataclass(frozen=True)
class CaptionsStep:
    """One video's captions. Its answers have keys of their own, so that the video's stays as it is."""

    videos: DownloadStep
    stage = "captions"
    version = 1

    @property
    def settings(self) -> Mapping[str, Json]:
        return self.videos.settings

    @property
    def workers(self) -> Workers:
        return self.videos.workers

    def open(self) -> None:
        """Raises `BadSettings` for pages that are not TikTok's."""
        self.videos.open()

    def ask(self, content: VideoLink) -> Answer:
        """Raises `Unusable`, and `NotNow` as the step of the videos does."""
        return self.videos.ask_captions(content)

    def read(self, answer: Answer) -> list[Row]:
        return [dict(answer.body["captions"])]


def may_pass(trouble: str | None) -> bool:
    """Whether captions that could not be had for this trouble may be had another time."""
    return trouble is not None and trouble.partition(":")[0] in PASSING
