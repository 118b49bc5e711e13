"""Answers of pulled tables go back into the store, unless a file does not match its table."""

import hashlib
import json
import os
import re
import shutil
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flipped import flip
from recorded import record
from scripted_endpoint import jpeg
from workspace import Workspace

from gettok.cli.store_damage import damaged_inputs
from gettok.cli.store_refill import Refilled, refill
from gettok.download.captions import Captions
from gettok.errors import Damaged
from gettok.store import Store
from gettok.tables import (
    ANNOTATIONS,
    DESCRIPTIONS,
    FRAMES,
    MEDIA,
    PAGES,
    PROMPT_INJECTION,
    SCREEN_TEXTS,
    TRANSCRIPTS,
    VIDEOS,
    WINDOWS,
)
from sandbox.server import Sandbox

FILM = b"a film, as far as anybody looks"
ANSWERED = {"video_id": "1", "status": "ok", "answer": json.dumps({"any": "answer"})}


def pulled(data, *, film: bytes | None, captions: Captions | None = None):
    """A dataset of one video, with or without its file."""
    digest = hashlib.sha256(FILM).hexdigest()
    body = {"backend": "page", "captions": captions and {**asdict(captions), "trouble": None}}
    row = {**ANSWERED, "answer": json.dumps(body), "answer_key": "a" * 64, "file": "1.mp4", "sha256": digest}
    MEDIA.write([row], data / "media.parquet")
    TRANSCRIPTS.write(
        [{**ANSWERED, "answer_key": "b" * 64, "text": "hola"}], data / "transcripts" / "2022-12-07.parquet"
    )
    if film is not None:
        (data / "media").mkdir()
        (data / "media" / "1.mp4").write_bytes(film)
    return data


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def new(tmp_path, data) -> dict[str, int]:
    assert data == tmp_path / "data", "where the command looks"
    with Store(tmp_path / "store") as store:
        return {stage: count for stage, _, count in refill(store)}


def test_a_file_and_a_transcript_come_back(tmp_path):
    found = new(tmp_path, pulled(tmp_path / "data", film=FILM))
    assert (found["download"], found["transcribe"]) == (1, 1)


def test_an_answer_that_fills_many_rows_comes_back_once(tmp_path):
    row = {**ANSWERED, "answer_key": "d" * 64}
    rows = [{**row, "frame_index": index} for index in (0, 300)]
    SCREEN_TEXTS.write(rows, tmp_path / "data" / "screen_texts" / "2022-12-07.parquet")
    with Store(tmp_path / "store") as store:
        found = {stage: (answers, new) for stage, answers, new in refill(store)}
        assert found["ocr"] == (1, 1)
        assert store.known(["d" * 64])


def test_a_dataset_without_its_files_gives_back_everything_else(tmp_path):
    found = new(tmp_path, pulled(tmp_path / "data", film=None))
    assert (found["download"], found["transcribe"]) == (0, 1)


def test_a_file_that_does_not_match_its_table_is_not_stored(tmp_path):
    with pytest.raises(Damaged, match=r"1\.mp4 does not match its digest in the table"):
        new(tmp_path, pulled(tmp_path / "data", film=b"another"))
    with Store(tmp_path / "store") as store:
        assert not store.known(["a" * 64])


@pytest.fixture
def captions(tmp_path):
    """Captions of a pulled video, as DVC recorded them."""
    data = pulled(tmp_path / "data", film=FILM, captions=Captions("spa-ES", "ASR", "webvtt", "1"))
    (data / "media" / "1.vtt").write_bytes(b"WEBVTT\n\n00:01.000 --> 00:02.000\nhola\n")
    record("download", Path("data/media"), Path("data/media.parquet"))
    return Path("data/media/1.vtt")


def test_captions_come_back_with_their_video(tmp_path, captions):
    assert new(tmp_path, tmp_path / "data")["download"] == 1
    with Store(tmp_path / "store") as store:
        assert store.get("a" * 64).blobs["captions"].read() == captions.read_bytes()
    assert list(damaged_inputs()) == []


def test_captions_that_are_not_as_recorded_are_not_stored_and_are_found(tmp_path, captions):
    """No table has their digest."""
    flip(captions, 33)
    with pytest.raises(Damaged, match=r"^data/media/1\.vtt does not match its digest in dvc\.lock"):
        new(tmp_path, tmp_path / "data")
    with Store(tmp_path / "store") as store:
        assert not store.known(["a" * 64])
    (found,) = damaged_inputs()
    assert found.what == "video 1: data/media/1.vtt does not match its digest"
    assert "`gettok store drop --video 1 --stage download`, then `find data/media/1.vtt -type f" in found.can


def test_without_dvc_s_list_of_media_captions_are_compared_with_all_of_them(tmp_path, captions):
    for listing in Path(".dvc/cache").rglob("*.dir"):
        listing.unlink()
    assert list(damaged_inputs()) == []
    flip(captions, 33)
    os.chdir(shutil.copytree(tmp_path, tmp_path.with_name("again")))  # as another process does
    with (
        Store(Path("store")) as store,
        pytest.raises(Damaged, match=r"data/media is not what dvc\.lock records"),
    ):
        list(refill(store))
    assert ["data/media is not what dvc.lock" in found.what for found in damaged_inputs()] == [True]


def test_a_frame_that_does_not_match_its_table_is_not_stored(tmp_path):
    row = {**ANSWERED, "answer_key": "c" * 64, "frame_index": 0, "sha256": "0" * 64}
    FRAMES.write(
        [{**row, "image": {"bytes": b"x", "path": "0.jpg"}}], tmp_path / "data" / "frames" / "d.parquet"
    )
    with pytest.raises(Damaged, match="does not match its digest in the table"):
        new(tmp_path, tmp_path / "data")


def test_every_table_with_answers_gives_each_of_them_back_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data, at = tmp_path / "data", datetime(2022, 12, 7, tzinfo=UTC)
    picture = b"a picture"
    of_day = {"start": at.date(), "end": at.date(), "subject": "s", "observed_at": at, "frame_index": 0}
    shown = {"sha256": hashlib.sha256(picture).hexdigest(), "image": {"bytes": picture, "path": "0.jpg"}}
    files = {
        "windows.parquet": WINDOWS,
        **{f"pages/{kind}/day.parquet": PAGES for kind in ("videos", "refreshed", "comments", "users")},
        "frames/day.parquet": FRAMES,
        "transcripts/day.parquet": TRANSCRIPTS,
        "screen_texts/day.parquet": SCREEN_TEXTS,
        "descriptions/day.parquet": DESCRIPTIONS,
        "annotations/stance/day.parquet": ANNOTATIONS,
        "prompt_injection.parquet": PROMPT_INJECTION,
    }
    for place, (name, table) in enumerate(files.items()):
        rows = [{**ANSWERED, **of_day, **shown, "answer_key": f"{place:x}" * 64}, {**of_day, "video_id": "2"}]
        declared = [{key: value for key, value in row.items() if key in table.schema} for row in rows]
        table.write(declared, data / name)
    with Store(tmp_path / "store") as store:
        first, again = list(refill(store)), list(refill(store))
        assert store.known(f"{place:x}" * 64 for place in range(16)) == {
            f"{place:x}" * 64 for place in range(len(files))
        }
    counts = {"collect": 5, "download": 0, "extract_frames": 1, "transcribe": 1, "ocr": 1, "describe": 1}
    counts["annotate"] = 2  # of the videos and of their variants; there is no table of media
    assert first == [Refilled(stage, count, count) for stage, count in counts.items()]
    assert again == [Refilled(stage, count, 0) for stage, count in counts.items()]


@pytest.mark.slow
def test_a_refilled_store_asks_nothing_though_a_group_s_answer_is_in_one_of_its_rows(tmp_path):
    """Of the demo's codebook, with variants: of one group the first variable is a number, which has none."""
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "videos.json").write_text("[]")
    with Sandbox(corpus=corpus) as sandbox:
        made = Workspace.make(tmp_path, sandbox.base, "prompt_injection.videos=1")
        judged_inputs(made)
        made.run("annotate")
        tables = [
            *sorted((made.data / "annotations").rglob("*.parquet")),
            made.data / "prompt_injection.parquet",
        ]
        before = [table.read_bytes() for table in tables]
        assert len(tables) == 4, "three groups of a day, and variants"
        rows = ANNOTATIONS.read(made.data / "annotations", ["video_id", "answer_key", "answer"])
        assert rows.drop_nulls("answer_key").height > rows.drop_nulls("answer").height
        made.store.rename(tmp_path / "lost")
        assert "answers that the store lacks (annotate " in made.gettok("plan")[2]
        code, said, err = made.gettok("store", "refill")
        assert code == 0, err
        answers = (
            rows.drop_nulls("answer").height + PROMPT_INJECTION.read(tables[-1]).drop_nulls("answer").height
        )
        assert re.search(rf"annotate +{answers} answers in the tables, {answers} new to the store", said)
        assert "that the store lacks" not in made.gettok("plan")[2]
        asked = len(sandbox.requests())
        made.run("annotate")
        assert len(sandbox.requests()) == asked
        assert [table.read_bytes() for table in tables] == before


def judged_inputs(workspace: Workspace) -> None:
    """Two videos with all that the codebook's variables need."""
    at, picture = datetime(2022, 12, 7, tzinfo=UTC), jpeg("LIMA")
    ids, day = ("71", "72"), "2022-12-07.parquet"
    shown = {"frame_index": 0, "sha256": hashlib.sha256(picture).hexdigest(), "status": "ok"}
    tables = {
        "videos": (VIDEOS, {"created_at": at}),
        "transcripts": (TRANSCRIPTS, {"text": "Fuerza Castillo, todos a la plaza", "status": "ok"}),
        "descriptions": (DESCRIPTIONS, {"description": "A person.", "status": "ok"}),
        "frames": (FRAMES, {"image": {"bytes": picture, "path": None}, **shown}),
    }
    for name, (table, row) in tables.items():
        table.write([{"video_id": video_id, **row} for video_id in ids], workspace.data / name / day)


def test_a_refill_without_tables_says_to_pull_first(tmp_path):
    workspace = Workspace.make(tmp_path, "http://127.0.0.1:9")
    code, _, err = workspace.gettok("store", "refill")
    assert code == 66
    assert "the tables under data/ have no answers" in err
    assert "run `dvc pull` first" in err
    assert "no remote is set up: `dvc remote add -d NAME URL`" in err


def test_a_stage_says_that_its_tables_hold_answers_that_the_store_lacks(tmp_path):
    workspace = Workspace.make(tmp_path, "http://127.0.0.1:9")
    pulled(tmp_path / "data", film=FILM)
    VIDEOS.write([], tmp_path / "data" / "videos" / "2022-12-07.parquet")
    hint = "transcribe: the tables hold 1 answer that the store lacks (transcribe 1): stop this run, and run"
    assert hint in workspace.outcome("transcribe")[1]
    (tmp_path / "data" / "transcripts").mkdir(exist_ok=True)
    pulled(tmp_path / "data", film=None)
    assert workspace.gettok("store", "refill")[0] == 0
    assert "the store lacks" not in workspace.outcome("transcribe")[1]
