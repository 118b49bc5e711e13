#!/usr/bin/env bash
# PyAV 18.1.0 with FFmpeg 8: asked to convert PQ in BT.2020 to sRGB in one step, the scaler uses a wrong matrix.
#
# A 10-bit picture of known sRGB colours is tagged BT.2020, PQ. The same scaler converts it in two steps (YCbCr to RGB, then
# the RGB to sRGB) to within 3 levels where no channel is dark. In one step, by `reformat(dst_color_trc=…)` and by the
# filter `scale=out_transfer=…:out_primaries=…` alike, white and grey are as right, and colours are not: of a green
# (90, 160, 90) the middle channel is some 10 levels too low. White alone, which most checks look at, does not show it.
# The first conversion for a size takes seconds.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
python3 -m venv "$here/venv"
"$here/venv/bin/pip" install --quiet --only-binary :all: av==18.1.0 numpy==2.3.5
"$here/venv/bin/python" - <<'PYTHON'
import sys

import av
import numpy as np
from av.video.reformatter import ColorPrimaries, ColorTrc, Interpolation, VideoReformatter

COLOURS = np.array([(255, 255, 255), (128, 128, 128), (160, 90, 90), (90, 160, 90), (90, 90, 160), (224, 172, 140)], float)
TO_BT2020 = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]])
FLAGS = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT
SIDE = 64


def picture():
    s = np.repeat(np.tile(COLOURS / 255, (SIDE, 1, 1)), SIDE, axis=1)
    light = np.where(s <= 0.04045, s / 12.92, ((s + 0.055) / 1.055) ** 2.4) @ TO_BT2020.T
    power = (light * 203 / 10000) ** 0.1593017578125
    red, green, blue = np.moveaxis(((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375, 2, 0)
    luma = 0.2627 * red + 0.6780 * green + 0.0593 * blue
    cb, cr = (blue - luma) / 1.8814, (red - luma) / 1.4746
    frame = av.VideoFrame(s.shape[1], SIDE, "yuv444p10le")
    for plane, values in zip(frame.planes, (219 * luma + 16, 224 * cb + 128, 224 * cr + 128)):
        row = np.zeros((plane.height, plane.line_size // 2), "<u2")
        row[:, : s.shape[1]] = np.round(values * 4)
        plane.update(row.tobytes())
    frame.color_primaries, frame.color_trc, frame.colorspace, frame.color_range = 9, 16, 9, 1
    return frame


def seen(frame):
    pixels = frame.to_ndarray().astype(int)
    return np.array([pixels[SIDE // 2, int((n + 0.5) * SIDE)] for n in range(len(COLOURS))])


def to_srgb(frame):
    return VideoReformatter().reformat(
        frame, format="rgb24", interpolation=FLAGS,
        dst_color_trc=ColorTrc.IEC61966_2_1, dst_color_primaries=ColorPrimaries.BT709,
    )


def in_two_steps(frame):
    rgb = av.VideoFrame.from_ndarray(
        VideoReformatter().reformat(frame, format="rgb48le", interpolation=FLAGS).to_ndarray(), format="rgb48le"
    )
    rgb.color_primaries, rgb.color_trc, rgb.colorspace, rgb.color_range = 9, 16, 0, 2
    return to_srgb(rgb)


def by_filter(frame):
    graph = av.filter.Graph()
    source = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=1)
    scale = graph.add("scale", "out_transfer=iec61966-2-1:out_primaries=bt709:flags=accurate_rnd+full_chroma_int")
    graph.link_nodes(source, scale, graph.add("format", "rgb24"), graph.add("buffersink")).configure()
    frame.pts = 0
    graph.push(frame)
    return graph.pull()


print("PyAV", av.__version__, "libswscale", av.library_versions["libswscale"])
one, two = seen(to_srgb(picture())), seen(in_two_steps(picture()))
print("true        ", COLOURS.astype(int).tolist())
print("in one step ", one.tolist())
print("by filter   ", seen(by_filter(picture())).tolist())
print("in two steps", two.tolist())
greys_are_right = abs(one[:2] - COLOURS[:2]).max() <= 3
is_as_seen = greys_are_right and abs(two - COLOURS).max() <= 4 and abs(one[3] - two[3]).max() >= 6
sys.exit(0 if is_as_seen else "the behaviour has changed")
PYTHON
