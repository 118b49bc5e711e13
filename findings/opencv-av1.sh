#!/usr/bin/env bash
# opencv-python-headless 5.0.0.93 and decord 0.6.0 (Linux x86-64), on AV1 in WebM, which yt-dlp and browsers save.
#
# OpenCV opens the file: isOpened() is True, and frame count, rate and size are right. Yet read() gives False at the
# first picture: its FFmpeg has only the AV1 decoder that needs hardware. Code that loops "while read() succeeds" sees a
# video without pictures, and no exception. decord says that there is no video stream. PyAV 18.1.0 decodes all.
#
# Seen: "opencv: opened True, 60 pictures announced, 0 read", "decord: DECORDError", "pyav: 60 read".
# Needs `uv` (UV names another one) and the Python registry; no other request is made.
set -euo pipefail
uv=${UV:-uv}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$uv" venv --quiet --python 3.11 "$folder/venv"
"$uv" pip install --quiet --python "$folder/venv/bin/python" \
    av==18.1.0 opencv-python-headless==5.0.0.93 decord==0.6.0 numpy==2.2.6

"$folder/venv/bin/python" - "$folder/film.webm" <<'PYTHON'
import sys

import av
import cv2
import decord
import numpy as np

path = sys.argv[1]
with av.open(path, "w") as file:
    stream = file.add_stream("libsvtav1", rate=30, options={"crf": "30", "preset": "10"})
    stream.width, stream.height, stream.pix_fmt = 192, 128, "yuv420p"
    for number in range(60):
        grey = np.full((128, 192, 3), 4 * number, np.uint8)
        file.mux(stream.encode(av.VideoFrame.from_ndarray(grey, format="rgb24")))
    file.mux(stream.encode())

reader = cv2.VideoCapture(path)
announced, read = int(reader.get(cv2.CAP_PROP_FRAME_COUNT)), 0
while reader.read()[0]:
    read += 1
print(f"opencv: opened {reader.isOpened()}, {announced} pictures announced, {read} read")
try:
    decord.VideoReader(path)
    failure = None
except decord.DECORDError as error:
    failure = type(error).__name__
print(f"decord: {failure}")
with av.open(path) as file:
    decoded = sum(1 for _ in file.decode(video=0))
print(f"pyav: {decoded} read")
same = reader.isOpened() and (announced, read, failure, decoded) == (60, 0, "DECORDError", 60)
sys.exit(0 if same else 1)
PYTHON
