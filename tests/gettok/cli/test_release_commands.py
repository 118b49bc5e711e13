"""`gettok release`: a release is checked, compared, tagged, pushed, and fetched by others by its version."""

import json
import shutil

import pytest
import yaml
from dvc_here import dvc as run_dvc
from dvc_here import enter
from released_repository import change, prepare
from released_study import FORM, released, reseal
from repository import Repository, files
from root import ROOT

from gettok.cli.app import main

#: pygtrie's, in DVC.
pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep.value:DeprecationWarning")


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Repository:
    """A repository with a release, and a remote of its own. To be copied, never to be changed."""
    repository = prepare(tmp_path_factory.mktemp("made") / "repo")
    with pytest.MonkeyPatch.context() as patched:
        enter(repository, patched)
        run_dvc("init")
        run_dvc("remote", "add", "--default", "shared", "../remote")
        run_dvc("repro")
    repository.commit("made")
    return repository


@pytest.fixture
def repository(made, tmp_path, monkeypatch) -> Repository:
    """A copy, in which the test works."""
    copied = made.copy(tmp_path / "repo")
    enter(copied, monkeypatch)
    return copied


@pytest.fixture
def gettok(capsys):
    """Runs `gettok release`; gives back its exit code, output and errors."""

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["release", *arguments])
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    return run


def test_the_release_of_the_folder_and_of_a_commit_is_checked(repository, gettok):
    code, out, _ = gettok("check")
    count = len(files(repository.data / "release"))
    assert (code, out) == (0, f"data/release: {count} files, 6 videos, form {FORM}: nothing is wrong\n")
    shutil.rmtree(repository.data)
    assert gettok("check", "HEAD")[:2] == (0, out.replace("data/release", "HEAD"))
    assert not repository.data.exists()
    assert [*(repository.folder / ".dvc" / "tmp").glob("tmp*")] == [], "what was brought is deleted"


def test_what_is_wrong_is_printed_line_by_line(repository, gettok):
    (repository.data / "release" / "more.txt").write_text("more")
    code, out, err = gettok("check", "data/release")
    assert (code, out) == (65, "more.txt is not listed in checksums.sha256\n")
    assert err.startswith("gettok: 1 problem in data/release, listed above\n  What we did: ")


def test_a_stranger_s_file_name_moves_no_cursor(repository, gettok):
    (repository.data / "release" / "a\x1b[2J").write_text("more")
    assert "\x1b" not in gettok("check")[1]


@pytest.mark.parametrize("name", ["nothing", "9.9.9", "no/folder"])
def test_a_name_of_nothing_is_told(repository, gettok, name):
    code, _, err = gettok("check", name)
    assert code == 66
    assert f"{name} is neither a folder, nor a commit or tag of this repository" in err


def test_a_release_that_is_nowhere_must_be_pulled_first(repository, gettok):
    shutil.rmtree(repository.folder / ".dvc" / "cache")
    code, _, err = gettok("check", "HEAD")
    assert code == 66
    assert "the release of HEAD is neither in DVC's cache nor in a remote" in err


def test_a_commit_without_a_release_is_told(repository, gettok):
    repository.git("rm", "-q", "dvc.lock", "dvc.yaml")
    repository.commit("without")
    code, _, err = gettok("check", "HEAD")
    assert code == 66
    assert "HEAD has no data/release" in err


def test_outside_a_repository_a_commit_is_refused_and_a_folder_checked(tmp_path, monkeypatch, gettok):
    monkeypatch.chdir(tmp_path)
    released(tmp_path / "given")
    assert gettok("check", "given")[0] == 0
    code, _, err = gettok("check", "HEAD")
    assert code == 66
    assert "DVC cannot read the release of HEAD" in err


def test_two_commits_are_compared(repository, gettok):
    gettok("tag", "1.0.0")
    change(repository)
    code, out, _ = gettok("diff", "1.0.0", "HEAD")
    assert code == 0
    assert out.startswith("1.0.0 → HEAD\n\nVideos\n  6 before, 7 now: 1 added, 0 gone\n")
    assert json.loads(gettok("diff", "v1.0.0", "--format", "json")[1])["added"] == 1
    assert gettok("diff", "HEAD")[1] == "HEAD → data/release\n\nNo difference: all files are the same.\n"


def test_a_difference_is_written_to_a_file(repository, gettok):
    change(repository)
    code, out, _ = gettok("diff", "HEAD~1", "--format", "markdown", "--write", "CHANGES.md")
    assert (code, out) == (0, "CHANGES.md has what changed from HEAD~1 to data/release\n")
    assert (
        (repository.folder / "CHANGES.md").read_text("utf-8").startswith("# Changes: HEAD~1 → data/release\n")
    )
    assert gettok("diff", "HEAD~1", "--write", "no/CHANGES.md")[0] == 66


def test_a_tag_is_annotated_and_names_the_study(repository, gettok):
    code, out, _ = gettok("tag", "1.0.0")
    assert code == 0
    assert out.splitlines()[-1].endswith("git push origin HEAD dataset@v1.0.0")
    assert repository.git("cat-file", "-t", "dataset@v1.0.0") == "tag\n"
    message = repository.git("tag", "--list", "--format=%(contents)", "dataset@v1.0.0")
    assert ", version 1.0.0, 6 videos" in message


@pytest.mark.parametrize("version", ["1", "1.0", "01.0.0", "next", "", "1.0.0.0", "dataset@v1.0.0"])
def test_a_version_that_is_not_semantic_is_refused(repository, gettok, version):
    code, _, err = gettok("tag", version)
    assert code == 66
    assert "is not a semantic version" in err


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ("1.2.0", "the version 1.2.0 exists already"),
        ("v1.2.0", "the version 1.2.0 exists already"),
        ("1.2.0-rc.1", "the version 1.2.0-rc.1 is not above the last version, 1.2.0"),
        ("1.1.9", "the version 1.1.9 is not above the last version, 1.2.0"),
        ("1.2.0+again", "the version 1.2.0+again exists already"),
    ],
)
def test_a_version_must_be_above_the_last(repository, gettok, version, said):
    repository.git("tag", "dataset@v1.2.0")
    repository.git("tag", "dataset@v1.10.0-no-version.01")
    repository.git("tag", "other@v3.0.0")
    code, _, err = gettok("tag", version)
    assert code == 66
    assert said in err
    assert gettok("tag", "1.10.0")[0] == 0


@pytest.mark.parametrize("file", ["made/books.json", "notes.txt"])
def test_a_tree_that_git_does_not_have_is_refused(repository, gettok, file):
    (repository.folder / file).write_text("{}")
    code, _, err = gettok("tag", "1.0.0")
    assert code == 66
    assert f"git does not have 1 file as they are here: {file}" in err
    assert repository.git("tag") == ""


def test_a_release_that_is_not_up_to_date_is_refused(repository, gettok):
    shutil.rmtree(repository.folder / "made")
    released(repository.folder / "made", 7)
    repository.commit("not made yet")
    code, _, err = gettok("tag", "1.0.0")
    assert code == 66
    assert "data/release is not up to date" in err
    run_dvc("repro")
    repository.commit("made")
    shutil.rmtree(repository.data / "release")
    assert "data/release is not here" in gettok("tag", "1.0.0")[2]
    run_dvc("checkout")
    assert gettok("tag", "1.0.0")[0] == 0


def test_a_release_that_does_not_pass_the_check_is_refused(repository, gettok):
    (repository.folder / "made" / "more.txt").write_text("more")
    run_dvc("repro")
    repository.commit("more")
    code, out, err = gettok("tag", "1.0.0")
    assert code == 65
    assert out == "more.txt is not listed in checksums.sha256\n"
    assert "1 problem in data/release" in err
    assert repository.git("tag") == ""


def test_a_release_that_says_that_it_is_another_version_is_refused(repository, gettok):
    """`1.10`, which YAML takes for a number unless it is quoted, is a text there."""
    made = repository.folder / "made"
    (made / "CITATION.cff").write_text("cff-version: 1.2.0\nversion: '1.10.0'\n", "utf-8")
    reseal(made)
    run_dvc("repro")
    repository.commit("cited")
    code, _, err = gettok("tag", "1.1.0")
    assert code == 66
    assert "the release says that it is version 1.10.0, not 1.1.0" in err
    assert repository.git("tag") == ""
    assert gettok("tag", "1.10.0")[0] == 0


def test_a_pipeline_without_the_artifact_is_refused(repository, gettok):
    del (pipeline := yaml.safe_load((repository.folder / "dvc.yaml").read_text()))["artifacts"]
    (repository.folder / "dvc.yaml").write_text(yaml.safe_dump(pipeline))
    repository.commit("without")
    code, _, err = gettok("tag", "1.0.0")
    assert code == 66
    assert "dvc.yaml has no artifact dataset with the path data/release" in err


def test_outside_a_repository_nothing_is_tagged(tmp_path, monkeypatch, gettok):
    monkeypatch.chdir(tmp_path)
    code, _, err = gettok("tag", "1.0.0")
    assert code == 66
    assert "git cannot do this: fatal: not a git repository" in err


def test_this_repository_declares_the_artifact():
    artifact = yaml.safe_load((ROOT / "dvc.yaml").read_text("utf-8"))["artifacts"]["dataset"]
    assert (artifact["path"], artifact["type"]) == ("data/release", "dataset")


@pytest.fixture(scope="module")
def published(made, tmp_path_factory) -> Repository:
    """Two versions, pushed; nothing of them is left in the cache. Others fetch from it, and change nothing."""
    repository = made.copy(tmp_path_factory.mktemp("published") / "repo")
    repository.run("gettok", "release", "tag", "1.0.0")
    repository.dvc("push")
    change(repository)
    repository.run("gettok", "release", "tag", "1.1.0")
    repository.dvc("push")
    shutil.rmtree(repository.folder / ".dvc" / "cache")
    shutil.rmtree(repository.data)
    return repository


def test_others_fetch_a_version_by_its_name(published, tmp_path):
    """In processes of their own, as others have them."""
    assert ", 6 videos, form " in published.run("gettok", "release", "check", "1.0.0")
    there, remote = Repository(tmp_path, "no sandbox"), str(published.folder)
    there.dvc("artifacts", "get", remote, "dataset", "--rev", "v1.0.0", "-o", "first")
    there.dvc("artifacts", "get", remote, "dataset", "-o", "latest")
    there.dvc("get", remote, "data/release", "--rev", "dataset@v1.0.0", "-o", "got")
    assert files(tmp_path / "first") == files(tmp_path / "got")
    for name in ("first", "latest", "got"):
        assert "nothing is wrong" in there.run("gettok", "release", "check", name)
    said = there.run("gettok", "release", "diff", "first", "latest")
    assert said.startswith("first → latest\n\nVideos\n  6 before, 7 now")


OPENED = """
import json
import dvc.api
import polars as pl
at = {"repo": "REPOSITORY", "rev": "dataset@v1.0.0"}
with dvc.api.open("data/release/dataset.parquet", mode="rb", **at) as file:
    ids = pl.read_parquet(file)["video_id"].to_list()
assert ids == [str(7213456789012345600 + number) for number in range(1, 7)], ids
assert json.loads(dvc.api.read("data/release/books.json", **at))["released"] == 6
"""


def test_others_open_a_version_without_a_copy(published, tmp_path):
    there = Repository(tmp_path, "no sandbox")
    there.run("python", "-W", "ignore", "-c", OPENED.replace("REPOSITORY", str(published.folder)))
    assert list(tmp_path.iterdir()) == []


LOADS = {
    "polars": "import polars as pl; ids = pl.read_parquet('{file}')['video_id'].to_list()",
    "pandas": "import pandas as pd; ids = pd.read_parquet('{file}')['video_id'].tolist()",
    "duckdb": "import duckdb; ids = [row[0] for row in duckdb.sql(\"SELECT video_id FROM '{file}'\").fetchall()]",
}


@pytest.mark.parametrize("library", LOADS)
def test_what_others_fetch_can_be_loaded(published, tmp_path, library):
    pytest.importorskip(library)
    file = tmp_path / "dataset.parquet"
    there, source = Repository(tmp_path, "no sandbox"), "data/release/dataset.parquet"
    there.dvc("get", str(published.folder), source, "--rev", "dataset@v1.1.0", "-o", str(file))
    code = LOADS[library].format(file=file)
    there.run(
        "python",
        "-W",
        "ignore",
        "-c",
        f"{code}; assert ids[0] == '7213456789012345601' and len(ids) == 7, ids",
    )
