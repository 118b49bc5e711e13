"""A model is known by its files; a name that means other files than before is noticed."""

import json
import pickle
import shutil
from dataclasses import replace

import pytest
from demo_model import DEMO, MODEL, with_settings

from gettok.errors import BadSettings, NotNow
from gettok.models.hub import Model, folder_digest
from gettok.pipeline.model_pins import refuse_changed
from gettok.settings import Asr
from gettok.speech.models import OF_WHISPERX, compute_type_of, device_of, find, quickest

#: How the settings name a commit.
PIN = "asr.revision to "


def from_hub(revision, *, is_pinned=False):
    return Model(MODEL, "Systran/faster-whisper-large-v3", revision, f"digest of {revision}", is_pinned)


def test_the_key_names_everything_that_changes_an_answer():
    changes = {
        "backend": "transformers",
        "compute_type": "int8",
        "language": None,
        "vad": "pyannote",
        "chunk_s": 5,
        "window_s": 9,
        "beam_size": 3,
        "min_speech_ratio": 0.5,
        "align": "auto",
    }
    keys = [with_settings(**{name: value}).settings for name, value in changes.items()]
    assert all(key != with_settings().settings for key in keys)
    assert set(with_settings().settings) == set(changes) | {"model"}


def test_the_key_holds_nothing_that_cannot_change_an_answer(tmp_path):
    elsewhere = shutil.copytree(MODEL, tmp_path / "copy")
    moved = with_settings(batch_size=1, device="auto", model=str(elsewhere))
    assert moved.settings == with_settings().settings


def test_auto_stands_in_the_key_for_what_this_machine_has():
    assert with_settings(compute_type="auto").settings == with_settings(compute_type="int8").settings


@pytest.mark.parametrize("change", ["byte", "name", "new file"])
def test_the_key_changes_with_any_file_that_is_read(tmp_path, change):
    folder = shutil.copytree(MODEL, tmp_path / "copy")
    before = with_settings(model=str(folder)).settings
    target = folder / "config.json"
    if change == "byte":
        target.write_bytes(target.read_bytes() + b" ")
    elif change == "name":
        target.rename(folder / "configuration.json")
    else:
        (folder / "vocabulary.txt").write_text("a")
    assert with_settings(model=str(folder)).settings["model"] != before["model"]


@pytest.mark.parametrize("beside", [".DS_Store", "README.md", "training.json", "old/model.bin"])
def test_a_file_beside_the_model_that_nobody_reads_does_not_make_it_another(tmp_path, beside):
    folder = shutil.copytree(MODEL, tmp_path / "copy")
    (folder / beside).parent.mkdir(exist_ok=True)
    (folder / beside).write_bytes(b"a word on the model")
    assert with_settings(model=str(folder)).settings == with_settings().settings


def test_a_step_travels_to_another_process(tmp_path):
    step = with_settings()
    assert pickle.loads(pickle.dumps(step)) == step
    assert pickle.loads(pickle.dumps(step)).settings == step.settings


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """The hub's cache with one model in it, and no way to the hub."""
    repository = tmp_path / "models--Systran--faster-whisper-large-v3"
    commit = "edaa852ec7e145841d8ffdb056a99866b5f0a478"
    shutil.copytree(MODEL, repository / "snapshots" / commit)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(commit)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    find.__globals__["_downloaded"].cache_clear()
    yield commit
    find.__globals__["_downloaded"].cache_clear()


def test_a_model_from_the_hub_goes_by_repository_commit_and_files(hub):
    found = find(DEMO.model_copy(update={"model": "large-v3", "revision": None}))
    assert (found.repository, found.revision) == ("Systran/faster-whisper-large-v3", hub)
    assert found.digest == folder_digest(MODEL, OF_WHISPERX)
    assert not found.is_pinned
    assert find(DEMO.model_copy(update={"model": "large-v3", "revision": hub})).is_pinned


def test_what_others_put_into_the_hubs_cache_does_not_make_it_another_model(hub, tmp_path):
    name = {"model": "large-v3", "revision": hub}
    before = find(DEMO.model_copy(update=name)).digest
    (tmp_path / "models--Systran--faster-whisper-large-v3" / "snapshots" / hub / "README.md").write_text(
        "new"
    )
    find.__globals__["_downloaded"].cache_clear()
    assert find(DEMO.model_copy(update=name)).digest == before


def test_a_model_from_the_hub_is_loaded_from_its_cache(hub):
    step = with_settings(model="large-v3")
    step.open()
    assert step.settings["model"]["revision"] == hub


def test_a_hub_that_cannot_be_reached_is_not_now(hub):
    with pytest.raises(NotNow, match="cannot be fetched"):
        with_settings(model="small").open()


@pytest.mark.parametrize("model", ["no-such-model", "sandbox/speech/no such folder"])
def test_a_model_that_does_not_exist_is_bad_settings(model):
    with pytest.raises(BadSettings, match=model):
        with_settings(model=model).open()


def test_a_folder_that_is_no_model_is_bad_settings(tmp_path):
    with pytest.raises(BadSettings, match="cannot be loaded"):
        with_settings(model=str(tmp_path)).open()


def test_a_language_that_the_model_lacks_stops_before_the_first_video():
    with pytest.raises(BadSettings, match="'xx'"):
        with_settings(language="xx").open()


def test_this_machine_is_told_as_it_is():
    ctranslate2 = pytest.importorskip("ctranslate2")
    there = "cuda" if ctranslate2.get_cuda_device_count() else "cpu"
    auto = DEMO.model_copy(update={"device": "auto", "compute_type": "auto"})
    assert device_of(auto) == there
    assert compute_type_of(auto) in ctranslate2.get_supported_compute_types(there)


@pytest.mark.parametrize(
    ("device", "supported", "expected"),
    [
        ("cuda", {"float32", "float16", "int8", "int8_float16", "bfloat16"}, "float16"),
        ("cuda", {"float32", "int8", "int8_float32"}, "float32"),  # a GPU of before 2017
        ("cpu", {"float32", "int8", "int8_float32"}, "int8"),
        ("cpu", {"float32"}, "float32"),
    ],
)
def test_auto_is_the_quickest_format_that_the_device_computes_in(device, supported, expected):
    assert quickest(device, supported) == expected


def test_auto_on_transformers_asks_torch_for_no_whole_numbers():
    wanted = {"backend": "transformers", "compute_type": "auto", "device": "cpu"}
    assert compute_type_of(DEMO.model_copy(update=wanted)) == "float32"


def test_a_gpu_that_is_not_there_is_bad_settings(monkeypatch):
    def no_driver(_):
        raise RuntimeError("CUDA failed with error no CUDA-capable device is detected")

    monkeypatch.setattr("ctranslate2.get_supported_compute_types", no_driver)
    with pytest.raises(BadSettings, match="cannot run on cuda"):
        compute_type_of(DEMO.model_copy(update={"device": "cuda", "compute_type": "auto"}))


@pytest.mark.parametrize(
    "wrong", [{"chunk_s": 9}, {"window_s": 31}, {"backend": "transformers", "compute_type": "int8"}]
)
def test_settings_that_cannot_be_run_are_refused(wrong):
    with pytest.raises(ValueError, match=r"window_s|no compute_type"):
        Asr.model_validate(DEMO.model_dump() | wrong)


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


def test_a_folder_of_ones_own_may_change(tmp_path):
    for digest in ("one", "another"):
        refuse_changed(tmp_path, "here", Model(MODEL, None, None, digest, is_pinned=False), PIN)
    assert not (tmp_path / "models.json").exists()
