"""What a person asked to be erased is in nothing that the next build makes, and git brings it back for nothing."""

import base64
import csv
import json
from datetime import UTC, datetime

import polars as pl
import pytest
from conftest import LONGER
from decoded import texts
from repository import Repository, files

from gettok.tables import (
    ANNOTATIONS,
    COMMENTS,
    DESCRIPTIONS,
    FRAMES,
    MEDIA,
    PROMPT_INJECTION,
    TRANSCRIPTS,
    VIDEOS,
)
from sandbox.videos import CORPUS

CODER, SPOKEN = "canary coder", "canarywords that a person heard"


def chosen(repository: Repository) -> str:
    """A video with everything: frames, a transcript, labels and comments; not one with variants, which are sampled."""
    data = repository.data
    frames = set(FRAMES.read(data / "frames", ["video_id", "sha256"]).drop_nulls()["video_id"])
    spoken = set(TRANSCRIPTS.read(data / "transcripts", ["video_id", "text"]).drop_nulls()["video_id"])
    discussed = set(COMMENTS.read(data / "comments", ["video_id"])["video_id"])
    sampled = set(PROMPT_INJECTION.read(data / "prompt_injection.parquet", ["video_id"])["video_id"])
    return min((frames & spoken & discussed) - sampled)


def canaries(repository: Repository, video: str) -> set[str]:
    """What only this video has in the tables: its id, its texts and the digests of its media and frames."""
    data = repository.data
    found, others = set(), set()
    places = (
        (VIDEOS, "videos", ("video_id", "username", "description", "voice_to_text")),
        (COMMENTS, "comments", ("comment_id", "text")),
        (MEDIA, "media.parquet", ("sha256",)),
        (FRAMES, "frames", ("sha256",)),
        (TRANSCRIPTS, "transcripts", ("text",)),
        (DESCRIPTIONS, "descriptions", ("description",)),
        (ANNOTATIONS, "annotations", ("answer_key",)),
    )
    for table, path, columns in places:
        rows = table.read(data / path, list(dict.fromkeys(("video_id", *columns))))
        of_video = pl.col("video_id") == video
        for column in columns:
            found |= set(rows.filter(of_video)[column].drop_nulls())
            others |= set(rows.filter(~of_video)[column].drop_nulls())
    jpegs = FRAMES.read(data / "frames", ["video_id", "sha256", "image"]).filter(pl.col("video_id") == video)
    found |= {base64.b64encode(image["bytes"]).decode() for image in jpegs["image"].drop_nulls()}
    return {text for text in found - others if len(text) > 8} | {CODER, SPOKEN}


def places_of(repository: Repository, canary: set[str]) -> dict[str, set[str]]:
    """The canaries that are anywhere below `data/`, each with the files that have them."""
    found: dict[str, set[str]] = {}
    for name, text in texts(repository.data):
        for wanted in canary:
            if wanted in text:
                found.setdefault(wanted, set()).add(name)
    return found


def give_inputs(repository: Repository, video: str, other: str) -> None:
    """Labels and true words of the video and another, by a coder of their own."""
    labels = repository.folder / "inputs" / "labels" / "human_labels.csv"
    with labels.open("w", encoding="utf-8", newline="") as file:
        lines = [["video_id", "label", "coder"], [video, "support", CODER], [other, "support", "another"]]
        csv.writer(file).writerows(lines)
    spoken = repository.folder / "inputs" / "transcripts" / "spoken.csv"
    spoken.write_text(f"video_id,text,condition\n{video},{SPOKEN},studio\n{other},otras,studio\n", "utf-8")


def later_video() -> str:
    """A video of the day that the study does not have yet."""
    rows = [row["api"] for row in json.loads((CORPUS / "videos.json").read_text("utf-8"))]
    return min(row["id"] for row in rows if _day(row) == LONGER[1])


def _day(row: dict) -> str:
    return str(datetime.fromtimestamp(row["create_time"], UTC).date())


@pytest.mark.slow
def test_f56_an_erased_video_is_in_nothing_that_the_next_build_makes_until_git_brings_it_back(
    repository, asked
):
    repository.compose("collect=with_comments_and_users")
    repository.dvc("repro")
    video, later = chosen(repository), later_video()
    other = VIDEOS.read(repository.data / "videos").filter(pl.col("video_id") != video)["video_id"].min()
    give_inputs(repository, video, other)
    repository.dvc("repro")
    repository.commit("with comments and labels")
    canary, before = canaries(repository, video), files(repository.data)
    found = places_of(repository, canary)
    assert found.keys() >= canary - {CODER, SPOKEN}, "every canary is somewhere before"
    assert {"pages", "report", "release", "frames", "media"} <= {
        name.split("/")[0] for names in found.values() for name in names
    }
    asked()

    said = repository.run("gettok", "erase", f"https://www.tiktok.com/@a/video/{video}", later)
    assert "inputs/labels/human_labels.csv, line 2" in said
    assert "inputs/transcripts/spoken.csv, line 2" in said
    assert f"the video {later} is in no table; it is listed all the same" in said
    repository.commit("erase")
    repository.dvc("repro")
    assert places_of(repository, canary) == {}
    assert {name: cost for name, cost in asked().items() if cost} == {}, "what is left costs nothing"
    books = json.loads((repository.data / "books" / "tabulate.json").read_text("utf-8"))
    assert (books["unusable"]["erased"], books["ok"]) == (1, 9)
    released = json.loads((repository.data / "release" / "books.json").read_text("utf-8"))
    assert released["videos"] == released["released"] == 9
    shown, text = repository.outcome("gettok", "show", video)
    assert shown == 66
    assert "a person asked for it to be removed from the dataset (erased)" in text

    repository.git("revert", "--no-edit", "HEAD")
    repository.dvc("repro", "--no-run-cache")
    assert files(repository.data) == before
    assert {name: cost for name, cost in asked().items() if cost} == {}, "nothing is paid for again"

    repository.git("revert", "--no-edit", "HEAD")
    repository.study(*LONGER)
    repository.compose("collect=with_comments_and_users")
    repository.dvc("repro")
    assert places_of(repository, canary | {later}) == {}
    assert "2022-12-09.parquet" in files(repository.data / "videos"), "the day has other videos"
    assert not {video, later} & set(asked()["media"])
