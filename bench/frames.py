"""Every 300th frame of a one-minute video: ours beside the way of the paper's own code.

The paper's loop decodes every frame with OpenCV and encodes each as JPEG before it keeps one in 300. Both must keep the
same pictures: each carries its number, and the bench stops if one is wrong.

    python bench/frames.py [--seconds 60] [--repeat 3]
"""

import argparse
import io
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from PIL import Image

from gettok.frames import FramesStep
from gettok.media import MediaFile
from gettok.settings import Frames

RATE, STRIDE = 30, 300
WIDTH, HEIGHT = 720, 1280
CELL = 48
Picture = np.ndarray[Any, Any]
QUALITY = 95
"""What OpenCV takes if nothing is said."""


def backdrop() -> Picture:
    """Stripes in all directions, as hard to encode as a busy street."""
    across, down = np.arange(WIDTH)[None, :, None], np.arange(HEIGHT)[:, None, None]
    stripes = (across * np.array([1, 2, 3]) + down * np.array([3, 1, 2])) // 4 % 256
    return np.asarray(stripes, dtype=np.uint8)


def drawn(behind: Picture, number: int) -> Picture:
    """The stripes moved on, and the number as a column of black and white cells."""
    picture = np.roll(behind, (number, 3 * number), axis=(0, 1))
    for digit in range(12):
        picture[digit * CELL : (digit + 1) * CELL, :CELL] = 255 * (number >> digit & 1)
    return picture


def number_of(picture: Picture) -> int:
    bits = (picture[d * CELL + CELL // 2, CELL // 2].mean() > 128 for d in range(12))
    return sum(1 << digit for digit, is_set in enumerate(bits) if is_set)


def film(path: Path, codec: str, seconds: int) -> None:
    quiet = {"x265-params": "log-level=none"} if codec == "libx265" else {}
    with av.open(str(path), "w", format="mp4") as file:
        stream: Any = file.add_stream(codec, rate=RATE, options={"g": "225", "preset": "ultrafast", **quiet})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        behind = backdrop()
        for number in range(seconds * RATE):
            file.mux(stream.encode(av.VideoFrame.from_ndarray(drawn(behind, number), format="rgb24")))
        file.mux(stream.encode())


def ours(path: Path) -> list[bytes]:
    step = FramesStep(Frames(stride=STRIDE, max_frames=1000, longest_edge=HEIGHT, jpeg_quality=QUALITY))
    step.open()
    return [row["jpeg"] for row in step.read(step.ask(MediaFile(str(path), "")))]


def the_papers(path: Path) -> list[bytes]:
    """Our own rendering of its loop: decode all, encode all, then slice."""
    reader = cv2.VideoCapture(str(path))
    encoded = []
    while True:
        is_read, frame = reader.read()
        if not is_read:
            break
        encoded.append(cv2.imencode(".jpg", frame)[1].tobytes())
    reader.release()
    return encoded[0::STRIDE]


def seconds_of(take: Callable[[Path], list[bytes]], path: Path, wanted: list[int]) -> float:
    began = time.perf_counter()
    jpegs = take(path)
    took = time.perf_counter() - began
    found = [number_of(np.asarray(Image.open(io.BytesIO(jpeg)))) for jpeg in jpegs]
    if found != wanted:
        sys.exit(f"{take.__name__} kept frames {found} where {wanted} were due")
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--repeat", type=int, default=3)
    given = parser.parse_args()
    wanted = list(range(0, given.seconds * RATE, STRIDE))
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        for codec in ("libx264", "libx265"):
            path = Path(folder, f"{codec}.mp4")
            film(path, codec, given.seconds)
            for take in (ours, the_papers):
                times = [seconds_of(take, path, wanted) for _ in range(given.repeat)]
                figures[f"{codec}_{take.__name__}_s"] = round(statistics.median(times), 2)
                print(f"{codec}  {take.__name__:11} {statistics.median(times):6.2f} s")
            speedup = figures[f"{codec}_the_papers_s"] / figures[f"{codec}_ours_s"]
            figures[f"{codec}_speedup_over_the_papers"] = round(speedup, 2)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
