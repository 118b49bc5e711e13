"""Runs one candidate in its own process: `python -m bench.candidates.frames NAME STRIDE REPEAT NUMBERED FILES...`.

Each file is processed once as a warm-up, then REPEAT times with the clock on. Prints one line of JSON.
"""

import json
import statistics
import sys
import time
from pathlib import Path

from bench.candidates.frames.extractors import CANDIDATES
from bench.candidates.frames.film import number_in
from bench.candidates.usage import peak_mib


def main(name: str, stride: int, repeat: int, *files: str, numbered: bool) -> None:
    began = time.perf_counter()
    extract = CANDIDATES[name]
    first = [extract(Path(file), stride) for file in files]
    first_s = time.perf_counter() - began
    wrong = [f for f, jpegs in zip(files, first, strict=True) if numbered and not _is_right(jpegs, stride)]
    times = []
    for _ in range(repeat):
        began = time.perf_counter()
        frames = sum(len(extract(Path(file), stride)) for file in files)
        times.append(time.perf_counter() - began)
    peak = peak_mib()
    median = statistics.median(times) if times else first_s
    figures = {"seconds": median, "frames": sum(map(len, first)) if not times else frames, "wrong": wrong}
    print(json.dumps(figures | {"first_s": first_s, "peak_mib": peak}))


def _is_right(jpegs: list[bytes], stride: int) -> bool:
    return [number_in(jpeg) for jpeg in jpegs] == list(range(0, len(jpegs) * stride, stride))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), *sys.argv[5:], numbered=sys.argv[4] == "1")
