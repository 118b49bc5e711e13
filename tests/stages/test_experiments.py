"""The command `gettok multiverse` on a real DVC repository with real experiments, whose stances cost nothing."""

import json
import shutil

import polars as pl
import pytest
import yaml
from dvc.cli import main as dvc_main
from repository import Repository, files
from root import ROOT

from gettok.cli.app import app
from gettok.errors import BadInput

#: DVC's own code, which these tests run in this process, is warned by a library of its.
pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep.value:DeprecationWarning")

PIPELINE = {
    "stages": {
        "tabulate": {"cmd": "python make.py videos", "deps": ["make.py"], "outs": ["data/videos"]},
        "detect_stance": {
            "cmd": "python make.py stances",
            "params": ["llm.votes", "prompts.stance", "study.stance"],
            "deps": ["data/videos"],
            "outs": ["data/stances"],
        },
    }
}
MAKE = '''
"""Twelve videos of six days. More votes make the last one neutral; the other prompt loses one to the filter."""
import sys
from datetime import datetime, timezone
from pathlib import Path
import yaml
from gettok.tables import STANCES, VIDEOS

settings = yaml.safe_load(Path("params.yaml").read_text("utf-8"))
ids = [str(7000 + number) for number in range(12)]
if sys.argv[1] == "videos":
    days = [datetime(2022, 12, 5 + place // 2, 12, tzinfo=timezone.utc) for place in range(12)]
    rows = [{"video_id": one, "created_at": day} for one, day in zip(ids, days)]
    VIDEOS.write(rows, Path("data/videos/all.parquet"))
    sys.exit()
votes = settings["llm"]["votes"]
if votes == 13:
    sys.exit("no luck")
labels = ["support" if place % 3 == 0 or place > 6 else "no support" for place in range(12)]
if votes == 3:
    labels[11] = "neutral"
rows = [{"video_id": one, "label": label, "status": "ok"} for one, label in zip(ids, labels)]
if settings["prompts"]["stance"]["name"] == "other":
    rows[1] = {"video_id": ids[1], "status": "unusable", "reason": "filtered"}
STANCES.write(rows, Path("data/stances/all.parquet"))
'''


@pytest.fixture(scope="module")
def swept(tmp_path_factory) -> Repository:
    """A repository with two experiments and one that is queued. To be copied, not changed."""
    folder = tmp_path_factory.mktemp("swept") / "repo"
    folder.mkdir()
    repository = Repository(folder, "no sandbox")
    shutil.copy(ROOT / "params.yaml", folder / "params.yaml")
    (folder / "dvc.yaml").write_text(yaml.safe_dump(PIPELINE), "utf-8")
    (folder / "make.py").write_text(MAKE, "utf-8")
    (folder / ".gitignore").write_text("/data\n/elsewhere\n", "utf-8")
    repository.git("init", "-q", "-b", "main")
    with pytest.MonkeyPatch.context() as patched:
        enter(repository, patched)
        dvc("init")
        dvc("repro")
        repository.commit("made")
        dvc("exp", "run", "-n", "three-votes", "-S", "llm.votes=3")
        prompt = ("-S", "prompts.stance.name=other", "-S", "prompts.stance.text=Other_words")
        dvc("exp", "run", "-n", "other-prompt", *prompt, "-S", "llm.votes=1")
        repository.git("checkout", "-q", ".")
        dvc("checkout")
        dvc("exp", "run", "--queue", "-n", "waits", "-S", "llm.votes=5")
    return repository


def enter(repository: Repository, patched: pytest.MonkeyPatch) -> None:
    """Change to the repository. DVC runs in this process, since importing it takes seconds."""
    patched.chdir(repository.folder)
    for name, value in repository._environment.items():
        patched.setenv(name, value)


def dvc(*arguments: str) -> None:
    assert dvc_main([*arguments, "-q"]) == 0, arguments


@pytest.fixture
def repository(swept, tmp_path, monkeypatch) -> Repository:
    repository = swept.copy(tmp_path / "repo")
    enter(repository, monkeypatch)
    return repository


@pytest.fixture
def gettok(repository, capsys):
    """The command; returns what it printed."""

    def call(*arguments: str) -> str:
        capsys.readouterr()
        app([*arguments], standalone_mode=False)
        return capsys.readouterr().out

    return call


def made(repository: Repository) -> tuple[pl.DataFrame, dict]:
    folder = repository.data / "multiverse"
    numbers = json.loads((folder / "multiverse.json").read_text("utf-8"))
    return pl.read_parquet(folder / "multiverse.parquet"), numbers


def test_experiments_and_the_workspace_are_compared(repository, gettok):
    before = files(repository.data)
    said = gettok("multiverse", "--event", "2022-12-08")
    assert said.startswith("3 specifications\n")
    assert "left out: waits: it is queued and has not run" in said
    table, numbers = made(repository)
    assert table["specification"].to_list() == ["workspace", "other-prompt", "three-votes"]
    settings = ["llm.votes", "prompts.stance.name", "prompts.stance.text"]
    assert [one for one in table.columns if "." in one] == settings
    assert table["llm.votes"].to_list() == [1, 1, 3]
    assert table["n"].to_list() == [12, 11, 12]
    assert table["lost_filtered"].to_list() == [0, 1, 0]
    assert numbers["differ_in"] == [
        {"setting": "llm.votes", "with_it": []},
        {"setting": "prompts.stance.name", "with_it": ["prompts.stance.text"]},
    ]
    (comparison,) = numbers["comparisons"]
    assert (comparison["same_sign"], comparison["n"], comparison["sign"]) == (3, 3, 1)
    assert numbers["flips"] == {"videos": 1, "of_videos_judged_twice_or_more": 12}
    assert {name: text for name, text in files(repository.data).items() if "multiverse" not in name} == before
    assert repository.git("status", "--porcelain") == "", "nothing was checked out"


def test_the_same_experiments_give_the_same_files(repository, gettok):
    gettok("multiverse")
    first = files(repository.data / "multiverse")
    gettok("multiverse", "--out", "elsewhere")
    assert files(repository.folder / "elsewhere") == first
    endings = ("csv", "json", "parquet", "svg")
    assert set(first) == {"flips.csv", "index.html", *(f"multiverse.{ending}" for ending in endings)}


def test_an_experiment_identical_to_the_workspace_counts_once(repository, gettok):
    dvc("exp", "apply", "three-votes")
    said = gettok("multiverse")
    assert "2 specifications; 1 more is identical to one of these" in said
    table, _ = made(repository)
    assert table.select("specification", "also").rows() == [
        ("other-prompt", []),
        ("three-votes", ["workspace"]),
    ]


def test_a_workspace_that_dvc_did_not_make_is_left_out(repository, gettok):
    stances = repository.data / "stances" / "all.parquet"
    stances.unlink()
    stances.write_bytes(b"by hand")
    said = gettok("multiverse")
    assert "left out: workspace: data/stances differs from dvc.lock" in said
    assert "2 specifications" in said


def test_stances_that_are_neither_in_the_cache_nor_in_a_remote_are_reported(repository, gettok):
    dvc("gc", "--workspace", "--force")
    said = gettok("multiverse")
    assert "left out: three-votes: DVC has its stances neither in the cache" in said
    assert "left out: other-prompt: DVC has its stances neither in the cache" in said
    assert said.startswith("1 specification\n")


def test_when_nothing_has_stances_each_result_is_named_with_its_reason(repository, gettok):
    shutil.rmtree(repository.folder / ".dvc" / "cache")
    (repository.data / "stances" / "all.parquet").unlink()
    with pytest.raises(BadInput, match="no result has stances") as error:
        gettok("multiverse")
    for name in (
        "waits: it is queued",
        "three-votes: DVC has",
        "other-prompt: DVC has",
        "workspace: data/stances",
    ):
        assert name in error.value.what
    assert not (repository.data / "multiverse").exists()


def test_without_an_experiment_it_says_how_to_make_some(repository, gettok):
    repository.commit("a commit of which no experiment was made")
    with pytest.raises(BadInput, match="no experiment started from the commit that is checked out") as error:
        gettok("multiverse")
    assert "dvc exp run --queue" in error.value.can
    assert gettok("multiverse", "--rev", "HEAD~1").startswith("3 specifications\n")


@pytest.mark.parametrize(
    ("given", "what"),
    [
        (("--label", "love"), "the study has no label 'love'"),
        (("--before-after", "the flood"), "'the flood' is neither an event of the study nor a day"),
        (("--rev", "nowhere"), "DVC cannot list the experiments"),
    ],
)
def test_an_unknown_label_day_or_commit_is_reported(repository, gettok, given, what):
    with pytest.raises(BadInput, match=what):
        gettok("multiverse", *given)
    assert not (repository.data / "multiverse").exists()


def test_an_event_is_found_by_its_label_and_a_day_needs_none(repository, gettok):
    gettok("multiverse", "--event", "State of emergency", "--event", "2022-12-07", "--event", "2022-12-06")
    _, numbers = made(repository)
    assert [(one["event"]["day"], one["event"]["label"]) for one in numbers["comparisons"]] == [
        ("2022-12-14", "State of emergency"),
        ("2022-12-07", "Castillo dissolves Congress and is removed"),
        ("2022-12-06", "a chosen day"),
    ]


def test_results_of_another_study_are_refused(repository, gettok):
    file = repository.folder / "params.yaml"
    settings = yaml.safe_load(file.read_text("utf-8"))
    settings["study"]["stance"]["labels"] = ["for", "against"]
    file.write_text(yaml.safe_dump(settings), "utf-8")
    with pytest.raises(BadInput, match="not all results belong to the study demo") as error:
        gettok("multiverse")
    assert "three-votes" in error.value.what
    assert "other-prompt" in error.value.what


@pytest.mark.slow
def test_an_experiment_that_failed_is_named_and_counted(repository, gettok):
    dvc("queue", "remove", "--queued")
    dvc("exp", "run", "--queue", "-n", "unlucky", "-S", "llm.votes=13")
    repository.outcome("dvc", "exp", "run", "--run-all")
    assert "left out: unlucky: its run failed" in gettok("multiverse")
    _, numbers = made(repository)
    assert numbers["left_out"] == [{"name": "unlucky", "why": "its run failed"}]
    assert "unlucky" in (repository.data / "multiverse" / "index.html").read_text("utf-8")
