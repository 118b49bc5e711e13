#!/usr/bin/env bash
# PyAV 18.1.0 with FFmpeg 8: white in rgb48le, gbrp16le and gbrpf32le is not the largest value, and not 1.
#
# The scaler converts YCbCr of 8 and of 10 bits to RGB of 16 bits with white at 65283 or so, 255 * 256 and not 65535, and to
# floats with white at 0.996. Who divides by 65535 gets every signal 0.4 % too low: the white of PQ, 203 cd/m², then becomes
# 253 in sRGB. The same scaler's rgb24 has white at 255.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
python3 -m venv "$here/venv"
"$here/venv/bin/pip" install --quiet --only-binary :all: av==18.1.0 numpy==2.3.5
"$here/venv/bin/python" - <<'PYTHON'
import sys

import av
import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter

FLAGS = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT


def white(bits, kind):
    frame = av.VideoFrame(64, 64, "yuv420p" if bits == 8 else "yuv420p10le")
    for plane, value in zip(frame.planes, (235, 128, 128)):
        dtype = np.uint8 if bits == 8 else np.dtype("<u2")
        plane.update(np.full(plane.buffer_size // np.dtype(dtype).itemsize, value << (bits - 8), dtype).tobytes())
    frame.colorspace, frame.color_range = 1, 1
    return VideoReformatter().reformat(frame, format=kind, interpolation=FLAGS).to_ndarray()[32, 32, 0]


print("PyAV", av.__version__, "libswscale", av.library_versions["libswscale"])
seen = {(bits, kind): white(bits, kind) for bits in (8, 10) for kind in ("rgb24", "rgb48le", "gbrp16le", "gbrpf32le")}
for (bits, kind), value in seen.items():
    print(f"white of {bits} bits in {kind}: {value}")
is_as_seen = all(
    value == 255 if kind == "rgb24" else 0.995 < value < 0.997 if kind == "gbrpf32le" else 65200 < value < 65300
    for (_, kind), value in seen.items()
)
sys.exit(0 if is_as_seen else "the behaviour has changed")
PYTHON
