"""A speech model is identified by its files, and the key of an answer names everything that changes it."""

import pickle
import shutil

import pytest
from demo_model import DEMO, MODEL, demo_settings, with_settings

from gettok.errors import BadSettings, NotNow
from gettok.models.hub import folder_digest
from gettok.models.loading import fastest_compute_type
from gettok.settings import Asr
from gettok.settings.registries import ASR_BACKENDS
from gettok.settings.roles import EXECUTION_ONLY, is_under
from gettok.speech.backends import transformers, whisperx
from gettok.speech.recognizer import RecognizerBackend, backend_of, languages_of
from sandbox.speech import random_model


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
        "max_sound_s": 60,
        "align": "auto",
    }
    keys = [with_settings(**{name: value}).settings for name, value in changes.items()]
    assert all(key != with_settings().settings for key in keys)
    assert set(with_settings().settings) == set(changes) - {"max_sound_s"} | {"model"}


def test_a_new_setting_is_in_the_key_unless_it_is_listed_as_changing_nothing():
    listed = {name for name in Asr.model_fields if is_under(f"asr.{name}", EXECUTION_ONLY)}
    assert listed == {"device", "batch_size"}
    settings = with_settings(max_sound_s=60).settings
    assert set(settings) == set(Asr.model_fields) - listed - {"revision"}
    own = with_settings(vad="/mine/detector").settings
    assert own["vad"] == "/mine/detector", "two folders of one name are two answers"


def test_the_key_holds_nothing_that_cannot_change_an_answer(tmp_path):
    elsewhere = shutil.copytree(MODEL, tmp_path / "copy")
    moved = with_settings(batch_size=1, device="auto", model=str(elsewhere))
    assert moved.settings == with_settings().settings


def test_the_limit_of_a_sound_is_in_the_key_unless_it_is_the_default():
    assert "max_sound_s" not in with_settings(max_sound_s=3660).settings, "older answers have no such key"
    assert with_settings(max_sound_s=3661).settings["max_sound_s"] == 3661


def test_auto_in_the_key_is_resolved_to_what_this_machine_has():
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
def test_a_file_beside_the_model_that_is_not_read_does_not_change_the_key(tmp_path, beside):
    folder = shutil.copytree(MODEL, tmp_path / "copy")
    (folder / beside).parent.mkdir(exist_ok=True)
    (folder / beside).write_bytes(b"about the model")
    assert with_settings(model=str(folder)).settings == with_settings().settings


def test_a_step_travels_to_another_process(tmp_path):
    step = with_settings()
    assert pickle.loads(pickle.dumps(step)) == step
    assert pickle.loads(pickle.dumps(step)).settings == step.settings


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """The hub's cache with one model in it, and no connection to the hub."""
    repository = tmp_path / "models--Systran--faster-whisper-large-v3"
    commit = "edaa852ec7e145841d8ffdb056a99866b5f0a478"
    shutil.copytree(MODEL, repository / "snapshots" / commit)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(commit)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    whisperx._downloaded.cache_clear()
    yield commit
    whisperx._downloaded.cache_clear()


def test_a_model_from_the_hub_is_identified_by_repository_commit_and_files(hub):
    found = whisperx.find(demo_settings(model="large-v3", revision=None))
    assert (found.repository, found.revision) == ("Systran/faster-whisper-large-v3", hub)
    assert found.digest == folder_digest(MODEL, whisperx.FILES)
    assert not found.is_pinned
    assert whisperx.find(demo_settings(model="large-v3", revision=hub)).is_pinned


def test_other_files_in_the_hubs_cache_do_not_change_the_model(hub, tmp_path):
    asr = demo_settings(model="large-v3", revision=hub)
    before = whisperx.find(asr).digest
    (tmp_path / "models--Systran--faster-whisper-large-v3" / "snapshots" / hub / "README.md").write_text(
        "new"
    )
    whisperx._downloaded.cache_clear()
    assert whisperx.find(asr).digest == before


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


def test_a_folder_without_a_model_is_bad_settings(tmp_path):
    with pytest.raises(BadSettings, match="cannot be loaded"):
        with_settings(model=str(tmp_path)).open()


def test_a_language_token_is_two_or_three_letters():
    control = ["<|startoftranscript|>", "<|translate|>", "<|notimestamps|>", "<|0.00|>", "<|endoftext|>"]
    assert languages_of([*control, "es", "<|es|>", "<|yue|>", "<|haw|>"]) == {"es", "yue", "haw"}


def test_a_language_that_the_model_does_not_know_stops_before_the_first_video():
    with pytest.raises(BadSettings, match="'xx'"):
        with_settings(language="xx").open()


@pytest.mark.parametrize("language", ["yue", "qu"])
@pytest.mark.parametrize("backend", ASR_BACKENDS)
def test_the_languages_that_may_be_set_are_those_of_the_models_own_vocabulary(tmp_path, backend, language):
    """faster-whisper's list has `yue` for every model; this one has 99 languages, and Cantonese is not among them."""
    for_transformers, for_ctranslate2 = random_model.write(tmp_path, "tiny", tokens=12)
    folder = for_transformers if backend == "transformers" else for_ctranslate2
    step = with_settings(backend=backend, model=str(folder), language=language)
    with pytest.raises(BadSettings, match=f"does not know the language '{language}'") as refused:
        step.open()
    assert "(af, am, ar, as, az, " in refused.value.can
    assert "or to null" in refused.value.can


def test_auto_is_what_this_machine_has():
    ctranslate2 = pytest.importorskip("ctranslate2")
    there = "cuda" if ctranslate2.get_cuda_device_count() else "cpu"
    auto = demo_settings(device="auto", compute_type="auto")
    assert whisperx.device(auto) == there
    assert whisperx.compute_type(auto) in ctranslate2.get_supported_compute_types(there)


@pytest.mark.parametrize(
    ("device", "supported", "expected"),
    [
        ("cuda", {"float32", "float16", "int8", "int8_float16", "bfloat16"}, "float16"),
        ("cuda", {"float32", "int8", "int8_float32"}, "float32"),  # a GPU from before 2017
        ("cpu", {"float32", "int8", "int8_float32"}, "int8"),
        ("cpu", {"float32"}, "float32"),
    ],
)
def test_auto_is_the_fastest_format_that_the_device_computes_in(device, supported, expected):
    assert fastest_compute_type(device, supported) == expected


def test_auto_on_transformers_is_not_an_integer_format():
    assert transformers.compute_type(demo_settings(compute_type="auto")) == "float32"


def test_a_gpu_that_is_not_there_is_bad_settings(monkeypatch):
    def no_driver(_):
        raise RuntimeError("CUDA failed with error no CUDA-capable device is detected")

    monkeypatch.setattr("ctranslate2.get_supported_compute_types", no_driver)
    with pytest.raises(BadSettings, match="cannot run on cuda"):
        whisperx.compute_type(demo_settings(device="cuda", compute_type="auto"))


@pytest.mark.parametrize(
    "wrong", [{"chunk_s": 9}, {"window_s": 31}, {"backend": "transformers", "compute_type": "int8"}]
)
def test_settings_that_cannot_be_run_are_refused(wrong):
    with pytest.raises(ValueError, match=r"window_s|no compute_type"):
        Asr.model_validate(DEMO.model_dump() | wrong)


@pytest.mark.parametrize("name", ASR_BACKENDS)
def test_every_backend_finds_checks_and_loads_by_its_name(name):
    backend = backend_of(demo_settings(backend=name))
    functions = {function for function in vars(RecognizerBackend) if not function.startswith("_")}
    assert functions == {"find", "device", "compute_type", "load"}
    assert all(callable(getattr(backend, function)) for function in functions)
    auto = demo_settings(backend=name, compute_type="auto")
    assert backend.compute_type(auto) in ASR_BACKENDS[name].compute_types


@pytest.mark.parametrize(
    "wrong", [{"backend": "whisper"}, {"backend": "transformers", "compute_type": "int8"}]
)
def test_a_wrong_backend_or_compute_type_is_refused_with_the_right_ones(wrong):
    with pytest.raises(
        ValueError, match=r"must be one of the choices|no compute_type int8, but auto, float16"
    ):
        Asr.model_validate(DEMO.model_dump() | wrong)
