"""The stand-in for TikTok's media hosts: video files, photos and sounds."""

import re
from dataclasses import replace
from pathlib import PurePosixPath

from sandbox.exchange import Reply, Request, html_reply, text_reply
from sandbox.faults import INSTEAD, Fault, damaged
from sandbox.signing import may_have
from sandbox.videos import Video
from sandbox.world import World

PREFIX = "/media/"
MP4 = re.compile(r"/media/[\w-]+/(?:watermarked/)?([0-9]+)\.mp4")
PHOTO = re.compile(r"/media/[\w-]+/([0-9]+)/([0-9]{1,3})\.jpg")
SOUND = re.compile(r"/media/[\w-]+/([0-9]+)\.m4a")

TYPES = {
    ".mp4": "video/mp4",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".m4a": "audio/mp4",
}
DENIED = (
    "<HTML><HEAD>\n<TITLE>Access Denied</TITLE>\n</HEAD><BODY>\n<H1>Access Denied</H1>\n"
    "You don't have permission to access this server.\n</BODY>\n</HTML>\n"
)
NOT_A_VIDEO = (
    "<!DOCTYPE html><html><head><title>TikTok</title></head><body>Something went wrong</body></html>"
)
TRUNCATED_AT = 0.6


class Media:
    def __init__(self, world: World) -> None:
        self._world = world

    def subject(self, request: Request) -> str:
        """The video's id."""
        found = MP4.fullmatch(request.path) or PHOTO.fullmatch(request.path) or SOUND.fullmatch(request.path)
        return found.group(1) if found else ""

    def answer(self, request: Request, fault: Fault) -> Reply:
        if fault.do in {"403", "404", "429", "500"}:
            return damaged(html_reply(int(fault.do), DENIED if fault.do == "403" else ""), fault)
        return damaged(INSTEAD.get(fault.do) or self._file(request), fault)

    def _file(self, request: Request) -> Reply:
        video = self._world.corpus.videos.get(self.subject(request))
        name = self._name(request.path, video) if video else None
        if video is None or name is None:
            return text_reply(404, "")
        if not may_have(self._world, request):
            return html_reply(403, DENIED)
        is_video = name == video.page.media
        if is_video and video.page.serve == "html":
            return Reply(200, NOT_A_VIDEO.encode(), TYPES[".mp4"])
        content = self._world.corpus.media(name)
        stop = (
            int(len(content) * TRUNCATED_AT) if is_video and video.page.serve == "truncated" else len(content)
        )
        return _ranged(request, content, TYPES[PurePosixPath(name).suffix.lower()], stop)

    def _name(self, path: str, video: Video) -> str | None:
        """The corpus's file behind an address, or None."""
        if MP4.fullmatch(path):
            return video.page.media
        if photo := PHOTO.fullmatch(path):
            number = int(photo.group(2))
            return video.page.images[number - 1] if 1 <= number <= len(video.page.images) else None
        return video.page.sound


def _ranged(request: Request, content: bytes, content_type: str, stop: int) -> Reply:
    """The file or the part asked for; nothing from `stop` on ever leaves, whatever was announced."""
    accept = (("Accept-Ranges", "bytes"),)
    asked = re.fullmatch(r"bytes=([0-9]*)-([0-9]*)", request.headers.get("range", "").strip())
    if asked is None or asked.group(0) == "bytes=-":
        reply = Reply(200, content, content_type, accept)
        first = 0
    else:
        first, last = _span(asked.group(1), asked.group(2), len(content))
        if first > last:
            return Reply(416, b"", content_type, (("Content-Range", f"bytes */{len(content)}"),))
        where = (("Content-Range", f"bytes {first}-{last}/{len(content)}"),)
        reply = Reply(206, content[first : last + 1], content_type, accept + where)
    may_leave = max(0, stop - first)
    return replace(reply, sent=may_leave) if may_leave < len(reply.body) else reply


def _span(first: str, last: str, size: int) -> tuple[int, int]:
    """First and last byte, as RFC 9110 counts them: `-n` is the end of the file."""
    if not first:
        return max(0, size - int(last)), size - 1
    return int(first), min(int(last), size - 1) if last else size - 1
