"""`gettok multiverse` and `gettok runs` on a real DVC repository, whose experiments cost nothing."""

import json
import re
import shutil

import polars as pl
import pytest
import yaml
from dvc.repo import Repo
from dvc_here import dvc, enter
from repository import Repository, files
from root import ROOT

from gettok.cli.app import app
from gettok.cli.experiments import _why_workspace_unusable
from gettok.errors import BadInput
from gettok.pipeline.paths import HUMAN_LABELS

#: DVC's own code, which these tests run in this process, is warned by a library of its.
pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep.value:DeprecationWarning")

PIPELINE = {
    "stages": {
        "tabulate": {"cmd": "python make.py videos", "deps": ["make.py"], "outs": ["data/videos"]},
        "annotate": {
            "cmd": "python make.py annotations",
            "params": ["llm.votes", "codebook", "prompts.codebook", "study.stance"],
            "deps": ["data/videos"],
            "outs": ["data/annotations"],
        },
    }
}
MAKE = '''
"""Twelve videos of six days. More votes make the last one neutral; the other prompt loses one to the filter.

The last two videos share their answers. Topics are of another call, which costs ten times as much.
"""
import sys
from datetime import datetime, timezone
from pathlib import Path
import yaml
from gettok.tables import ANNOTATIONS, VIDEOS

settings = yaml.safe_load(Path("params.yaml").read_text("utf-8"))
ids = [str(7000 + number) for number in range(12)]
if sys.argv[1] == "videos":
    days = [datetime(2022, 12, 5 + place // 2, 12, tzinfo=timezone.utc) for place in range(12)]
    rows = [{"video_id": one, "created_at": day} for one, day in zip(ids, days)]
    VIDEOS.write(rows, Path("data/videos/all.parquet"))
    sys.exit()
votes, variables = settings["llm"]["votes"], settings["codebook"]["variables"]
if votes == 13:
    sys.exit("no luck")
labels = ["support" if place % 3 == 0 or place > 6 else "no support" for place in range(12)]
if votes == 3:
    labels[11] = "neutral"
answers = [f"answer {min(place, 10)}" for place in range(12)]
rows = [
    {"video_id": one, "variable": "stance", "label": label, "status": "ok", "answer_key": key, "cost_usd": 0.01 * votes}
    for one, label, key in zip(ids, labels, answers)
]
if settings["prompts"]["codebook"]["name"] == "other":
    rows[1] = {"video_id": ids[1], "variable": "stance", "status": "unusable", "reason": "filtered"}
ANNOTATIONS.write(rows, Path("data/annotations/stance/all.parquet"))
if "topics" in variables:
    groups = {"call_to_action": {"label": "yes"}, "topics": {"labels": ["protest"]}}
    rows = [
        {"video_id": one, "variable": name, "status": "ok", "answer_key": key + "c", **value}
        | ({"cost_usd": 0.1} if name == "call_to_action" else {})
        for one, key in zip(ids, answers) for name, value in groups.items()
    ]
    rows[1] |= {"labels": []}
    rows[3] |= {"labels": None, "abstained": True}
    ANNOTATIONS.write(rows, Path("data/annotations/content/all.parquet"))
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
        prompt = ("-S", "prompts.codebook.name=other", "-S", "prompts.codebook.texts.stance=Other_words")
        dvc("exp", "run", "-n", "other-prompt", *prompt, "-S", "llm.votes=1")
        repository.git("checkout", "-q", ".")
        dvc("checkout")
        dvc("exp", "run", "--queue", "-n", "waits", "-S", "llm.votes=5")
    return repository


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
    assert "\n3 specifications\n" in said
    assert "left out: waits: it is queued and has not run" in said
    table, numbers = made(repository)
    assert table["specification"].to_list() == ["workspace", "other-prompt", "three-votes"]
    settings = ["llm.votes", "prompts.codebook.name", "prompts.codebook.texts.stance"]
    assert [one for one in table.columns if "." in one] == settings
    assert table["llm.votes"].to_list() == [1, 1, 3]
    assert table["n"].to_list() == [12, 11, 12]
    assert table["lost_filtered"].to_list() == [0, 1, 0]
    assert numbers["differ_in"] == [
        {"setting": "llm.votes", "with_it": []},
        {"setting": "prompts.codebook.name", "with_it": ["prompts.codebook.texts.stance"]},
    ]
    (comparison,) = numbers["comparisons"]
    assert (comparison["same_sign"], comparison["n"], comparison["sign"]) == (3, 3, 1)
    assert numbers["flips"] == {"videos": 1, "of_videos_judged_twice_or_more": 12}
    assert {name: text for name, text in files(repository.data).items() if "multiverse" not in name} == before
    assert repository.git("status", "--porcelain") == "", "nothing was checked out"


@pytest.mark.slow
def test_the_same_experiments_give_the_same_files(repository, gettok):
    gettok("multiverse")
    first = files(repository.data / "multiverse")
    gettok("multiverse", "--out", "elsewhere")
    assert files(repository.folder / "elsewhere") == first
    endings = ("csv", "json", "parquet", "svg")
    assert set(first) == {"flips.csv", "index.html", *(f"multiverse.{ending}" for ending in endings)}


@pytest.mark.slow
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
    table = repository.data / "annotations" / "stance" / "all.parquet"
    table.unlink()
    table.write_bytes(b"by hand")
    said = gettok("multiverse")
    assert "left out: workspace: data/annotations differs from dvc.lock" in said
    assert "2 specifications" in said


@pytest.mark.slow
def test_annotations_that_are_neither_in_the_cache_nor_in_a_remote_are_reported(repository, gettok):
    dvc("gc", "--workspace", "--force")
    said = gettok("multiverse")
    for name in ("three-votes", "other-prompt"):
        assert (
            f"left out: {name}: its annotations are neither in DVC's cache nor in a remote; `dvc push" in said
        )
    assert "\n1 specification\n" in said


@pytest.mark.slow
def test_when_nothing_has_annotations_each_result_is_named_with_its_reason(repository, gettok):
    shutil.rmtree(repository.folder / ".dvc" / "cache")
    shutil.rmtree(repository.data / "annotations")
    with pytest.raises(BadInput, match="no result has the variable stance") as error:
        gettok("multiverse")
    for name in (
        "waits: it is queued",
        "three-votes: its annotations are neither",
        "other-prompt: its annotations are neither",
        "workspace: data/annotations is missing; `dvc pull`",
    ):
        assert name in error.value.what
    assert not (repository.data / "multiverse").exists()


@pytest.mark.slow
def test_without_an_experiment_it_says_how_to_make_some(repository, gettok):
    repository.commit("a commit of which no experiment was made")
    with pytest.raises(BadInput, match="no experiment started from the commit that is checked out") as error:
        gettok("multiverse")
    assert "dvc exp run --queue" in error.value.can
    assert "\n3 specifications\n" in gettok("multiverse", "--rev", "HEAD~1")


@pytest.mark.parametrize(
    ("given", "what"),
    [
        (("--label", "love"), "the variable stance has no label 'love'"),
        (("--variable", "mood"), "the codebook has no variable 'mood'"),
        (("--before-after", "the flood"), "'the flood' is neither an event of the study nor a day"),
        (("--rev", "nowhere"), "DVC cannot list the experiments"),
    ],
)
def test_an_unknown_label_variable_day_or_commit_is_reported(repository, gettok, given, what):
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


@pytest.mark.slow
def test_another_variable_is_compared_by_one_of_its_labels(repository, gettok):
    said = gettok("multiverse", "--variable", "topics", "--label", "protest")
    assert said.startswith(
        "variable topics: Which of these topics is the video about?\n2 specifications; 1 more is"
    )
    table, numbers = made(repository)
    columns = ("n", "share_protest", "share_not protest", "lost_abstained")
    assert table.select(columns).rows() == [(11, 0.9091, 0.0909, 1)] * 2
    assert (numbers["variable"], numbers["label"]) == ("topics", "protest")
    assert [one["setting"] for one in numbers["differ_in"]] == ["llm.votes"]


@pytest.mark.slow
def test_experiments_with_another_codebook_are_compared_where_they_have_the_variable(repository, gettok):
    """The question of another variable makes no specification, and a codebook without the variable is left out."""
    dvc("queue", "remove", "--queued")
    asked = "codebook.variables.{}.question=Another"
    dvc("exp", "run", "-n", "topics-asked-anew", "-S", asked.format("topics"))
    repository.git("checkout", "-q", ".")
    dvc("exp", "run", "-n", "stance-alone", "-S", "~codebook.variables.topics")
    repository.git("checkout", "-q", ".")
    labels = "codebook.variables.stance.labels=[for,against]"
    dvc("exp", "run", "-n", "other-labels", "-S", labels)
    repository.git("checkout", "-q", ".")
    dvc("checkout")
    said = gettok("multiverse")
    assert "3 specifications; 2 more are identical to one of these" in said
    assert "left out: other-labels: its variable stance has other labels: for, against" in said
    assert "left out: stance-alone: its codebook has no variable topics" in gettok(
        "multiverse", "--variable", "topics"
    )
    rows = {row["run"]: row for row in json.loads(gettok("runs", "--json"))}
    assert rows["other-labels"]["why"] == "its variable stance has other labels: for, against"
    assert rows["stance-alone"]["n"] == 12


def test_results_of_another_study_are_refused(repository, gettok):
    file = repository.folder / "params.yaml"
    settings = yaml.safe_load(file.read_text("utf-8"))
    settings["study"]["stance"]["target"] = "somebody else"
    file.write_text(yaml.safe_dump(settings), "utf-8")
    with pytest.raises(BadInput, match="not all results belong to the study of") as error:
        gettok("multiverse")
    for name in ("three-votes", "other-prompt"):
        assert (
            f"{name} (its target is 'Pedro Castillo as President of Peru', not 'somebody else')"
            in error.value.what
        )


def test_runs_has_the_workspace_the_commit_and_each_experiment(repository, gettok):
    before = files(repository.data)
    rows = {row["run"]: row for row in json.loads(gettok("runs", "--json"))}
    head = repository.git("rev-parse", "HEAD").strip()
    commit = f"main {head[:7]}"
    assert list(rows)[:2] == ["workspace", commit]
    assert set(rows) == {"workspace", commit, "three-votes", "other-prompt", "waits"}
    assert rows[commit]["commit"] == head
    settings = {name: row["settings"] for name, row in rows.items()}
    assert (
        settings["workspace"] == settings[commit] == {"llm.votes": "1", "prompts.codebook.name": "evidence"}
    )
    assert settings["three-votes"] == {"llm.votes": "3", "prompts.codebook.name": "evidence"}
    assert settings["other-prompt"] == {"llm.votes": "1", "prompts.codebook.name": "other"}
    assert settings["waits"]["llm.votes"] == "5"
    assert {name: row["state"] for name, row in rows.items() if row["state"] != "done"} == {"waits": "queued"}
    assert [rows[name]["n"] for name in ("workspace", "other-prompt", "waits")] == [12, 11, None]
    assert rows["three-votes"]["shares"] == {"support": 0.5833, "no support": 0.3333, "neutral": 0.0833}
    assert rows["three-votes"]["kappa"] is None, "there are no human labels"
    assert files(repository.data) == before
    assert repository.git("status", "--porcelain") == "", "nothing was checked out"


@pytest.mark.slow
def test_a_call_that_several_rows_rest_on_is_paid_for_once(repository, gettok):
    rows = {row["run"]: row for row in json.loads(gettok("runs", "--json"))}
    # eleven different answers for each group, as the last two videos share theirs; the other prompt lost one stance
    assert rows["workspace"]["cost_usd"] == 1.21
    assert (rows["three-votes"]["cost_usd"], rows["other-prompt"]["cost_usd"]) == (1.43, 1.2)


@pytest.mark.slow
def test_runs_prints_no_prompt_and_fits_the_terminal(repository, gettok, monkeypatch):
    monkeypatch.setenv("COLUMNS", "90")
    printed = gettok("runs")
    assert re.search(r"three-votes +llm.votes=3 +12 +58% +33% +8% +– +\$1.43\n", printed)
    assert re.search(r"other-prompt +prompts.codebook=other +11 ", printed)
    assert re.search(r"waits +llm.votes=5 +queued *\n", printed)
    table, _ = printed.split("\n\n")
    assert max(map(len, table.splitlines())) <= 90
    assert "Other_words" not in printed
    assert gettok("runs", "--csv").startswith(
        "run,commit,state,why,llm.votes,prompts.codebook.name,n,share_support,"
    )


def test_runs_compares_every_run_with_the_human_labels_of_the_workspace(repository, gettok):
    labels = ["support" if place % 3 == 0 or place > 6 else "no support" for place in range(12)]
    lines = [f"{7000 + place},{label}" for place, label in enumerate(labels)]
    HUMAN_LABELS.parent.mkdir(parents=True)
    HUMAN_LABELS.write_text("\n".join(["video_id,label", *lines]), "utf-8")
    rows = {row["run"]: row for row in json.loads(gettok("runs", "--json"))}
    assert rows["workspace"]["kappa"] == rows["other-prompt"]["kappa"] == 1
    assert 0 < rows["three-votes"]["kappa"] < 1


@pytest.mark.slow
def test_runs_shows_the_settings_that_made_a_result_and_says_when_there_is_none(repository, gettok):
    file = repository.folder / "params.yaml"
    text = file.read_text("utf-8")
    file.write_text(re.sub(r"(?m)^  votes: 1$", "  votes: 7", text), "utf-8")
    assert file.read_text("utf-8") != text
    assert json.loads(gettok("runs", "--json"))[0]["settings"]["llm.votes"] == "1", "no run was made with 7"
    table = repository.data / "annotations" / "stance" / "all.parquet"
    table.unlink()
    table.write_bytes(b"by hand")
    row = json.loads(gettok("runs", "--json"))[0]
    assert (row["state"], row["settings"]["llm.votes"]) == ("no result", "7")
    assert "data/annotations differs from dvc.lock" in row["why"]
    assert "workspace: data/annotations differs from dvc.lock" in gettok("runs")


@pytest.mark.slow
def test_runs_compares_one_label_of_several_with_people(repository, gettok):
    lines = [
        "video_id,variable,label",
        "7000,topics,none",
        "7001,topics,protest|justice",
        "7002,topics,protest",
    ]
    HUMAN_LABELS.parent.mkdir(parents=True)
    HUMAN_LABELS.write_text("\n".join([*lines, "7000,stance,support"]), "utf-8")
    (row, *_) = json.loads(gettok("runs", "--json", "--variable", "topics", "--label", "protest"))
    assert (row["n"], row["kappa"]) == (11, 1)
    assert row["shares"] == {"protest": 0.9091, "not protest": 0.0909}
    assert json.loads(gettok("runs", "--json", "--variable", "topics"))[0]["kappa"] is None, (
        "none has congress"
    )
    assert json.loads(gettok("runs", "--json", "--variable", "call_to_action"))[0]["kappa"] is None


@pytest.mark.slow
def test_runs_says_how_to_get_annotations_that_are_missing(repository, gettok):
    shutil.rmtree(repository.data / "annotations")
    with Repo(".") as repo:
        assert _why_workspace_unusable(repo) == (
            "data/annotations is missing; `dvc checkout` brings it back from DVC's cache"
        )
    shutil.rmtree(repository.folder / ".dvc" / "cache")
    printed = gettok("runs")
    assert "workspace: data/annotations is missing; `dvc pull` brings it if a remote has it" in printed
    assert "three-votes: its annotations are neither in DVC's cache nor in a remote; `dvc push" in printed
    (repository.folder / "dvc.lock").unlink()
    with Repo(".") as repo:
        assert _why_workspace_unusable(repo) == "data/annotations was never made; run `dvc repro`"


@pytest.mark.slow
def test_runs_of_another_study_are_listed_without_numbers(repository, gettok):
    file = repository.folder / "params.yaml"
    settings = yaml.safe_load(file.read_text("utf-8"))
    settings["study"]["name"] = "another"
    file.write_text(yaml.safe_dump(settings), "utf-8")
    rows = {row["run"]: row for row in json.loads(gettok("runs", "--json"))}
    assert rows["three-votes"]["why"] == "it is of another study: its name is 'demo', not 'another'"
    assert rows["three-votes"]["n"] is None
    assert rows["workspace"]["n"] == 12


@pytest.mark.slow
def test_without_an_experiment_runs_says_how_to_make_one(repository, gettok):
    repository.commit("a commit of which no experiment was made")
    printed = gettok("runs")
    assert re.search(r"(?m)^workspace +12 ", printed)
    assert "dvc exp run -S" in printed
    assert "dvc exp run -S" not in gettok("runs", "--rev", "HEAD~1")


@pytest.mark.slow
def test_an_experiment_that_failed_is_named_and_counted(repository, gettok):
    dvc("queue", "remove", "--queued")
    dvc("exp", "run", "--queue", "-n", "unlucky", "-S", "llm.votes=13")
    repository.run_queue()
    assert "left out: unlucky: its run failed" in gettok("multiverse")
    _, numbers = made(repository)
    assert numbers["left_out"] == [{"name": "unlucky", "why": "its run failed"}]
    assert "unlucky" in (repository.data / "multiverse" / "index.html").read_text("utf-8")
    printed = gettok("runs")
    assert re.search(r"unlucky +llm.votes=13 +failed *\n", printed)
    assert "unlucky: its run failed: `dvc queue logs unlucky` shows why" in printed
