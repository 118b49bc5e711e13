"""The search of a repository's places, and what the certificate says of it."""

import json
import subprocess
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
from dvc_here import dvc

from gettok.cli.app import main
from gettok.collect.tombstones import RefreshLists, sha256
from gettok.purge.certificate import prove

GONE, OTHER = "7167989075250809649", "7174213904290307931"
TEXT = "Hoy marchamos juntos por la calle grande hasta el puente viejo y volvemos de noche a casa"
DAY = date(2026, 1, 2)


def git(*arguments: str, text: str | None = None) -> str:
    done = subprocess.run(["git", *arguments], check=True, capture_output=True, text=True, input=text)
    return done.stdout.strip()


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """A repository of git and DVC with a remote on this disk, of which nothing names the erased video."""
    top = tmp_path / "repo"
    top.mkdir()
    monkeypatch.chdir(top)
    monkeypatch.delenv("GETTOK_STORE", raising=False)
    for name in ("DVC_GLOBAL_CONFIG_DIR", "DVC_SYSTEM_CONFIG_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "no-config"))
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path / "site"))
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "t")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "t@example.org")
    git("init", "-q", "-b", "main")
    dvc("init")
    dvc("config", "core.analytics", "false")
    dvc("remote", "add", "-d", "disk", str(tmp_path / "disk"))
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk" / "README").write_text("a remote")
    (top / "data").mkdir()
    (top / "data" / "videos.parquet").write_bytes(b"")
    pl.DataFrame({"video_id": [OTHER], "description": ["otra cosa"]}).write_parquet("data/videos.parquet")
    RefreshLists(Path("inputs/refresh"), "video").erase([sha256(GONE)], DAY)
    git("add", "-A", "--", ":!data")
    git("commit", "-q", "-m", "begin")
    return top


def store(folder: Path) -> Path:
    return folder / ".dvc" / "gettok-store"


def found(folder: Path) -> set[tuple[str, str, str]]:
    return {(each.place, each.kind, each.inside) for each in prove(store(folder), DAY).found}


def test_a_clean_repository_has_a_clean_certificate_that_is_the_same_each_time(folder, capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["purge", "--prove"])
    said = capsys.readouterr().out
    file = folder / "purges" / f"{datetime.now(UTC).date()}.json"
    first = json.loads(file.read_text("ascii"))
    assert "nothing was found" in said
    assert (first["outcome"], first["found"], first["unreachable"], first["not_decoded"]) == (
        "clean",
        [],
        [],
        [],
    )
    assert first["sought"]["videos_sha256"] == [sha256(GONE)]
    places = {each["place"] for each in first["searched"]}
    assert places >= {"workspace", "DVC folder", "git history", "remote disk", "DVC site cache"}
    assert prove(store(folder), DAY).content() == prove(store(folder), DAY).content()


def plant_name(folder: Path) -> None:
    (folder / "data" / "media").mkdir()
    (folder / "data" / "media" / f"{GONE}.mp4").write_bytes(b"changed")


def plant_run(folder: Path) -> None:
    run = folder / ".dvc" / "cache" / "runs" / "ab" / "abcd" / "ef01"
    run.parent.mkdir(parents=True)
    run.write_text(f"cmd: x\nouts:\n- path: data/media/{GONE}.mp4\n  md5: 0123\n")


def plant_object(folder: Path) -> None:
    """An earlier version of a table, whose text is in the one prompt of a log."""
    table = folder / ".dvc" / "cache" / "files" / "md5" / "ab" / "cdef"
    table.parent.mkdir(parents=True)
    pl.DataFrame({"video_id": [GONE], "description": [TEXT]}).write_parquet(table)
    store(folder).mkdir(exist_ok=True)
    (store(folder) / "runs.jsonl").write_text(json.dumps({"prompt": f"Describe: {TEXT}. In JSON."}) + "\n")


def plant_queue_log(folder: Path) -> None:
    log = folder / ".dvc" / "tmp" / "exps" / "run" / "x" / "x.out"
    log.parent.mkdir(parents=True)
    log.write_text(f"ERROR: {GONE} failed")


def plant_remote(folder: Path) -> None:
    (folder.parent / "disk" / "copy").write_text(f"[{GONE}]")


def plant_site_cache(folder: Path) -> None:
    prove(store(folder), DAY)  # DVC makes its folder
    (place,) = (folder.parent / "site" / "repo").iterdir()
    (place / "log").write_text(GONE)


def plant_experiment(folder: Path) -> None:
    """A commit that only an experiment's ref holds."""
    blob = git("hash-object", "-w", "--stdin", text=GONE)
    tree = git("mktree", text=f"100644 blob {blob}\tx\n")
    git("update-ref", "refs/exps/exec/EXEC_HEAD", git("commit-tree", tree, "-m", "x"))


def plant_reflog(folder: Path) -> None:
    git("commit", "-q", "--allow-empty", "-m", f"erase {GONE}")
    git("reset", "-q", "--hard", "HEAD~")


PLANTS = {
    plant_name: {("workspace", "video", "name")},
    plant_run: {("DVC cache", "video", "")},
    plant_object: {
        ("DVC cache", "video", ""),
        ("DVC cache", "text", ""),
        ("DVC cache", "text", "parquet"),
        ("answer store", "text", ""),
    },
    plant_queue_log: {("DVC folder", "video", "")},
    plant_remote: {("remote disk", "video", "")},
    plant_site_cache: {("DVC site cache", "video", "")},
    plant_experiment: {("git beside its history", "video", "")},
    plant_reflog: {("git beside its history", "video", "")},
}


@pytest.mark.parametrize("plant", PLANTS)
def test_a_canary_is_found_in_each_place(folder, plant):
    plant(folder)
    assert found(folder) - {("DVC cache", "text", "")} == PLANTS[plant] - {("DVC cache", "text", "")}


def test_a_certificate_of_what_was_found_has_hashes_only(folder, capsys):
    for plant in PLANTS:
        plant(folder)
    with pytest.raises(SystemExit, match="70"):
        main(["purge", "--prove"])
    written = (folder / "purges" / f"{datetime.now(UTC).date()}.json").read_text("ascii")
    said = capsys.readouterr()
    for text in (written, said.out, said.err):
        assert not any(part in text for part in (GONE, "marchamos"))
    assert json.loads(written)["outcome"] == "found"
    assert all(
        each["digest"] == sha256(GONE) for each in json.loads(written)["found"] if each["kind"] == "video"
    )


def test_what_git_has_in_a_branch_is_said_and_no_failure(folder):
    (folder / "notes.txt").write_text(GONE)
    git("add", "notes.txt")
    git("commit", "-q", "-m", "notes")
    certificate = prove(store(folder), DAY)
    assert certificate.outcome == "clean"
    assert {(each.kind, each.file.split()[-1]) for each in certificate.in_history} == {("video", "notes.txt")}


def test_the_texts_are_known_after_they_are_deleted_here_and_found_in_what_comes_back(folder):
    plant_object(folder)
    prove(store(folder), DAY)
    (folder / ".dvc" / "cache" / "files" / "md5" / "ab" / "cdef").unlink()
    (store(folder) / "runs.jsonl").unlink()
    assert found(folder) == set()
    (folder.parent / "disk" / "pushed").write_text(f"- {TEXT.upper()}")
    assert found(folder) == {("remote disk", "text", "")}


def test_a_remote_that_cannot_be_reached_is_no_proof(folder):
    (folder.parent / "disk").rename(folder.parent / "unmounted")
    with pytest.raises(SystemExit, match="75"):
        main(["purge", "--prove"])


def test_a_table_that_cannot_be_decoded_is_no_proof(folder):
    table = folder / "data" / "videos.parquet"
    table.write_bytes(table.read_bytes()[:-9])
    with pytest.raises(SystemExit, match="70"):
        main(["purge", "--prove"])
    assert prove(store(folder), DAY).outcome == "incomplete"


def test_without_an_erasure_there_is_nothing_to_prove(folder, capsys):
    (folder / "inputs" / "refresh" / "tombstones.csv").unlink()
    with pytest.raises(SystemExit, match="66"):
        main(["purge", "--prove"])
    assert "nothing is listed to be erased" in capsys.readouterr().err
