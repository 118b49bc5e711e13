"""Ways to take every n-th picture of a file as JPEG, each as its library's users write it.

All but the paper's own scale the chosen pictures to the same size and encode them at the same quality.
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

Way = Callable[[Path, int], list[bytes]]


def paper(path: Path, stride: int) -> list[bytes]:
    """Our own rendering of the loop in the paper's code: decode all, encode all, then slice."""
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
    reader, made, place = cv2.VideoCapture(str(path)), [], 0
    while reader.grab():
        if place % stride == 0:
            made.append(_by_opencv(reader.retrieve()[1]))
        place += 1
    reader.release()
    return made


def opencv_seek(path: Path, stride: int) -> list[bytes]:
    reader, made = cv2.VideoCapture(str(path)), []
    for place in range(0, int(reader.get(cv2.CAP_PROP_FRAME_COUNT)), stride):
        reader.set(cv2.CAP_PROP_POS_FRAMES, place)
        made.append(_by_opencv(reader.read()[1]))
    reader.release()
    return made


def ffmpeg_select(path: Path, stride: int) -> list[bytes]:
    """What `ffmpeg -vf select=...,scale=...` does, through the same filters."""
    made = []
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
            made += _pulled(graph)
        graph.push(None)
        return made + _pulled(graph)


def _pulled(graph: Any) -> list[bytes]:
    made = []
    try:
        while True:
            made.append(_encoded(graph.pull().to_image()))
    except (av.BlockingIOError, av.EOFError):
        return made


def by_decord(path: Path, stride: int) -> list[bytes]:
    reader = decord.VideoReader(str(path), ctx=decord.cpu(0), num_threads=0)
    pictures = reader.get_batch(list(range(0, len(reader), stride))).asnumpy()
    return [_by_opencv(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)) for picture in pictures]


def by_pyav(path: Path, stride: int) -> list[bytes]:
    """Seek before each picture and decode up to it, at the average rate."""
    made = []
    with av.open(str(path)) as file:
        stream = file.streams.video[0]
        stream.thread_type = "AUTO"
        for place in range(0, stream.frames, stride):
            due = round(place / stream.average_rate / stream.time_base)
            file.seek(due, stream=stream)
            frame = next(frame for frame in file.decode(stream) if frame.pts >= due)
            scale = EDGE / max(frame.width, frame.height)
            made.append(
                _encoded(frame.to_image(width=round(frame.width * scale), height=round(frame.height * scale)))
            )
    return made


def ours(path: Path, stride: int) -> list[bytes]:
    """What the child process of the step does."""
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


def _by_opencv(picture: Any) -> bytes:
    height, width = picture.shape[:2]
    scale = EDGE / max(height, width)
    small = cv2.resize(picture, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()


def _encoded(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, format="JPEG", quality=QUALITY)
    return file.getvalue()


WAYS: Mapping[str, Way] = {
    "paper": paper,
    "opencv grab": opencv_grab,
    "opencv seek": opencv_seek,
    "ffmpeg select": ffmpeg_select,
    "decord": by_decord,
    "pyav": by_pyav,
    "ours": ours,
}
