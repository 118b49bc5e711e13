"""The forms that a media file can arrive in when it does not arrive whole and well."""

import gzip
from collections.abc import Callable
from dataclasses import replace
from functools import cache

from sandbox.exchange import Headers, Reply

Spoil = Callable[[Reply], Reply]
"""From the reply with the whole file to the one that is sent; neither knows of ranges."""

NOT_A_VIDEO = (
    b"<!DOCTYPE html><html><head><title>TikTok</title></head><body>Something went wrong</body></html>"
)
PLAYLIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
NOISE = bytes((number * number * 31 + number // 7) % 251 for number in range(4096))
BOMB_SIZE = 200 * 2**20
"""Bytes that the small body of `gzip_bomb` unpacks to."""
WIDEST = (65_500).to_bytes(2)
"""What `picture_bomb` says a photo's sides are, in pixels: 4.3 billion of them."""


def _in_place(body: bytes, headers: Headers = ()) -> Spoil:
    """Something else under the file's own type."""
    return lambda reply: Reply(200, body, reply.content_type, headers)


def _half(reply: Reply) -> Reply:
    """Half a file that announces no more than it sends."""
    return Reply(200, reply.body[: len(reply.body) // 2], reply.content_type)


def _gzip_bomb(reply: Reply) -> Reply:
    return Reply(200, _packed_zeros(), reply.content_type, (("Content-Encoding", "gzip"),))


@cache
def _packed_zeros() -> bytes:
    return gzip.compress(bytes(BOMB_SIZE), mtime=0)


def _picture_bomb(reply: Reply) -> Reply:
    """A photo whose frame header states sides beyond all sense; a file that is no JPEG stays as it is."""
    start = reply.body.find(b"\xff\xc0")
    if not reply.body.startswith(b"\xff\xd8") or start < 0:
        return reply
    sides = slice(start + 5, start + 9)  # after marker, length and precision
    body = bytearray(reply.body)
    body[sides] = WIDEST * 2
    return replace(reply, body=bytes(body))


SPOILED: dict[str, Spoil] = {
    "html": _in_place(NOT_A_VIDEO),
    "json": _in_place(b'{"statusCode":10000,"statusMsg":"verify"}'),
    "empty": _in_place(b""),
    "noise": _in_place(NOISE),
    "playlist": _in_place(PLAYLIST),
    "half": _half,
    "gzip_bomb": _gzip_bomb,
    "picture_bomb": _picture_bomb,
}
