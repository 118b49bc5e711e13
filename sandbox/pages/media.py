"""The media hosts: serves video files, photos, sounds and captions."""

import re
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TypeVar

from sandbox.exchange import Reply, Request, html_reply, text_reply
from sandbox.faults import INSTEAD, NO_FAULT, STATUSES, Fault, corpus_fault, with_damage
from sandbox.pages.captions import FORMATS, file_of
from sandbox.pages.media_shapes import FILE_FAULTS
from sandbox.pages.signing import is_authorized
from sandbox.videos import Video
from sandbox.world import World

T = TypeVar("T")
PREFIX = "/media/"
MP4 = re.compile(r"/media/[\w-]+/(?:watermarked/)?([0-9]+)\.mp4")
WATERMARKED = "/watermarked/"
PHOTO = re.compile(r"/media/[\w-]+/([0-9]+)/([0-9]{1,3})\.jpg")
SOUND = re.compile(r"/media/[\w-]+/([0-9]+)\.m4a")
CAPTION = re.compile(r"/media/[\w-]+/captions/([0-9]+)/([0-9]{1,3})\.(vtt|srt|json)")
PATHS = (MP4, PHOTO, SOUND, CAPTION)

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
TRUNCATED_AT = 0.6


@dataclass(frozen=True, slots=True)
class File:
    content_type: str
    read: Callable[[], bytes]


class Media:
    def __init__(self, world: World) -> None:
        self._world = world

    def subject(self, request: Request) -> str:
        """The video's id."""
        match = next(filter(None, (path.fullmatch(request.path) for path in PATHS)), None)
        return match.group(1) if match else ""

    def answer(self, request: Request, fault: Fault) -> Reply:
        time.sleep(self._world.profile.latency_s)
        video = self._world.corpus.videos.get(self.subject(request))
        file = self._file(request.path, video) if video else None
        if video and file and fault is NO_FAULT and not CAPTION.fullmatch(request.path):
            fault = corpus_fault(
                video.page.serve, lambda word: self._world.attempts.next(f"media/{video.id}/{word}")
            )
        return with_damage(INSTEAD.get(fault.do) or self._reply(request, file, fault.do), fault)

    def _reply(self, request: Request, file: File | None, fault: str) -> Reply:
        if fault in STATUSES:
            return html_reply(int(fault), DENIED if fault == "403" else "")
        if file is None:
            return text_reply(404, "")
        if not is_authorized(self._world, request):
            return html_reply(403, DENIED)
        content = file.read()
        if fault == "mute_unless_watermarked" and WATERMARKED in request.path:
            fault = NO_FAULT.do
        if fault in FILE_FAULTS:
            return FILE_FAULTS[fault](Reply(200, content, file.content_type))
        stop = int(len(content) * TRUNCATED_AT) if fault == "truncated" else len(content)
        span = None if fault == "no_range" else _requested_span(request, content)
        return _file_reply(content, file.content_type, span, stop)

    def _file(self, path: str, video: Video) -> File | None:
        """The corpus's file at a path, or None."""
        page = video.page
        if MP4.fullmatch(path):
            return File(TYPES[".mp4"], lambda: self._world.corpus.film(page)) if page.media else None
        if photo := PHOTO.fullmatch(path):
            return self._named(_nth(page.images, photo.group(2)))
        if match := CAPTION.fullmatch(path):
            caption = _nth(page.captions, match.group(2))
            if caption is None or FORMATS[caption.format].suffix != match.group(3):
                return None
            return File(FORMATS[caption.format].content_type, lambda: file_of(caption))
        return self._named(page.sound) if SOUND.fullmatch(path) else None

    def _named(self, name: str | None) -> File | None:
        if name is None:
            return None
        content_type = TYPES[PurePosixPath(name).suffix.lower()]
        return File(content_type, lambda: self._world.corpus.media(name))


def _nth(items: tuple[T, ...], number: str) -> T | None:
    """The item with this number, counted from 1 as in paths."""
    return items[int(number) - 1] if 1 <= int(number) <= len(items) else None


def _entity_tag(content: bytes) -> str:
    return f'"{len(content):x}-{zlib.crc32(content):08x}"'


def _requested_span(request: Request, content: bytes) -> tuple[int, int] | None:
    """First and last byte of the requested range; None means the whole file.

    A range that `If-Range` limits to another version of the file is ignored.
    """
    match = re.fullmatch(r"bytes=([0-9]*)-([0-9]*)", request.headers.get("range", "").strip())
    if match is None or match.group(0) == "bytes=-":
        return None
    if request.headers.get("if-range", _entity_tag(content)) != _entity_tag(content):
        return None
    return _span(match.group(1), match.group(2), len(content))


def _file_reply(content: bytes, content_type: str, span: tuple[int, int] | None, stop: int) -> Reply:
    """The file or a part of it; nothing from `stop` on is sent, whatever the headers announce."""
    headers = (("Accept-Ranges", "bytes"), ("ETag", _entity_tag(content)))
    first, last = span or (0, len(content) - 1)
    if span is None:
        reply = Reply(200, content, content_type, headers)
    elif first > last:
        return Reply(416, b"", content_type, (("Content-Range", f"bytes */{len(content)}"),))
    else:
        content_range = (("Content-Range", f"bytes {first}-{last}/{len(content)}"),)
        reply = Reply(206, content[first : last + 1], content_type, headers + content_range)
    sendable = max(0, stop - first)
    return replace(reply, sent=sendable) if sendable < len(reply.body) else reply


def _span(first: str, last: str, size: int) -> tuple[int, int]:
    """First and last byte as in RFC 9110, where `-n` means the last n bytes."""
    if not first:
        return max(0, size - int(last)), size - 1
    return int(first), min(int(last), size - 1) if last else size - 1
