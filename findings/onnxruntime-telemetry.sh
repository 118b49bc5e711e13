#!/usr/bin/env bash
# onnxruntime 1.31.1, the wheel for Linux x86-64 from the Python registry.
#
# This wheel contains Microsoft's client for usage data, with its address mobile.events.data.microsoft.com, and it is on:
# the first session of any model starts the client, which leaves a file `.ses` (the time and a random UUID) in the folder
# for temporary files. No line is printed. With the variable ORT_DISABLE_TELEMETRY=1 set before the import, there is no
# such file. Everything that loads ONNX models by it has this: voice detection (faster-whisper's Silero), OCR (RapidOCR).
# What is sent, and whether it arrives, was not looked at.
#
# Seen: "address in the library: True", "as it comes: .ses", "with ORT_DISABLE_TELEMETRY=1: nothing".
# Needs `uv` (UV names another one) and the Python registry. Its first run may send to the address above.
set -euo pipefail
uv=${UV:-uv}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$uv" venv --quiet --python 3.11 "$folder/venv"
"$uv" pip install --quiet --python "$folder/venv/bin/python" onnxruntime==1.31.1 onnx==1.19.1 numpy==2.2.6
python=$folder/venv/bin/python
mkdir "$folder/on" "$folder/off"

"$python" - "$folder/model.onnx" <<'PYTHON'
import sys

import onnx
from onnx import TensorProto, helper

shape = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("x", "y")]
graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "one", shape[:1], shape[1:])
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), sys.argv[1])
PYTHON

session="import sys, onnxruntime; onnxruntime.InferenceSession(sys.argv[1], providers=['CPUExecutionProvider'])"
env -u ORT_DISABLE_TELEMETRY TMPDIR="$folder/on" "$python" -c "$session" "$folder/model.onnx"
ORT_DISABLE_TELEMETRY=1 TMPDIR="$folder/off" "$python" -c "$session" "$folder/model.onnx"

on=$(ls -A "$folder/on")
off=$(ls -A "$folder/off")
library=$(echo "$folder"/venv/lib/python3.11/site-packages/onnxruntime/capi/onnxruntime_pybind11_state*.so)
has=False
if grep -qa "mobile.events.data.microsoft.com" "$library"; then has=True; fi
echo "address in the library: $has"
echo "as it comes: ${on:-nothing}"
echo "with ORT_DISABLE_TELEMETRY=1: ${off:-nothing}"
[ "$has $on ${off:-nothing}" = "True .ses nothing" ]
