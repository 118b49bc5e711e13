"""A film whose bytes have changed on the disk comes back by the commands of the message, typed as they are."""

import re

import pytest
from conftest import STUDY
from flipped import rot
from repository import Repository

from gettok.tables import MEDIA


@pytest.fixture(scope="module")
def repository(sandbox, tmp_path_factory) -> Repository:
    """A run up to the frames, pushed to a remote. Not copied: a copy has no links between store, cache and data."""
    folder = tmp_path_factory.mktemp("repair")
    repository = Repository.from_working_tree(folder / "repo", sandbox.base)
    repository.study(*STUDY)
    repository.dvc("repro", "extract_frames")
    repository.dvc("remote", "add", "-d", "ours", str(folder / "remote"))
    repository.dvc("push", "download", "extract_frames")
    return repository


@pytest.mark.slow
@pytest.mark.parametrize("fetch", [["dvc repro download"], ["dvc pull download", "gettok store refill"]])
def test_f40_the_commands_of_the_message_bring_a_film_back(repository, fetch):
    table = MEDIA.read(repository.data / "media.parquet", ["video_id", "file", "sha256"]).drop_nulls("sha256")
    video_id, name, _ = table.filter(table["file"].str.ends_with(".mp4")).row(0)
    film = repository.data / "media" / name
    whole = film.read_bytes()
    rot(film)
    assert film.read_bytes() != whole
    repository.compose(f"frames.stride={10 + len(fetch)}")
    code, said = repository.outcome("dvc", "repro", "extract_frames")
    assert code != 0
    assert f"video {video_id}: data/media/{name} does not match its digest" in said
    assert "exited with 65" in said
    drop, delete, *ways = re.findall(r"`([^`]+)`", said)
    assert set(fetch) <= set(ways)
    for command in [drop, delete, *fetch]:
        repository.run("bash", "-c", command)
    assert film.read_bytes() == whole
    links = [path for path in repository.folder.rglob("*") if path.is_file() and path.samefile(film)]
    assert len(links) == 3, "in the workspace, the store and DVC's cache"
    repository.run("gettok", "store", "verify", "--deep")
    assert "Running stage 'extract_frames'" in repository.dvc("repro", "extract_frames")


@pytest.mark.slow
@pytest.mark.parametrize("fetch", ["dvc repro extract_frames", "dvc pull extract_frames"])
def test_f40_frames_come_back_too(repository, fetch):
    repository.compose()
    repository.dvc("repro", "extract_frames")
    (path, *_) = sorted((repository.data / "frames").iterdir())
    whole = path.read_bytes()
    rot(path)
    code, said = repository.outcome("gettok", "store", "verify", "--deep")
    assert code == 65
    delete, *ways = re.findall(r"`([^`]+)`", said)
    assert fetch in ways
    for command in (delete, fetch):
        repository.run("bash", "-c", command)
    assert path.read_bytes() == whole
