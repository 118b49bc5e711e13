"""Media files that are damaged, hostile, or not media at all."""

import gzip
import io
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import av

from sandbox.exchange import Headers, Reply

FileFault = Callable[[Reply], Reply]
"""From the reply with the whole file to the one that is sent; range requests are ignored."""

NOT_A_VIDEO = (
    b"<!DOCTYPE html><html><head><title>TikTok</title></head><body>Something went wrong</body></html>"
)
PLAYLIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
NOISE = bytes((number * number * 31 + number // 7) % 251 for number in range(4096))
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + NOISE
JPEG_XL = b"\0\0\0\x0cJXL \r\n\x87\n" + NOISE
BOMB_SIZE = 200 * 2**20
"""The unpacked size of `gzip_bomb` in bytes."""
HUGE_SIDE = (65_500).to_bytes(2)
"""The width and height that `picture_bomb` states, in pixels: 4.3 billion pixels in total."""


def _replaced_by(body: bytes, headers: Headers = ()) -> FileFault:
    """Another body under the file's content type."""
    return lambda reply: Reply(200, body, reply.content_type, headers)


def _half(reply: Reply) -> Reply:
    """Half the file, with a matching `Content-Length`."""
    return Reply(200, reply.body[: len(reply.body) // 2], reply.content_type)


def _gzip_bomb(reply: Reply) -> Reply:
    return Reply(200, _packed_zeros(), reply.content_type, (("Content-Encoding", "gzip"),))


@cache
def _packed_zeros() -> bytes:
    return gzip.compress(bytes(BOMB_SIZE), mtime=0)


def _picture_bomb(reply: Reply) -> Reply:
    """A photo whose frame header states a huge size; a file that is not a JPEG is unchanged."""
    start = reply.body.find(b"\xff\xc0")
    if not reply.body.startswith(b"\xff\xd8") or start < 0:
        return reply
    sides = slice(start + 5, start + 9)  # after marker, length and precision
    body = bytearray(reply.body)
    body[sides] = HUGE_SIDE * 2
    return replace(reply, body=bytes(body))


def _mute(reply: Reply) -> Reply:
    """The film without its sound track; any other file is unchanged."""
    if reply.content_type != "video/mp4":
        return reply
    file = io.BytesIO()
    with av.open(io.BytesIO(reply.body)) as film, av.open(file, "w", format="mp4") as new:
        pictures = film.streams.video[0]
        copy = new.add_stream_from_template(pictures)
        for packet in film.demux(pictures):
            if packet.dts is not None:
                packet.stream = copy
                new.mux(packet)
    return Reply(200, file.getvalue(), reply.content_type)


FILE_FAULTS: dict[str, FileFault] = {
    "html": _replaced_by(NOT_A_VIDEO),
    "json": _replaced_by(b'{"statusCode":10000,"statusMsg":"verify"}'),
    "empty": _replaced_by(b""),
    "noise": _replaced_by(NOISE),
    "playlist": _replaced_by(PLAYLIST),
    "heic": _replaced_by(HEIC),
    "jxl": _replaced_by(JPEG_XL),
    "half": _half,
    "mute": _mute,
    "mute_unless_watermarked": _mute,
    "gzip_bomb": _gzip_bomb,
    "picture_bomb": _picture_bomb,
}
