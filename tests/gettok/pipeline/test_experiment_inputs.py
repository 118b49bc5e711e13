"""An experiment's workspace has what git has; a stage there stops if its inputs are not among it."""

import subprocess

import pytest
import yaml

from gettok.errors import BadInput
from gettok.pipeline.experiment_inputs import (
    not_committed,
    refuse_missing_conf,
    refuse_missing_inputs,
    refuse_to_queue_without,
)
from gettok.pipeline.paths import conf_digest, main_checkout, store_root
from gettok.pipeline.runner import _run
from gettok.settings import check, select


@pytest.fixture
def main(tmp_path, monkeypatch):
    """A repository that ignores what is in `media/`; the working folder is that of an experiment of it."""
    (tmp_path / "media").mkdir()
    (tmp_path / "inputs").mkdir()
    (tmp_path / ".gitignore").write_text("/media/*\n!/media/README.md\n/.dvc\n", "utf-8")
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    workspace = tmp_path / ".dvc" / "tmp" / "exps" / "tmp0123"
    (workspace / "media").mkdir(parents=True)
    monkeypatch.chdir(workspace)
    return tmp_path


def settings(params, *declared, **download):
    params["download"] |= download
    return select(check(params, "test"), declared)


def put(folder, name):
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(b"x")


@pytest.mark.parametrize(
    ("name", "git_has_it"), [("media/1.mp4", False), ("media/1/01.jpg", False), ("media/README.md", True)]
)
def test_files_of_one_s_own_that_only_the_main_checkout_has_stop_the_stage(main, params, name, git_has_it):
    put(main, name)
    subprocess.run(["git", "-C", main, "add", "-A"], check=True)
    local = settings(params, "download", backend="local", folder="media")
    if git_has_it:
        refuse_missing_inputs(local)
        return
    with pytest.raises(BadInput) as stopped:
        refuse_missing_inputs(local)
    assert name in str(stopped.value)
    assert "absolute path" in str(stopped.value)
    put(main / ".dvc" / "tmp" / "exps" / "tmp0123", name)
    refuse_missing_inputs(local)


def test_a_recogniser_of_one_s_own_is_such_a_file(main, params):
    put(main, "media/cyrillic.onnx")
    params["ocr"]["recognizer"] = "media/cyrillic.onnx"
    with pytest.raises(BadInput, match=r"media/cyrillic\.onnx"):
        refuse_missing_inputs(settings(params, "llm", "ocr"))
    params["ocr"] = None
    refuse_missing_inputs(settings(params, "llm", "ocr"))


def test_the_characters_beside_a_recogniser_are_looked_for_too(main, params):
    put(main, "media/latin.txt")
    put(main, "media/cyrillic.onnx")
    put(main, "media/cyrillic.txt")
    subprocess.run(["git", "-C", main, "add", "-f", "media/cyrillic.onnx"], check=True)
    put(main / ".dvc" / "tmp" / "exps" / "tmp0123", "media/cyrillic.onnx")
    params["ocr"]["recognizer"] = "media/cyrillic.onnx"
    with pytest.raises(BadInput, match=r"lacks 1 file that git does not have: media/cyrillic\.txt"):
        refuse_missing_inputs(settings(params, "llm", "ocr"))
    put(main / ".dvc" / "tmp" / "exps" / "tmp0123", "media/cyrillic.txt")
    refuse_missing_inputs(settings(params, "llm", "ocr"))


def test_a_folder_that_the_stage_does_not_read_or_that_is_named_absolutely_stops_nothing(main, params):
    put(main, "media/1.mp4")
    refuse_missing_inputs(settings(params, "download", backend="page", folder="media"))
    refuse_missing_inputs(settings(params, "llm"))
    refuse_missing_inputs(settings(params, "download", backend="local", folder=str(main / "media")))


@pytest.mark.parametrize(
    ("section", "name", "value"),
    [
        ("source", "file", "lists/ids.csv"),
        ("asr", "model", "models/whisper"),
        ("asr", "align", "models/wav2vec"),
        ("embedder", "model", "models/beto"),
    ],
)
def test_a_list_or_a_model_of_one_s_own_is_looked_for_too(main, params, section, name, value):
    put(main, f"{value}/model.bin" if "models" in value else value)
    params["source"] |= {"kind": "ids"} if section == "source" else {}
    params["embedder"] |= {"kind": "transformer", "revision": None} if section == "embedder" else {}
    params[section][name] = value
    chosen = select(check(params, "test"), [section])
    with pytest.raises(BadInput, match=value):
        refuse_missing_inputs(chosen)


def test_a_folder_outside_the_repository_is_looked_for_from_where_the_workspace_is(main, params):
    put(main.parent, "films/1.mp4")
    with pytest.raises(BadInput, match=r"\.\./films"):
        refuse_missing_inputs(settings(params, "download", backend="local", folder="../films"))


@pytest.mark.parametrize("name", ["café\udce9.mp4", ":(x)/1.mp4", "a\nb.mp4"])
def test_any_name_of_a_file_is_told(main, params, name):
    put(main, f"media/{name}")
    with pytest.raises(BadInput, match="lacks 1 file") as stopped:
        refuse_missing_inputs(settings(params, "download", backend="local", folder="media"))
    assert str(stopped.value).encode()


def test_a_list_in_inputs_that_is_not_committed_stops_every_stage(main, params):
    """A video that a refresh found removed must not come back in an experiment."""
    put(main, "inputs/refresh/tombstones.csv")
    put(main, "inputs/refresh/.DS_Store")
    with pytest.raises(
        BadInput, match=r"lacks 1 file that git does not have: inputs/refresh/tombstones\.csv"
    ):
        refuse_missing_inputs(settings(params, "llm"))


def test_outside_an_experiment_nothing_is_looked_for(main, params, monkeypatch):
    put(main, "inputs/refresh/tombstones.csv")
    monkeypatch.chdir(main)
    assert main_checkout() is None
    refuse_missing_inputs(settings(params, "download", backend="local", folder="media"))


def test_a_relative_store_is_the_main_checkout_s_own(main, monkeypatch):
    monkeypatch.setenv("GETTOK_STORE", "answers")
    assert store_root() == main / "answers"
    monkeypatch.chdir(main)
    assert store_root() == main / "answers"


PROMPT = "conf/prompts/codebook/mine.yaml"


def test_settings_composed_from_a_file_that_git_does_not_have_stop_an_experiment(main, params):
    put(main, "conf/config.yaml")
    subprocess.run(["git", "-C", main, "add", "conf"], check=True)
    put(main, PROMPT)
    workspace = main / ".dvc" / "tmp" / "exps" / "tmp0123"
    put(workspace, "conf/config.yaml")
    params["conf_digest"] = conf_digest(main / "conf")
    with pytest.raises(BadInput, match=f"lacks 1 file that git does not have: {PROMPT}") as stopped:
        refuse_missing_conf(check(params, "test"))
    assert "queue the experiment again" in stopped.value.can
    params["conf_digest"] = conf_digest(workspace / "conf")
    refuse_missing_conf(check(params, "test"))


def test_a_stage_of_such_an_experiment_names_the_file_and_not_the_edit(main, params):
    put(main, PROMPT)
    workspace = main / ".dvc" / "tmp" / "exps" / "tmp0123"
    put(workspace, "conf/config.yaml")
    (workspace / "params.yaml").write_text(yaml.safe_dump(params), "utf-8")
    with pytest.raises(BadInput, match=PROMPT):
        _run("code", [], list, None)


@pytest.mark.parametrize(("option", "stops"), [("--queue", True), ("--temp", True), ("--name", False)])
def test_an_experiment_with_an_uncommitted_prompt_is_not_even_queued(main, option, stops):
    put(main, "conf/config.yaml")
    subprocess.run(["git", "-C", main, "add", "conf"], check=True)
    put(main, "conf/hydra_plugins/__pycache__/a.pyc")
    arguments = ["dvc", "exp", "run", option]
    refuse_to_queue_without(main / "conf", arguments)
    put(main, PROMPT)
    if not stops:
        refuse_to_queue_without(main / "conf", arguments)
        return
    with pytest.raises(BadInput, match=f"git does not have {PROMPT}") as stopped:
        refuse_to_queue_without(main / "conf", arguments)
    assert "commit it" in stopped.value.can


def test_what_git_does_not_have_is_listed_with_the_paths_of_the_settings(main, params, monkeypatch):
    monkeypatch.chdir(main)
    for name in (PROMPT, "conf/hydra_plugins/a.pyc", "inputs/labels/human_labels.csv", "media/1.mp4"):
        put(main, name)
    params["download"] |= {"backend": "local", "folder": "media"}
    assert not_committed(None) == [PROMPT, "inputs/labels/human_labels.csv"]
    assert not_committed(check(params, "test")) == [PROMPT, "inputs/labels/human_labels.csv", "media/1.mp4"]
    subprocess.run(["git", "-C", main, "add", "-A", "-f", "conf", "inputs"], check=True)
    assert not_committed(None) == []


def test_without_conf_and_inputs_nothing_is_listed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    subprocess.run(["git", "init", "-q"], check=True)
    put(tmp_path, "notes.txt")
    assert not_committed(None) == []


def test_without_git_nothing_is_listed(tmp_path, monkeypatch):
    put(tmp_path, PROMPT)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert not_committed(None) == []
