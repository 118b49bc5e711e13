"""A model's name that means other files than for the first answers is noticed."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from gettok.errors import BadSettings
from gettok.models.hub import Model
from gettok.pipeline.model_pins import refuse_changed

#: How the settings name a commit.
PIN = "asr.revision to "
FOLDER = Path("model")


def from_hub(revision, *, is_pinned=False):
    return Model(FOLDER, "Systran/faster-whisper-large-v3", revision, f"digest of {revision}", is_pinned)


def test_a_name_that_means_other_files_than_before_is_noticed(tmp_path):
    refuse_changed(tmp_path, "large-v3", from_hub("a"), PIN)
    refuse_changed(tmp_path, "large-v3", from_hub("a"), PIN)
    refuse_changed(tmp_path, "small", from_hub("b"), PIN)
    with pytest.raises(BadSettings, match="revision b") as noticed:
        refuse_changed(tmp_path, "large-v3", from_hub("b"), PIN)
    assert "asr.revision to a " in noticed.value.can
    assert "to b " in noticed.value.can


def test_another_commit_of_the_same_files_is_the_same_model(tmp_path):
    refuse_changed(tmp_path, "large-v3", from_hub("a"), PIN)
    refuse_changed(tmp_path, "large-v3", replace(from_hub("b"), digest="digest of a"), PIN)


def test_a_commit_that_the_settings_name_is_taken_and_remembered(tmp_path):
    refuse_changed(tmp_path, "large-v3", from_hub("a"), PIN)
    refuse_changed(tmp_path, "large-v3", from_hub("b", is_pinned=True), PIN)
    refuse_changed(tmp_path, "large-v3", from_hub("b"), PIN)
    assert json.loads((tmp_path / "models.json").read_text())["large-v3"]["revision"] == "b"


def test_a_local_folder_may_change(tmp_path):
    for digest in ("one", "another"):
        refuse_changed(tmp_path, "here", Model(FOLDER, None, None, digest, is_pinned=False), PIN)
    assert not (tmp_path / "models.json").exists()
