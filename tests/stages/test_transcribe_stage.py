"""What the stage of transcribing says about its model."""

from root import ROOT
from workspace import Workspace

from gettok.tables import MEDIA


def test_the_demo_s_model_is_named_as_a_toy_once_in_each_run(tmp_path):
    workspace = Workspace.make(
        tmp_path, "http://127.0.0.1:1", f"asr.model={ROOT}/sandbox/speech/whisper_demo"
    )
    (workspace.data / "videos").mkdir(parents=True)
    MEDIA.write([], workspace.data / "media.parquet")
    said = workspace.run("transcribe")
    assert said.count("transcribe: this is the demo's speech model, a toy") == 1
    assert "transcribe: 0 of 0 ok" in said
