"""The demo's speech model is a toy, and no one can take its transcripts for those of a real one."""

import shutil

from demo_model import MODEL, with_settings

from gettok.speech.demo_model import DEMO_MODEL_SHA256
from gettok.step import Answer

SEGMENT = {
    "start_s": 0.0, "end_s": 3.0, "speech_s": 3.0, "text": "la marcha sigue hoy", "language": "es",
    "language_probability": 0.9, "rival_probability": 0.05, "avg_logprob": -0.3, "no_speech_prob": 0.1,
}  # fmt: skip


def flags_of(sha256):
    """The flags of a good transcript by the model with this digest."""
    body = {
        "model": {"repository": None, "revision": None, "sha256": sha256}, "compute_type": "float32",
        "sound_s": 4.0, "speech_s": 3.0, "heard": "voice", "language": "es", "segments": [SEGMENT],
    }  # fmt: skip
    (row,) = with_settings().read(Answer(body))
    return row["speech"], row["quality_flags"]


def test_the_demo_s_model_is_known_by_its_files_and_not_by_its_path(tmp_path):
    copy = shutil.copytree(MODEL, tmp_path / "whisper")
    assert with_settings(model=str(copy)).model.digest == DEMO_MODEL_SHA256
    assert "invents fluent sentences" in with_settings(model=str(copy)).warning
    (copy / "config.json").write_text("{}", "utf-8")
    assert with_settings(model=str(copy)).warning is None


def test_each_of_its_transcripts_has_a_flag_however_sure_it_is():
    assert flags_of(DEMO_MODEL_SHA256) == ("suspect", ["demo_model"])
    assert flags_of("0" * 64) == ("speech", [])
    assert flags_of(None) == ("speech", [])


def test_which_model_it_is_changes_no_answer_s_key():
    assert "demo_model" not in str(with_settings().settings)
