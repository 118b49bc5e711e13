"""A search finds what was erased wherever two releases left it: here, and in each remote."""

import csv
import json
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from conftest import LONGER
from repository import Repository
from s3_remote import s3_remote

from gettok.collect.tombstones import sha256
from gettok.purge.search import TraceSearch
from gettok.purge.traces import Traces
from gettok.purge.words import windows
from gettok.tables import COMMENTS, DESCRIPTIONS, FRAMES, MEDIA, TRANSCRIPTS, VIDEOS

NOTE = "apunte canario que solo este codificador escribió sobre el video"


def values(repository: Repository, table, path: str, column: str, video: str) -> list[str]:
    rows = table.read(repository.data / path, ["video_id", column]).filter(pl.col("video_id") == video)
    return [str(value) for value in rows[column].drop_nulls()]


#: Where the tables have each text of a video.
TEXTS = {
    "caption": (VIDEOS, "videos", "description"),
    "speech": (TRANSCRIPTS, "transcripts", "text"),
    "on-screen text": (DESCRIPTIONS, "descriptions", "ocr_text"),
    "model's description": (DESCRIPTIONS, "descriptions", "description"),
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


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_each_canary_of_two_releases_is_found_here_and_in_each_remote(repository, tmp_path):
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
    disk = tmp_path / "disk"
    repository.dvc("remote", "add", "disk", str(disk))
    with s3_remote(repository) as keys:
        for _ in range(2):
            repository.dvc("push", "--run-cache", "-r", "disk")
            repository.dvc("push", "--run-cache", "-r", "bucket", **keys)
            repository.study(*LONGER)
            repository.compose("collect=with_comments_and_users")
            repository.dvc("repro")
            repository.commit("second release")
        repository.run("gettok", "erase", video, "--comment", comment)
        repository.commit("erase")
        repository.dvc("repro")

        code, said = repository.outcome("gettok", "purge", "--prove", **keys)
        assert code == 70, said
        proof = certificate(repository)
    kinds = {(each["place"], each["kind"]) for each in proof["found"]}
    for place in ("answer store", "DVC cache", "remote disk", "remote bucket"):
        assert {kind for at, kind in kinds if at == place} >= {"video", "comment", "text", "file"}, place
    assert ("workspace", "video") in kinds, "the line with the label is still in inputs/"
    assert {(each["place"], each["kind"]) for each in proof["found_in_git_history"]} >= {
        ("git history", "text")
    }
    assert (proof["unreachable"], proof["not_decoded"]) == ([], [])
    assert video not in json.dumps(proof) + said
    assert comment not in json.dumps(proof) + said

    traces = Traces.saved(repository.store).sought()
    for what, wanted in texts.items():
        assert wanted & traces.texts, what
    for what, wanted in files.items():
        assert wanted & traces.files, what
    for what, wanted in {**texts, **files}.items():
        one = Traces(traces.erased, frozenset(wanted), frozenset(wanted))
        one = Traces(type(traces.erased)(), one.texts, one.files)
        assert what == "human label" or found_below(disk, one), what
    assert sha256(other) not in traces.erased.videos
    clean = repository.data
    gone = Traces(type(traces.erased)(frozenset({sha256(video)})), traces.texts, traces.files)
    assert not found_below(clean, gone), "what the next build made has nothing of it"
