"""Functions that extract every n-th frame of a file as JPEG, each written as its library's users write it.

All except the paper's scale the frames to the same size and encode them at the same quality.
"""

import io
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import av
import cv2
import decord
from PIL import Image

from gettok.frames.extraction import extract
from gettok.media import MediaFile
from gettok.settings import Frames

EDGE, QUALITY = 768, 85

Extract = Callable[[Path, int], list[bytes]]
"""From a file and a stride to the frames as JPEG."""


def paper(path: Path, stride: int) -> list[bytes]:
    """The loop of the paper's code, rewritten by us: decode all, encode all, then slice."""
    reader = cv2.VideoCapture(str(path))
    encoded = []
    while True:
        is_read, frame = reader.read()
        if not is_read:
            break
        encoded.append(cv2.imencode(".jpg", frame)[1].tobytes())
    reader.release()
    return encoded[0::stride]


def opencv_grab(path: Path, stride: int) -> list[bytes]:
    reader, jpegs, place = cv2.VideoCapture(str(path)), [], 0
    while reader.grab():
        if place % stride == 0:
            jpegs.append(_encode_with_opencv(reader.retrieve()[1]))
        place += 1
    reader.release()
    return jpegs


def opencv_seek(path: Path, stride: int) -> list[bytes]:
    reader, jpegs = cv2.VideoCapture(str(path)), []
    for place in range(0, int(reader.get(cv2.CAP_PROP_FRAME_COUNT)), stride):
        reader.set(cv2.CAP_PROP_POS_FRAMES, place)
        jpegs.append(_encode_with_opencv(reader.read()[1]))
    reader.release()
    return jpegs


def ffmpeg_select(path: Path, stride: int) -> list[bytes]:
    """The same filters as `ffmpeg -vf select=...,scale=...`."""
    jpegs = []
    with av.open(str(path)) as file:
        stream = file.streams.video[0]
        stream.thread_type = "AUTO"
        graph = av.filter.Graph()
        nodes = [
            graph.add_buffer(template=stream, time_base=stream.time_base),
            graph.add("select", f"not(mod(n,{stride}))"),
            graph.add("scale", f"{EDGE}:{EDGE}:force_original_aspect_ratio=decrease:flags=lanczos"),
            graph.add("buffersink"),
        ]
        graph.link_nodes(*nodes).configure()
        for frame in file.decode(stream):
            graph.push(frame)
            jpegs += _pull_all(graph)
        graph.push(None)
        return jpegs + _pull_all(graph)


def _pull_all(graph: Any) -> list[bytes]:
    jpegs = []
    try:
        while True:
            jpegs.append(_encode_with_pillow(graph.pull().to_image()))
    except (av.BlockingIOError, av.EOFError):
        return jpegs


def with_decord(path: Path, stride: int) -> list[bytes]:
    reader = decord.VideoReader(str(path), ctx=decord.cpu(0), num_threads=0)
    pictures = reader.get_batch(list(range(0, len(reader), stride))).asnumpy()
    return [_encode_with_opencv(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)) for picture in pictures]


def with_pyav(path: Path, stride: int) -> list[bytes]:
    """Seek to before each frame and decode up to it, assuming the average frame rate."""
    jpegs = []
    with av.open(str(path)) as file:
        stream = file.streams.video[0]
        stream.thread_type = "AUTO"
        for place in range(0, stream.frames, stride):
            due = round(place / stream.average_rate / stream.time_base)
            file.seek(due, stream=stream)
            frame = next(frame for frame in file.decode(stream) if frame.pts >= due)
            scale = EDGE / max(frame.width, frame.height)
            jpegs.append(
                _encode_with_pillow(
                    frame.to_image(width=round(frame.width * scale), height=round(frame.height * scale))
                )
            )
    return jpegs


def ours(path: Path, stride: int) -> list[bytes]:
    """The function that the step's child process runs."""
    return [jpeg.data for jpeg, _ in extract(MediaFile(str(path), ""), _settings(stride)).frames]


@cache
def _settings(stride: int) -> Frames:
    return Frames(
        backend="pyav",
        select="stride",
        stride=stride,
        every_s=1,
        scene_threshold=27,
        max_frames=100_000,
        min_hash_distance=None,
        longest_edge=EDGE,
        jpeg_quality=QUALITY,
    )


def _encode_with_opencv(picture: Any) -> bytes:
    height, width = picture.shape[:2]
    scale = EDGE / max(height, width)
    small = cv2.resize(picture, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()


def _encode_with_pillow(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, format="JPEG", quality=QUALITY)
    return file.getvalue()


CANDIDATES: Mapping[str, Extract] = {
    "paper": paper,
    "opencv grab": opencv_grab,
    "opencv seek": opencv_seek,
    "ffmpeg select": ffmpeg_select,
    "decord": with_decord,
    "pyav": with_pyav,
    "ours": ours,
}
