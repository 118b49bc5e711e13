"""What a study of any number of videos takes: quota, time, money and disk, counted on paper. Nothing is asked.

The figures are those of `conf/plan/`, each with its source, and of the other settings: the quota, the pauses between
downloads, the frames of a video, the prices of the models.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil

from gettok.collect.estimate import days_of_quota
from gettok.pipeline.pricing.costs import Cost, PricedStage
from gettok.pipeline.pricing.expected_videos import TYPICAL_S, typical_frames
from gettok.research_api import PAGE_ROWS
from gettok.settings import Settings

_DAY_S, _HOUR_S = 86_400, 3600
#: The pause between two requests to a host is drawn between the setting and twice that.
_MEAN_PAUSES = 1.5


@dataclass(frozen=True)
class Machines:
    """Nodes of the size of the settings that do the work in so many days, if no node waits for another."""

    days: int
    gpu_nodes: int
    core_nodes: int


@dataclass(frozen=True)
class StudyOnPaper:
    """The sum for so many videos of `seconds` each; of a part of them, `media`, there is a file that plays.

    `disk_bytes` is by what takes them: media once, as the store, the workspace and DVC's cache share them where the
    filesystem can link; frames twice, in the store and in the table that the workspace shares with the cache.
    `models` is `None` if no price is set.
    """

    videos: int
    media: int
    seconds: int
    search_requests: int
    comment_requests: int
    user_requests: int
    quota_days: int
    download_days: float
    frames: int
    gpu_hours: float
    core_hours: float
    disk_bytes: dict[str, int]
    models: Cost | None

    @property
    def sound_hours(self) -> float:
        """How much sound is transcribed, pauses included."""
        return self.media * self.seconds / _HOUR_S

    def machines(self, settings: Settings, days: int) -> Machines:
        """How many nodes finish within these days."""
        hours = 24 * days
        return Machines(
            days,
            ceil(self.gpu_hours / hours / settings.plan.node_gpus),
            ceil(self.core_hours / hours / settings.plan.node_cores),
        )


def on_paper(settings: Settings, videos: int, stages: Iterable[PricedStage] | None) -> StudyOnPaper:
    """The sum for so many videos. `stages` are those that ask a model, priced; `None` if no price is set."""
    figures = settings.plan
    media = round(videos * figures.media_share)
    frames = media * typical_frames(settings.frames)
    ocr_s = figures.ocr_core_s if settings.ocr else 0.0
    searches, comments, users = _requests(settings, videos)
    return StudyOnPaper(
        videos=videos,
        media=media,
        seconds=TYPICAL_S,
        search_requests=searches,
        comment_requests=comments,
        user_requests=users,
        quota_days=_quota_days(settings, searches, comments, users),
        download_days=videos * _MEAN_PAUSES * settings.download.pause_s / _DAY_S,
        frames=frames,
        gpu_hours=media * TYPICAL_S / figures.asr_times_real_time / _HOUR_S,
        core_hours=frames * (figures.frame_core_s + ocr_s) / _HOUR_S,
        disk_bytes={
            "media": media * TYPICAL_S * figures.media_bytes_per_s,
            "frames": 2 * frames * figures.frame_bytes,
            "texts": videos * figures.text_bytes,
        },
        models=None if stages is None else _models(stages, media),
    )


def _requests(settings: Settings, videos: int) -> tuple[int, int, int]:
    """For pages of the search, for comments and for authors; 0 for what the settings do not ask for."""
    searches = max(
        ceil(videos / settings.plan.returned_share / PAGE_ROWS),
        ceil(((settings.study.end - settings.study.start).days + 1) / settings.source.window_days),
    )
    comments = videos if settings.collect.comments else 0
    return searches, comments, round(videos * settings.plan.authors_share) if settings.collect.users else 0


def _quota_days(settings: Settings, searches: int, comments: int, users: int) -> int:
    collect = settings.collect
    daily = collect.requests_per_day - collect.reserve
    limits = (daily, *(part.requests_per_day if part else 0 for part in (collect.comments, collect.users)))
    return days_of_quota(zip((searches, comments, users), limits, strict=True), daily)


def _models(stages: Iterable[PricedStage], media: int) -> Cost:
    """Of all videos with a file; the prompt injection variants are as many in a small study."""
    each = (stage.each for stage in stages if not stage.is_of_variants)
    return sum((cost.times(media) for cost in each), Cost())
