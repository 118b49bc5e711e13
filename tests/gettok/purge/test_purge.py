"""A purge of a repository with releases, a remote, experiments and a stash: what goes, what stays, and after kills."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from dvc.api import DVCFileSystem
from dvc.repo import Repo
from dvc_here import dvc
from erasing_repository import (
    CAPTION,
    FIRST,
    OTHERS,
    SANDBOX,
    SECOND,
    USER,
    VIDEO,
    ErasingRepository,
    commit,
    git,
    make,
    rebuild,
)
from repository import Repository
from s3_remote import s3_remote

from gettok.cli.purge import opened, plan, purge, refuse_unready
from gettok.collect.erased import Erased
from gettok.collect.tombstones import RefreshLists, sha256
from gettok.errors import BadInput, NotNow
from gettok.purge.certificate import gathered
from gettok.purge.search import TraceSearch
from gettok.purge.traces import Traces
from gettok.verification.folder_check import verify

LISTS = Path("inputs/refresh")
#: DVC 3.67 uses what pygtrie 2.5 calls outdated.
pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep.value:DeprecationWarning")


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Iterator[ErasingRepository]:
    """The repository before a purge. To be copied, never to be changed."""
    with pytest.MonkeyPatch.context() as patched:
        _as_person(patched)
        patched.chdir(tmp_path_factory.mktemp("elsewhere"))
        yield ErasingRepository.made(tmp_path_factory.mktemp("made") / "all" / "repo")


@pytest.fixture
def repository(made, tmp_path, monkeypatch) -> ErasingRepository:
    _as_person(monkeypatch)
    copy = made.copy(tmp_path / "all")
    monkeypatch.chdir(copy.folder)
    return copy


@pytest.fixture(scope="module")
def after(made, tmp_path_factory) -> Iterator[tuple[ErasingRepository, list[str]]]:
    """The same after a purge, and what it said. To be read only."""
    copy = made.copy(tmp_path_factory.mktemp("after") / "all")
    with pytest.MonkeyPatch.context() as patched:
        _as_person(patched)
        patched.chdir(copy.folder)
        yield copy, list(purge(Erased.of(LISTS)))


@pytest.fixture
def purged(after, monkeypatch) -> ErasingRepository:
    _as_person(monkeypatch)
    monkeypatch.chdir(after[0].folder)
    return after[0]


def _as_person(patched: pytest.MonkeyPatch) -> None:
    for name in ("AUTHOR", "COMMITTER"):
        patched.setenv(f"GIT_{name}_NAME", "t")
        patched.setenv(f"GIT_{name}_EMAIL", "t@example.org")
    patched.setenv("DVC_NO_ANALYTICS", "1")
    patched.delenv("GETTOK_STORE", raising=False)


def traced(repository: ErasingRepository) -> set[str]:
    """The files of the repository and its remote with a trace, by what is looked for after a purge."""
    search = TraceSearch(Traces.saved(repository.store))
    places = [repository.folder / ".dvc", repository.folder / "data", repository.remote]
    files = (
        file
        for place in places
        for file in place.rglob("*")
        if file.is_file() and file.parent.name != "purge"
    )
    return {file.name for file in files if search.look(file)[0] or search.in_name(str(file))}


def read(tag: str, path: str) -> bytes:
    with DVCFileSystem(".", rev=tag).open(path, "rb") as file:
        return bytes(file.read())


def test_nothing_is_left_in_the_store_the_cache_the_remote_or_beside_them(purged):
    assert traced(purged) == set()
    everything = b"".join(file.read_bytes() for file in purged.remote.rglob("*") if file.is_file())
    assert VIDEO.encode() not in everything
    assert CAPTION.encode() not in everything
    assert USER.encode() not in everything


def test_what_was_looked_for_is_looked_for_by_a_later_search_too(purged):
    before = Traces.saved(purged.store)
    after = gathered(purged.store, save=False)
    assert after.sought().files == before.sought().files != frozenset()
    assert after.sought().texts == before.sought().texts != frozenset()


def test_before_it_the_same_search_finds_it_in_each_place(made, purged):
    search = TraceSearch(Traces.saved(purged.store))
    for place in (
        made.store,
        made.folder / ".dvc" / "cache",
        made.folder / ".dvc" / "tmp" / "site-cache",
        made.remote,
    ):
        assert any(search.look(file)[0] for file in place.rglob("*") if file.is_file()), place


@pytest.mark.parametrize(
    ("tag", "successor", "count"), [(FIRST, "dataset@v1.0.1", 2), (SECOND, "dataset@v1.1.1", 3)]
)
def test_each_release_has_a_successor_whose_other_videos_can_be_had_and_which_passes_the_check(
    purged, tmp_path, tag, successor, count
):
    assert git("rev-parse", f"{successor}^{{commit}}^") == git("rev-parse", f"{tag}^{{commit}}")
    files = DVCFileSystem(".", rev=successor)
    assert {Path(name).stem for name in files.ls("data/media", detail=False)} == set(OTHERS[:count])
    assert (
        read(successor, f"data/media/{OTHERS[0]}.mp4") == Path("data/media", f"{OTHERS[0]}.mp4").read_bytes()
    )
    assert json.loads(read(successor, "data/plain.json")) == {
        "videos": [{"id": video} for video in OTHERS[:count]]
    }
    files.get("data/release", str(tmp_path / "release"), recursive=True)
    found = verify(tmp_path / "release")
    assert found.problems == ()
    assert found.videos == count
    assert tag in (tmp_path / "release" / "ERASED.md").read_text("utf-8")


def test_a_clone_without_a_cache_pulls_the_successor_from_the_remote(purged, tmp_path, monkeypatch):
    git("clone", "-q", str(purged.folder), str(tmp_path / "clone"))
    monkeypatch.chdir(tmp_path / "clone")
    git("checkout", "-q", "dataset@v1.0.1")
    dvc("remote", "modify", "--local", "shared", "url", str(purged.remote))
    dvc("pull")
    assert {file.stem for file in Path("data/media").iterdir()} == set(OTHERS[:2])
    assert [file.name for file in Path("data/report").iterdir()] == ["about.html"]
    assert verify(Path("data/release")).problems == ()


def test_a_release_under_pseudonyms_has_a_successor_without_that_of_the_video(purged, made, tmp_path):
    pseudonym = SANDBOX.of("video", VIDEO)
    DVCFileSystem(".", rev="dataset@v1.0.1").get("data/public", str(tmp_path / "now"), recursive=True)
    os.chdir(made.folder)
    DVCFileSystem(".", rev=FIRST).get("data/public", str(tmp_path / "before"), recursive=True)
    videos = [pl.read_parquet(tmp_path / when / "dataset.parquet")["video_id"] for when in ("before", "now")]
    assert [pseudonym in of for of in videos] == [True, False]
    assert videos[1].len() == 2
    assert verify(tmp_path / "now").problems == ()


def test_what_no_rule_can_rewrite_is_left_out_and_the_record_says_so(purged):
    record = json.loads((purged.store / "purge" / "purged.json").read_bytes())
    assert record["versions"][FIRST] == {
        "outcome": "succeeded",
        "by": "dataset@v1.0.1",
        "left_out": ["data/report/index.html"],
        "given_up": [],
    }
    assert "Left out: data/report/index.html" in git(
        "tag", "--list", "--format=%(contents)", "dataset@v1.0.1"
    )


def test_the_version_that_is_checked_out_stays_and_is_up_to_date(purged, made):
    assert git("rev-parse", "HEAD") == git("-C", str(made.folder), "rev-parse", "HEAD")
    assert not changed_status()
    assert {file.stem for file in Path("data/media").iterdir()} == set(OTHERS)


def changed_status() -> object:
    with Repo(".") as repo:
        return repo.status()


def test_experiments_and_the_queue_s_refs_go_with_their_commits_and_a_stash_stays(purged, made):
    assert git("for-each-ref", "refs/exps") == ""
    assert git("-C", str(made.folder), "for-each-ref", "refs/exps") != ""
    assert git("stash", "list").count("\n") == 0
    assert git("stash", "list") != ""


def test_a_second_purge_changes_nothing(repository):
    list(purge(Erased.of(LISTS)))
    before = repository.inventory()
    list(purge(Erased.of(LISTS)))
    assert repository.inventory() == before


def test_a_later_erasure_makes_successors_of_successors(repository):
    list(purge(Erased.of(LISTS)))
    RefreshLists(LISTS).erase([sha256(OTHERS[0])], date(2026, 1, 3))
    make((3, 4))
    rebuild()
    commit("erase another")
    list(purge(Erased.of(LISTS)))
    tags = git("tag", "--list").split()
    assert sorted(tags) == [
        FIRST,
        "dataset@v1.0.1",
        "dataset@v1.0.2",
        SECOND,
        "dataset@v1.1.1",
        "dataset@v1.1.2",
    ]
    names = DVCFileSystem(".", rev="dataset@v1.1.2").ls("data/media", detail=False)
    assert {Path(name).stem for name in names} == set(OTHERS[1:])
    assert traced(repository) == set()


def test_what_is_pushed_back_later_is_purged_again(repository, made):
    list(purge(Erased.of(LISTS)))
    before = repository.inventory()
    for file in made.remote.rglob("*"):
        target = repository.remote / file.relative_to(made.remote)
        if file.is_file() and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
    assert repository.inventory() != before
    list(purge(Erased.of(LISTS)))
    assert repository.inventory() == before


def test_a_remote_that_cannot_be_used_is_said_and_purged_by_a_later_call(repository):
    dvc("remote", "add", "broken", "ssh://127.0.0.1:1/nowhere")
    git("update-index", "--assume-unchanged", ".dvc/config")
    said: list[str] = []
    with pytest.raises(NotNow, match="broken") as raised:
        said.extend(purge(Erased.of(LISTS)))
    assert raised.value.exit_code == 75
    dvc("remote", "remove", "broken")
    list(purge(Erased.of(LISTS)))
    assert traced(repository) == set()


def test_without_yes_it_says_what_would_go_and_writes_nothing(repository):
    before = {str(file): file.stat().st_mtime_ns for file in repository.remote.rglob("*")}
    said = "\n".join(plan(Erased.of(LISTS)))
    assert f"{FIRST} had traces: dataset@v1.0.1 would succeed it" in said
    assert "nothing was deleted" in said
    assert {str(file): file.stat().st_mtime_ns for file in repository.remote.rglob("*")} == before
    assert not (repository.store / "purge").exists()
    assert git("tag", "--list").split() == [FIRST, SECOND]


def test_nothing_listed_is_an_error_that_says_what_to_do(repository):
    with pytest.raises(BadInput, match="no erasure is listed"):
        refuse_unready(Erased())


def test_what_git_does_not_have_is_an_error(repository):
    Path("new.txt").write_text("new")
    with pytest.raises(BadInput, match=r"git does not have 1 file as they are here: new\.txt"):
        refuse_unready(Erased.of(LISTS))


def test_a_workspace_that_is_not_built_without_it_is_an_error(repository):
    Path("made/plain.json").write_text("{}")
    with pytest.raises(BadInput, match="not built as the lists of erasures now ask: make"):
        refuse_unready(Erased.of(LISTS))


@pytest.mark.parametrize(
    "ended", [4, *(pytest.param(step, marks=pytest.mark.slow) for step in (1, 2, 3, 5, 6))]
)
def test_a_purge_that_ended_after_any_step_is_resumed_to_the_same_end(repository, after, ended):
    with opened(Erased.of(LISTS), changes=True) as purging:
        for step in purging.steps[:ended]:
            list(step())
    list(purge(Erased.of(LISTS)))
    assert repository.inventory() == after[0].inventory()


@pytest.mark.slow
def test_a_bucket_is_purged_too_and_a_clone_pulls_the_successor_from_it(repository, tmp_path, monkeypatch):
    with s3_remote(Repository(repository.folder, "")) as keys:
        for name, value in keys.items():
            monkeypatch.setenv(name, value)
        shutil.copy(".dvc/config", ".dvc/config.local")  # the tags do not know the bucket
        dvc("push", "--all-tags", "--run-cache", "--remote", "bucket")
        with Repo(".") as repo:
            bucket = repo.cloud.get_remote("bucket")
        files = set(bucket.fs.find(bucket.path))
        search = TraceSearch(Traces(Erased.of(LISTS)))
        assert any(search.look(bucket.fs.cat_file(file))[0] for file in files)
        list(purge(Erased.of(LISTS)))
        search = TraceSearch(Traces.saved(repository.store))
        bucket.fs.fs.invalidate_cache()
        left = set(bucket.fs.find(bucket.path))
        assert not any(search.look(bucket.fs.cat_file(file))[0] for file in left)
        assert len(left) < len(files)
        git("clone", "-q", str(repository.folder), str(tmp_path / "clone"))
        monkeypatch.chdir(tmp_path / "clone")
        git("checkout", "-q", "dataset@v1.1.1")
        shutil.copy(repository.folder / ".dvc" / "config", ".dvc/config")
        dvc("pull", "--remote", "bucket")
        assert {file.stem for file in Path("data/media").iterdir()} == set(OTHERS)
        assert verify(Path("data/release")).problems == ()


#: Purges copies of a repository in children of its own, each killed before its Nth change of a file or start of git.
_KILLED = """
import os, signal, sys
sys.path[:0] = {paths!r}
from pathlib import Path
import dvc.repo, dvc.repo.experiments, gettok.cli.purge
from gettok.collect.erased import Erased
CHANGES = ("os.remove", "os.rename", "os.rmdir", "os.link", "subprocess.Popen")
for folder, number in zip(sys.argv[1::2], map(int, sys.argv[2::2])):
    child = os.fork()
    if not child:
        left = number
        def on_event(name, _):
            global left
            if name in CHANGES:
                left -= 1
                if not left:
                    os.kill(os.getpid(), signal.SIGKILL)
        os.chdir(folder)
        sys.addaudithook(on_event)
        list(gettok.cli.purge.purge(Erased.of(Path("inputs/refresh"))))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    print(os.WTERMSIG(status) if os.WIFSIGNALED(status) else -1, flush=True)
"""


@pytest.mark.slow
def test_a_purge_killed_before_any_change_is_resumed_to_the_same_end(made, after, tmp_path, monkeypatch):
    _as_person(monkeypatch)
    numbers = [1, 2, 3, 5, 8, 13, 21, 30, 40, 55, 70, 90, 110, 130, 150, 170, 190]
    copies = [made.copy(tmp_path / str(number)) for number in numbers]
    arguments = [
        text for copy, number in zip(copies, numbers, strict=True) for text in (copy.folder, str(number))
    ]
    code = _KILLED.format(paths=[str(Path(__file__).parent)])
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
    )
    ends = done.stdout.split()
    assert ends.count("9") > len(numbers) // 2, "most are killed before they end"
    for copy in copies:
        monkeypatch.chdir(copy.folder)
        list(purge(Erased.of(LISTS)))
        assert copy.inventory() == after[0].inventory(), copy.folder
