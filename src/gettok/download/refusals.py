"""The reasons that TikTok's page gives for not showing a video.

The codes are undocumented; their meanings are those that yt-dlp and gallery-dl rely on. 10204 has several, which only
its message distinguishes.
"""

from collections.abc import Mapping

from gettok.download.backend import NoPage
from gettok.errors import Unusable
from gettok.step import Json

_BY_CODE = {
    10101: "login_needed",
    10102: "login_needed",
    10201: "removed",
    10202: "removed",
    10204: "removed",
    10216: "private",
    10219: "region_locked",
    10221: "removed",
    10222: "private",
    10231: "region_locked",
}

_CAPTCHA = 10000

#: The first of these that is in the message decides.
_BY_MESSAGE = (
    ("status_deleted", "removed"),
    ("status_audit_not_pass", "removed"),
    ("status_self_see", "private"),
    ("status_reviewing", "in_review"),
    ("cross_border_violation", "region_locked"),
    ("person_geo_fencing", "region_locked"),
    ("copyright_geo_filter", "region_locked"),
    ("content_classification", "login_needed"),
)


def refusal(code: int, message: str) -> Unusable | None:
    """None for a video that is shown. An unknown code gives a reason for which the next run asks again."""
    if code == 0:
        return None
    if code == _CAPTCHA:
        return NoPage("unreadable", f"page: status {code}, a captcha")
    reason = _BY_CODE.get(code, "unreadable")
    if code not in (10216, 10222):
        reason = next((meaning for sign, meaning in _BY_MESSAGE if sign in message), reason)
    return Unusable(reason, f"status {code} {message}".strip())


def hidden_files(video: Mapping[str, Json]) -> Unusable | None:
    """None for a video or slideshow whose page names its files, or should: a page may describe it and hide those."""
    if video.get("video") or video.get("imagePost"):
        return None
    if video.get("isContentClassified"):
        return Unusable("login_needed", "classified as not suitable for everybody")
    if not video.get("stats"):
        return Unusable("login_needed", "neither the video nor its counts are shown")
    return None
