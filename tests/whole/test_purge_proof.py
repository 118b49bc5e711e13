"""A search finds what was erased wherever two releases left it, and after a purge nothing: here, and in each remote."""

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from conftest import LONGER
from repository import Repository
from s3_remote import s3_remote
from ssh_remote import ssh_server

from gettok.collect.erased import Erased
from gettok.collect.tombstones import sha256
from gettok.purge.search import TraceSearch
from gettok.purge.traces import Traces
from gettok.purge.words import windows
from gettok.tables import COMMENTS, DESCRIPTIONS, FRAMES, MEDIA, TRANSCRIPTS, VIDEOS

NOTE = "apunte canario que solo este codificador escribió sobre el video"


def values(repository: Repository, table, path: str, column: str, video: str) -> list[str]:
    rows = table.read(repository.data / path, ["video_id", column]).filter(pl.col("video_id") == video)
    return [str(value) for value in rows[column].drop_nulls()]


REMOTES = ("disk", "server", "bucket")
#: Where the tables have each text of a video.
TEXTS = {
    "caption": (VIDEOS, "videos", "description"),
    "speech": (TRANSCRIPTS, "transcripts", "text"),
    "on-screen text": (DESCRIPTIONS, "descriptions", "ocr_text"),
}


def chosen(repository: Repository) -> str:
    """A video whose texts are all long enough to be traces, with comments and without variants."""
    every = VIDEOS.read(repository.data / "videos", ["video_id"])["video_id"]
    return min(
        video
        for video in every
        if all(any(windows(text) for text in values(repository, *where, video)) for where in TEXTS.values())
        and values(repository, COMMENTS, "comments", "comment_id", video)
    )


def canaries(repository: Repository, video: str) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """The traces of each text and of each file of a video, by what it is."""
    texts = {
        what: {trace for text in values(repository, *where, video) for trace in windows(text)}
        for what, where in TEXTS.items()
    }
    texts["human label"] = set(windows(NOTE))
    files = {
        "medium": set(values(repository, MEDIA, "media.parquet", "sha256", video)),
        "frame": set(values(repository, FRAMES, "frames", "sha256", video)),
    }
    return texts, files


def certificate(repository: Repository) -> dict:
    file = repository.folder / "purges" / f"{datetime.now(UTC).date()}.json"
    return json.loads(file.read_text("ascii"))


def found_below(folder: Path, traces: Traces) -> bool:
    search = TraceSearch(traces)
    return any(search.look(file)[0] for file in folder.rglob("*") if file.is_file())


@contextmanager
def three_remotes(repository: Repository, folder: Path) -> Iterator[dict[str, str]]:
    """On this disk, behind an SSH server, and in a bucket. Gives the environment with the keys."""
    with ssh_server(folder / "ssh") as server, s3_remote(repository) as keys:
        repository.dvc("remote", "add", "disk", str(folder / "disk"))
        repository.dvc("remote", "add", "server", f"{server.address}/peru")
        repository.commit("remotes")
        yield keys | server.environment


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_each_canary_of_two_releases_is_found_in_each_place_and_after_a_purge_in_none(repository, tmp_path):
    repository.compose("collect=with_comments_and_users")
    repository.dvc("repro")
    video = chosen(repository)
    labels = repository.folder / "inputs" / "labels" / "human_labels.csv"
    with labels.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["video_id", "label", "coder"], [video, "support", NOTE]])
    repository.dvc("repro")
    other = VIDEOS.read(repository.data / "videos").filter(pl.col("video_id") != video)["video_id"].min()
    comments = COMMENTS.read(repository.data / "comments").filter(pl.col("video_id") != video)
    comment = comments["comment_id"].min()
    texts, files = canaries(repository, video)
    assert all(texts.values()), texts
    assert all(files.values()), files
    repository.commit("first release")
    with three_remotes(repository, tmp_path) as keys:
        for version in ("0.1.0", "0.2.0"):
            repository.run("gettok", "release", "tag", version)
            for remote in REMOTES:
                repository.dvc("push", "--run-cache", "-r", remote, **keys)
            if version == "0.1.0":
                repository.study(*LONGER)
                repository.compose("collect=with_comments_and_users", "citation.version=0.2.0")
                repository.dvc("repro")
                repository.commit("second release")
        repository.run("gettok", "erase", video, "--comment", comment)
        repository.commit("erase")
        repository.dvc("repro")

        code, said = repository.outcome("gettok", "purge", "--prove", **keys)
        assert code == 70, said
        proof = certificate(repository)
        check_found(proof, repository, tmp_path / "disk", texts, files)
        assert video not in json.dumps(proof) + said
        assert comment not in json.dumps(proof) + said
        assert sha256(other) not in Traces.saved(repository.store).erased.videos

        labels.unlink()  # its line names the video; the command says so
        repository.dvc("repro")
        repository.commit("without the label")
        said = repository.run("gettok", "purge", "--yes", **keys)
        proof = certificate(repository)
        assert (proof["outcome"], proof["found"]) == ("clean", []), said
        assert {each["place"] for each in proof["searched"]} >= {f"remote {remote}" for remote in REMOTES}
        traces = Traces.saved(repository.store).sought()
        for place in (repository.data, repository.store, tmp_path / "disk", tmp_path / "ssh" / "served"):
            assert not found_below(place, traces), place
        check_successors(repository, tmp_path / "clone", other, keys)


def check_found(proof: dict, repository: Repository, disk: Path, texts: dict, files: dict) -> None:
    """Everything is found before the purge, each text and file by itself, and nothing in what was built without it."""
    kinds = {(each["place"], each["kind"]) for each in proof["found"]}
    for place in ("answer store", "DVC cache", *(f"remote {remote}" for remote in REMOTES)):
        assert {kind for at, kind in kinds if at == place} >= {"video", "comment", "text", "file"}, place
    assert ("workspace", "video") in kinds, "the line with the label is still in inputs/"
    assert ("git history", "text") in {
        (each["place"], each["kind"]) for each in proof["found_in_git_history"]
    }
    assert (proof["unreachable"], proof["not_decoded"]) == ([], [])
    traces = Traces.saved(repository.store).sought()
    for what, wanted in {**texts, **files}.items():
        assert wanted & (traces.texts | traces.files), what
        one = Traces(texts=frozenset(wanted), files=frozenset(wanted))
        assert what == "human label" or found_below(disk, one), what
    gone = Traces(Erased(traces.erased.videos), traces.texts, traces.files)
    assert not found_below(repository.data, gone), "what the next build made has nothing of it"


def check_successors(repository: Repository, clone: Path, other: str, keys: dict[str, str]) -> None:
    """Another person gets each release without the video, and all other videos of it."""
    assert {"dataset@v0.1.1", "dataset@v0.2.1"} <= set(repository.git("tag", "--list").split())
    repository.git("clone", "-q", str(repository.folder), str(clone))
    there = replace(repository, folder=clone)
    for tag in ("dataset@v0.1.1", "dataset@v0.2.1"):
        there.git("checkout", "-q", tag)
        there.dvc("pull", "-r", "server", "release", "tabulate", "download", **keys)
        assert other in VIDEOS.read(there.data / "videos")["video_id"].to_list()
        there.run("gettok", "release", "check", "data/release")
