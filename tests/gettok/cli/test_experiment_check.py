"""`dvc exp run` with wrong settings ends in the words of `gettok compose`, before anything is queued or run."""

import shutil
import subprocess

import pytest
from dvc.exceptions import DvcException
from repository import Repository
from root import ROOT

from gettok.cli import experiment_check
from gettok.cli.experiment_check import is_experiment, refuse_wrong_experiment

RUN = ("dvc", "exp", "run")


@pytest.fixture
def project(conf):
    """`conf/` in a git repository, as `dvc exp run` needs one; all of it is committed."""
    subprocess.run(["git", "init", "-q"], check=True)
    subprocess.run(["git", "add", "conf"], check=True)
    return conf


def refusal(conf, *arguments: str) -> str:
    with pytest.raises(DvcException) as refused:
        refuse_wrong_experiment(conf.folder, [*RUN, *arguments])
    return str(refused.value)


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [
        (["-S", "studdy=demo"], "the override studdy=demo: there is no such group; did you mean study?"),
        (["-Sstuddy=demo", "-q"], "the override studdy=demo: there is no such group; did you mean study?"),
        (["--set-param=frames.strid=3"], "the override frames.strid=3: there is no such key; did you mean fr"),
        (["-S", "params.yaml:study=dmo"], "the override study=dmo: study has no choice 'dmo', but demo"),
        (["-S", "asr=turbo", "-S", "frames.stride=x"], "conf/: frames.stride (the override frames.stride): must be"),
        (["--queue", "-S", "frames.stride=30,x"], "conf/: frames.stride (the override frames.stride): must be"),
        (["--queue", "-S", "asr=demo,trubo"], "the override asr=trubo: asr has no choice 'trubo'"),
    ],
)  # fmt: skip
def test_a_wrong_override_is_refused_in_our_words(project, arguments, wrong):
    assert refusal(project, *arguments).startswith(wrong)


def test_a_wrong_file_is_refused_from_any_folder(project, monkeypatch):
    place = project.change("title:", "titel:")
    (project.folder.parent / "notes").mkdir()
    monkeypatch.chdir(project.folder.parent / "notes")
    assert f"study.titel ({place}): there is no such key; did you mean study.title?" in refusal(project)


def test_a_file_that_git_lacks_is_named_before_an_experiment_is_queued(project):
    shutil.copy(project.folder / "study" / "demo.yaml", project.folder / "study" / "mine.yaml")
    refuse_wrong_experiment(project.folder, [*RUN, "-S", "study=mine"])
    assert refusal(project, "--queue", "-S", "study=mine").startswith(
        "git does not have conf/study/mine.yaml"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["-S", "asr=turbo", "-S", "study.title='a, b'", "-n", "turbo"],
        ["-S", "+study.query.none.usernames=[a]"],
        ["-S", "other.yaml:studdy=demo"],
        ["--queue", "-S", "frames.stride=30,60", "-S", "other.yaml:studdy=a,b"],
    ],
)
def test_what_dvc_can_run_is_not_refused_and_nothing_is_written(project, arguments):
    refuse_wrong_experiment(project.folder, [*RUN, *arguments])
    assert [path.name for path in project.folder.parent.iterdir() if path.name != ".git"] == ["conf"]


def test_an_override_that_hydra_cannot_read_is_refused_with_its_quotes(project):
    assert "as in 'study.title=\"A [new\"'" in refusal(project, "-S", "study.title=A [new")
    assert "it is not of the form key=value" in refusal(project, "-S", "not an override")


def test_a_failure_of_the_check_itself_refuses_nothing(project, monkeypatch):
    monkeypatch.setattr(experiment_check, "parse_args", None)
    refuse_wrong_experiment(project.folder, [*RUN, "-S", "studdy=demo"])


def test_only_dvc_exp_run_is_an_experiment():
    assert is_experiment(["/usr/bin/dvc", "-v", "experiments", "run", "-S", "a=b"])
    assert not is_experiment(["gettok", "compose", "study=demo"])
    assert not is_experiment(["dvc", "exp", "show"])


@pytest.mark.slow
def test_dvc_itself_prints_it_and_queues_and_changes_nothing(tmp_path):
    repository = Repository(tmp_path / "repo", "no sandbox")
    shutil.copytree(ROOT / "conf", repository.folder / "conf")
    shutil.copytree(
        ROOT / ".dvc", repository.folder / ".dvc", ignore=lambda *_: {"tmp", "cache", "gettok-store"}
    )
    for name in ("params.yaml", ".gitignore"):
        shutil.copy(ROOT / name, repository.folder)
    (repository.folder / "dvc.yaml").write_text("stages: {look: {cmd: cat params.yaml}}\n", "utf-8")
    repository.git("init", "-q")
    repository.commit("as it is")
    code, said = repository.outcome("dvc", "exp", "run", "--queue", "-S", "asr=demo,trubo")
    assert code != 0
    assert said.splitlines()[0].startswith("ERROR: the override asr=trubo: asr has no choice 'trubo'")
    assert "Hydra" not in said
    assert "Queued" not in repository.dvc("queue", "status")
    assert repository.git("status", "--porcelain") == ""
    repository.dvc("exp", "run", "-S", "frames.stride=30")
    assert "stride: 30" in (repository.folder / "params.yaml").read_text("utf-8")
