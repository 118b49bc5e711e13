"""The stages that ask models, as programs in batches: the same tables as by direct calls, and nothing asked twice."""

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from test_describe_stage import DAY, SHOWN, frames
from workspace import Workspace

from gettok.tables import ANNOTATIONS, DESCRIPTIONS, FRAMES, TRANSCRIPTS, VIDEOS
from sandbox.server import Sandbox

BATCH = "llm.batch={requests: 50, bytes: 10000000, poll_s: 0.05}"


def asked(folder: Path, sandbox: Sandbox, *overrides: str) -> tuple[Workspace, str]:
    """Videos with their frames, described and judged; and the output of the second stage."""
    made = Workspace.make(folder, sandbox.base, *overrides)
    at = datetime(2022, 12, 7, tzinfo=UTC)
    captions = dict(zip(SHOWN, ("Fuerza presidente", "golpista", "lunes"), strict=True))
    videos = [
        {"video_id": video, "created_at": at, "username": "u", "description": text}
        for video, text in captions.items()
    ]
    VIDEOS.write(videos, made.data / "videos" / f"{DAY}.parquet")
    FRAMES.write(frames(), made.data / "frames" / f"{DAY}.parquet")
    no_transcripts = [{"video_id": video, "status": "unusable", "reason": "no_media"} for video in SHOWN]
    TRANSCRIPTS.write(no_transcripts, made.data / "transcripts" / f"{DAY}.parquet")
    made.run("describe")
    return made, made.run("annotate")


def tables(workspace: Workspace) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Descriptions and annotations without the raw replies, whose spaces differ in a file of results."""
    descriptions = DESCRIPTIONS.read(workspace.data / "descriptions")
    return descriptions.drop("answer"), ANNOTATIONS.read(workspace.data / "annotations").drop("answer")


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    with Sandbox() as sandbox:
        direct, _ = asked(tmp_path_factory.mktemp("direct"), sandbox)
        asked_directly = len(sandbox.requests())
        in_batches, output = asked(tmp_path_factory.mktemp("batches"), sandbox, BATCH)
        yield (
            direct,
            in_batches,
            output,
            sandbox.requests()[:asked_directly],
            sandbox.requests()[asked_directly:],
        )


def test_batches_give_the_same_tables_as_direct_calls(both):
    direct, in_batches, *_ = both
    for ours, theirs in zip(tables(in_batches), tables(direct), strict=True):
        assert ours.equals(theirs, null_equal=True)
        assert ours["status"].to_list().count("ok") >= 2
    assert tables(direct)[1]["variable"].n_unique() == 6


def test_each_group_is_asked_in_calls_of_its_own_and_each_variable_has_its_books(both):
    direct, in_batches, *_ = both
    assert {folder.name for folder in (direct.data / "annotations").iterdir()} == {
        "stance",
        "content",
        "picture",
    }
    books = direct.books("annotate")
    assert books == in_batches.books("annotate")
    assert len(books["variables"]) == 6
    for of_variable in books["variables"].values():
        assert of_variable["asked"] == len(SHOWN) == of_variable["ok"] + sum(of_variable["unusable"].values())


def test_a_caption_alone_is_not_judged(both):
    """The third video has nothing else, though the prompt takes more."""
    direct, *_ = both
    rows = ANNOTATIONS.read(direct.data / "annotations").filter(variable="stance").to_dicts()
    stances = {row["video_id"]: row for row in rows}
    assert (stances["73"]["status"], stances["73"]["reason"]) == ("unusable", "no_inputs")
    assert stances["72"]["inputs_used"] == ["description", "caption", "frames"]


def test_every_answer_comes_from_a_batch_and_the_progress_is_reported(both):
    _, in_batches, output, direct_requests, batch_requests = both
    paid = [entry for entry in batch_requests if entry["path"] == "/v1/chat/completions"]
    assert {entry["via"] for entry in paid} == {"batch"}
    assert sorted(entry["subject"] for entry in paid) == sorted(
        entry["subject"] for entry in direct_requests if entry["path"] == "/v1/chat/completions"
    )
    assert "annotate: batch batch_" in output
    assert "2 of 2 done" in output
    assert not [path for path in (in_batches.store / "incoming").rglob("*") if path.is_file()]


def test_what_batches_have_answered_is_not_asked_again_by_direct_calls(both):
    _, in_batches, *_ = both
    before = tables(in_batches)
    with Sandbox() as another:
        again = Workspace(in_batches.folder, another.base)
        again.compose()
        again.run("describe", "annotate")
        assert another.requests() == []
    for first, second in zip(before, tables(in_batches), strict=True):
        assert first.equals(second, null_equal=True)
