"""Our extraction beside the least that it can take, turn about.

    python -m bench.candidates.frames.floor STRIDE REPEAT FILE

The floor decodes just the pictures from a key frame to each wanted one, with the same decoder, and makes nothing of
them. Which these are is given to it, at no cost. Prints one line of JSON: seconds of CPU of both, and their ratio.
"""

import json
import os
import statistics
import sys
from bisect import bisect_right
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import av

from bench.candidates.frames.extractors import ours
from bench.candidates.usage import cpu_s

Segment = tuple[int, int]
"""The time of a key frame, and that of the wanted picture."""


def segments(path: Path, stride: int) -> list[Segment]:
    with av.open(str(path)) as file:
        packets = [packet for packet in file.demux(file.streams.video[0]) if packet.pts is not None]
    keys = sorted(packet.pts for packet in packets if packet.is_keyframe)
    wanted = sorted(packet.pts for packet in packets)[::stride]
    return [(keys[bisect_right(keys, time) - 1], time) for time in wanted]


def decode(path: Path, segment: Segment) -> None:
    key, wanted = segment
    with av.open(str(path)) as file:
        stream = file.streams.video[0]
        codec = stream.codec_context
        codec.thread_type, codec.thread_count = "FRAME", 1
        file.seek(key, stream=stream)
        for packet in file.demux(stream):
            frames = [*packet.decode(), *(codec.decode(None) if packet.pts == wanted else ())]
            if any(frame.pts == wanted for frame in frames):
                return
    raise LookupError(f"no picture at {wanted}")


def cpu_of(work: Callable[[], object]) -> float:
    began = cpu_s()
    work()
    return cpu_s() - began


def main(stride: int, repeat: int, path: Path) -> None:
    of_path = segments(path, stride)

    def floor() -> None:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(lambda segment: decode(path, segment), of_path))

    ours(path, stride)
    floor()
    pairs = [(cpu_of(lambda: ours(path, stride)), cpu_of(floor)) for _ in range(repeat)]
    ours_s, floor_s = (statistics.median(each) for each in zip(*pairs, strict=True))
    print(json.dumps({"ours_s": ours_s, "floor_s": floor_s, "ratio": round(ours_s / floor_s, 2)}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
