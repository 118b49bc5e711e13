"""Asks again for captions that a transient failure cost, without fetching the video again."""

from collections.abc import Mapping
from dataclasses import dataclass

from gettok.download.backend import VideoLink
from gettok.download.mirrors import TRANSIENT
from gettok.download.step import DownloadStep
from gettok.step import Answer, Json, Row, Workers


@dataclass(frozen=True)
class CaptionsStep:
    """One video's captions. Its answers have their own keys, so that the video's answer stays as it is."""

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
        """Raises `BadSettings` if the pages are not TikTok's."""
        self.videos.open()

    def ask(self, content: VideoLink) -> Answer:
        """Raises `Unusable`, and `NotNow` as the videos' step does."""
        return self.videos.ask_captions(content)

    def read(self, answer: Answer) -> list[Row]:
        return [dict(answer.body["captions"])]


def is_transient(trouble: str | None) -> bool:
    """Whether captions that failed for this reason may succeed another time."""
    return trouble is not None and trouble.partition(":")[0] in TRANSIENT
