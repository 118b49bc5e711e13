"""A model is identified by its files, wherever they come from; only files that are read are fetched and counted."""

import errno

import pytest
from loopback_hub import loopback_hub

from gettok.errors import BadSettings, NoSpace, NotNow
from gettok.models.hub import hub_errors, transformers_files, transformers_model
from gettok.models.loading import ModelUse

NAME = "someone/some-model"


@pytest.fixture
def hub(tmp_path, monkeypatch):
    clear_cache = transformers_model.__globals__["_downloaded"].cache_clear
    clear_cache()
    with loopback_hub(monkeypatch, tmp_path / "cache") as made:
        yield made
    clear_cache()


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "model"
    made.mkdir()
    for name in (
        "config.json",
        "vocab.txt",
        "README.md",
        "pytorch_model.bin",
        "tf_model.h5",
        "training_args.bin",
    ):
        (made / name).write_text(name)
    return made


def found(name, revision=None):
    use = ModelUse("test model", "test.model", "stopped", "do")
    return transformers_model(str(name), revision, use)


def test_a_model_of_the_hub_is_identified_by_repository_commit_and_files(hub, folder):
    commit = hub.put(NAME, folder)
    fetched = found(NAME)
    assert fetched.identity == {"repository": NAME, "revision": commit, "sha256": found(folder).digest}
    assert (fetched.is_pinned, found(NAME, commit).is_pinned) == (False, True)
    assert {file.name for file in fetched.folder.iterdir()} == {
        "config.json",
        "vocab.txt",
        "pytorch_model.bin",
    }


def test_the_same_weights_are_not_fetched_a_second_time_in_another_format(hub, folder):
    (folder / "model.safetensors").write_text("weights")
    hub.put(NAME, folder)
    found(NAME)
    assert sorted(hub.asked) == ["config.json", "model.safetensors", "vocab.txt"]


def test_f54_a_name_that_moves_on_has_another_identity(hub, folder):
    hub.put(NAME, folder)
    before = found(NAME).identity
    (folder / "config.json").write_text("other")
    hub.put(NAME, folder, "b")
    transformers_model.__globals__["_downloaded"].cache_clear()
    assert found(NAME).identity["revision"] != before["revision"]
    assert found(NAME).digest != before["sha256"]


def test_a_file_that_is_not_read_does_not_change_the_model(folder):
    before = found(folder).digest
    (folder / "README.md").write_text("About the model")
    (folder / ".DS_Store").write_text("view")
    (folder / "language_model").mkdir()
    (folder / "language_model" / "more.json").write_text("{}")
    assert found(folder).digest == before
    assert transformers_files(folder) == ("*.json", "*.txt", "pytorch_model*.bin")


def test_f54_a_byte_of_the_weights_changes_the_model(folder):
    before = found(folder).digest
    (folder / "pytorch_model.bin").write_text("other")
    assert found(folder).digest != before


def test_a_name_that_the_hub_does_not_have_is_bad_settings_and_a_hub_that_is_down_is_not_now(
    hub, folder, monkeypatch
):
    with pytest.raises(BadSettings, match="404"):
        found(NAME)
    hub.put("someone/known", folder)
    with pytest.raises(BadSettings, match="404"):
        found("someone/known", "c" * 40)
    with pytest.raises(BadSettings, match="no/such/folder"):
        found("no/such/folder")
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(NotNow):
        found("someone/another-model")


def test_f37_a_model_that_does_not_fit_is_not_taken_for_a_hub_that_is_down():
    use = ModelUse("test model", "test.model", "stopped", "do")
    with pytest.raises(NoSpace), hub_errors(use, "a/b"):
        raise OSError(errno.ENOSPC, "No space left on device")
