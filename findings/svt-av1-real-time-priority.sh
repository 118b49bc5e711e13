#!/usr/bin/env bash
# PyAV 18.1.0 (Linux x86-64, its wheel has SVT-AV1 4.1.0), run by root, as in most containers.
#
# To encode one AV1 video in-process leaves the calling thread under the scheduler's policy SCHED_FIFO with priority 99.
# It stays so after the file is closed, and child processes that start later inherit it. Where such a program then
# computes for long, programs of the usual priority on the same cores get about a twentieth of the time (Linux keeps
# 5 % for them): on two cores, two workers of a test suite then waited for minutes for children of theirs, and it looked
# like a slow machine. The library writes a line about it only if it fails. libx264, libx265 and libvpx leave the priority alone. For anyone but root,
# SVT-AV1 does, too. Remedy: keep os.sched_getscheduler(0) and os.sched_getparam(0), and set them again after encoding.
#
# Seen: "before: 0", "libx264: 0", "libx265: 0", "libvpx: 0", "libsvtav1: 1, priority 99", "a child: 1" (1 is
# SCHED_FIFO). Needs root, `uv` (UV names another one) and the Python registry; no other request is made.
set -euo pipefail
[ "$(id -u)" = 0 ] || { echo "this shows what happens to root: run it as root"; exit 2; }
uv=${UV:-uv}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$uv" venv --quiet --python 3.11 "$folder/venv"
"$uv" pip install --quiet --python "$folder/venv/bin/python" av==18.1.0 numpy==2.2.6

"$folder/venv/bin/python" - "$folder" <<'PYTHON' 2>/dev/null
import os
import subprocess
import sys

import av
import numpy as np


def encode(codec):
    with av.open(f"{sys.argv[1]}/{codec}.mkv", "w") as file:
        stream = file.add_stream(codec, rate=30)
        stream.width, stream.height, stream.pix_fmt = 192, 128, "yuv420p"
        for number in range(10):
            grey = np.full((128, 192, 3), 20 * number, np.uint8)
            file.mux(stream.encode(av.VideoFrame.from_ndarray(grey, format="rgb24")))
        file.mux(stream.encode())


seen = [os.sched_getscheduler(0)]
print(f"before: {seen[0]}")
for codec in ("libx264", "libx265", "libvpx"):
    encode(codec)
    seen.append(os.sched_getscheduler(0))
    print(f"{codec}: {seen[-1]}")
encode("libsvtav1")
priority = os.sched_getparam(0).sched_priority
seen.append(os.sched_getscheduler(0))
print(f"libsvtav1: {seen[-1]}, priority {priority}")
child = subprocess.run(
    [sys.executable, "-c", "import os; print(os.sched_getscheduler(0))"], capture_output=True, text=True, check=True
)
seen.append(int(child.stdout))
print(f"a child: {seen[-1]}")
sys.exit(0 if (seen, priority) == ([0, 0, 0, 0, 1, 1], 99) else 1)
PYTHON
