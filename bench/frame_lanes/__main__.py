"""One lane in a process of its own: `python -m bench.frame_lanes WAY STRIDE REPEAT NUMBERED FILES...`.

Each file is taken once unmeasured, then so many times measured. Prints one line of JSON.
"""

import json
import statistics
import sys
import time
from pathlib import Path

from bench.frame_lanes.film import number_in
from bench.frame_lanes.ways import WAYS
from bench.measuring.memory import peak_mib


def main(name: str, stride: int, repeat: int, *files: str, numbered: bool) -> None:
    began = time.perf_counter()
    way = WAYS[name]
    first = [way(Path(file), stride) for file in files]
    warm_s = time.perf_counter() - began
    wrong = [f for f, jpegs in zip(files, first, strict=True) if numbered and not _is_right(jpegs, stride)]
    times = []
    for _ in range(repeat):
        began = time.perf_counter()
        frames = sum(len(way(Path(file), stride)) for file in files)
        times.append(time.perf_counter() - began)
    peak = peak_mib()
    median = statistics.median(times) if times else warm_s
    said = {"seconds": median, "frames": sum(map(len, first)) if not times else frames, "wrong": wrong}
    print(json.dumps(said | {"first_s": warm_s, "peak_mib": peak}))


def _is_right(jpegs: list[bytes], stride: int) -> bool:
    return [number_in(jpeg) for jpeg in jpegs] == list(range(0, len(jpegs) * stride, stride))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), *sys.argv[5:], numbered=sys.argv[4] == "1")
