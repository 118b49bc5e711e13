"""Who labels a video as AI-generated or paid for: the API's tags and the page, which do not always agree."""

from typing import Any

from sandbox.corpus.plan import PlannedVideo

_CREATOR, _TIKTOK = 1, 2
_PAID_PARTNERSHIP, _COMMISSION = 1, 7


def video_tags(video: PlannedVideo) -> list[dict[str, Any]]:
    """The API's `video_tag`, in the numbers of Query Videos; empty for most videos."""
    tags = []
    if video.number % 9 == 2:
        tags.append({"type": "AIGC", "number": _TIKTOK if video.number % 2 else _CREATOR})
    if video.number % 14 == 6:
        tags.append({"type": "Branded", "number": _COMMISSION if video.number % 4 else _PAID_PARTNERSHIP})
    return tags


def page_label(video: PlannedVideo) -> dict[str, Any]:
    """The label on the page: two videos lack the API's label there, and one has a label that the API lacks."""
    number = next((tag["number"] for tag in video_tags(video) if tag["type"] == "AIGC"), 0)
    if video.number in (11, 29):
        number = 0
    if video.number == 16:
        number = _CREATOR
    return {"ai_label": number} if number else {}
