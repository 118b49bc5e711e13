"""No library that we use sends anything about a run to its makers."""

import os
import subprocess
import sys

RUN = """
from pathlib import Path
import gettok
import faster_whisper, onnxruntime
model = Path(faster_whisper.__file__).parent / "assets" / "silero_vad_v6.onnx"
onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
"""


def test_onnx_runtime_begins_no_session_of_telemetry(tmp_path):
    """A session of its telemetry begins with the file `.ses` in the folder for temporary files."""
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    subprocess.run([sys.executable, "-c", RUN], env=environment | {"TMPDIR": str(tmp_path)}, check=True)
    assert not (tmp_path / ".ses").exists()
