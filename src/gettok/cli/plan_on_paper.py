"""`gettok plan --videos N`: the sum for so many videos, line by line."""

from collections.abc import Iterator

from gettok.errors import counted
from gettok.pipeline.pricing.on_paper import StudyOnPaper
from gettok.settings import Settings

_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


def sum_lines(study: StudyOnPaper, settings: Settings, within: int | None) -> Iterator[str]:
    """What each part takes, and the machines that it takes within so many days; by default those of the quota."""
    figures, collect = settings.plan, settings.collect
    yield f"{study.videos:,} videos on paper, by the figures of `plan` in params.yaml; nothing is asked"
    requests = (
        f"{study.search_requests:,} for pages, {figures.returned_share:.0%} of whose candidates are returned"
    )
    if study.comment_requests:
        requests += f"; {study.comment_requests:,} for comments"
    if study.user_requests:
        requests += f"; {study.user_requests:,} for authors"
    yield (
        f"quota: {counted(study.quota_days, 'day')} ({collect.requests_per_day} requests a day, {collect.reserve} of "
        f"them kept for refreshing): {requests}"
    )
    yield (
        f"download: {study.media:,} files of {study.seconds} s; {study.download_days:.1f} days from one address, with "
        f"pauses of {settings.download.pause_s:g} s or more between two pages"
    )
    yield (
        f"transcribe: {study.sound_hours:,.0f} hours of sound; {study.gpu_hours:,.0f} GPU hours at "
        f"{figures.asr_times_real_time:g} times real time"
    )
    with_ocr = " and read them" if settings.ocr else ""
    yield f"frames: {study.frames:,}; {study.core_hours:,.0f} core hours to take{with_ocr}"
    yield _models(study, settings)
    parts = ", ".join(f"{name} {_size(count)}" for name, count in study.disk_bytes.items())
    whole = _size(sum(study.disk_bytes.values()))
    yield f"disk: {whole} ({parts}), if the filesystem links; else media count three times"
    machines = study.machines(settings, within or max(study.quota_days, 1))
    yield (
        f"within {counted(machines.days, 'day')}: {counted(machines.gpu_nodes, 'node')} with "
        f"{counted(figures.node_gpus, 'GPU')}, {counted(machines.core_nodes, 'node')} with "
        f"{counted(figures.node_cores, 'core')}"
    )
    yield from _longer(study, machines.days)


def _models(study: StudyOnPaper, settings: Settings) -> str:
    if study.models is None:
        return f"models: no price is set for {settings.llm.model} (llm.prices)"
    cost = study.models
    return (
        f"models: about ${cost.typical:,.0f}, at least ${cost.low:,.0f}, at most ${cost.most:,.0f} with "
        f"{', '.join(settings.llm.models)}"
    )


def _longer(study: StudyOnPaper, days: int) -> Iterator[str]:
    """What more nodes do not shorten."""
    if study.quota_days > days:
        yield f"  but the quota takes {study.quota_days} days, on any number of nodes"
    if study.download_days > days:
        yield f"  but the downloads take {study.download_days:.0f} days, as the pauses count for each host"


def _size(count: float) -> str:
    """With three digits and a decimal unit, as disks are sold."""
    place = 0
    while count >= 1000 and place < len(_UNITS) - 1:
        count, place = count / 1000, place + 1
    return f"{count:.3g} {_UNITS[place]}"
