"""The stage `describe` as a program: OCR beside the model, what both write to the tables, what is never asked again."""

import hashlib
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from recognizers import CYRILLIC, translated
from text_images import jpeg
from workspace import Workspace

from gettok.step import Row
from gettok.store import Store
from gettok.tables import DESCRIPTIONS, FRAMES, SCREEN_TEXTS, VIDEOS
from sandbox.server import Sandbox

DAY = "2022-12-07"
SHOWN = {
    "71": (jpeg("LIMA", "PROTESTA"), jpeg("LIMA", "CUSCO")),
    "72": (jpeg(),),
    "73": (),
}


def frames() -> list[Row]:
    rows: list[Row] = []
    for video, pictures in SHOWN.items():
        for place, picture in enumerate(pictures):
            facts = {"sha256": hashlib.sha256(picture).hexdigest(), "time_s": 10.0 * place}
            image = {"bytes": picture, "path": f"{300 * place}.jpg"}
            rows.append(
                {"video_id": video, "frame_index": 300 * place, "status": "ok", "image": image, **facts}
            )
        if not pictures:
            rows.append({"video_id": video, "status": "unusable", "reason": "no_media"})
    return rows


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """Three videos with their frames; one has no text, one no frames. They have been described once, with OCR."""
    with Sandbox() as sandbox:
        made = Workspace.make(tmp_path_factory.mktemp("describing"), sandbox.base)
        videos = [
            {"video_id": video, "created_at": datetime(2022, 12, 7, tzinfo=UTC), "username": "u"}
            for video in SHOWN
        ]
        VIDEOS.write(videos, made.data / "videos" / f"{DAY}.parquet")
        FRAMES.write(frames(), made.data / "frames" / f"{DAY}.parquet")
        made.run("describe")
        yield made


def with_times(workspace: Workspace, *times: float) -> None:
    rows = [
        {**row, "time_s": times[row["frame_index"] // 300]} if row["status"] == "ok" else row
        for row in frames()
    ]
    FRAMES.write(rows, workspace.data / "frames" / f"{DAY}.parquet")


def described(workspace: Workspace) -> dict[str, Row]:
    rows = DESCRIPTIONS.read(workspace.data / "descriptions").to_dicts()
    return {row["video_id"]: row for row in rows}


def read(workspace: Workspace) -> list[Row]:
    return SCREEN_TEXTS.read(workspace.data / "screen_texts").to_dicts()


def answers(workspace: Workspace) -> int:
    with Store(workspace.store) as store:
        return {stage: count for stage, count, _ in store.stats()}["ocr"]


def test_each_frame_has_its_row_and_each_description_the_text_by_ocr_beside_the_model_s(workspace):
    rows = [(row["video_id"], row["frame_index"], row["text"], row["reason"]) for row in read(workspace)]
    assert rows == [
        ("71", 0, "LIMA\nPROTESTA", None),
        ("71", 300, "LIMA\nCUSCO", None),
        ("72", 0, "", None),
        ("73", None, None, "no_frames"),
    ]
    found = described(workspace)
    assert found["71"]["on_screen_by_frame"] == [
        {"frame_index": 0, "text": "LIMA\nPROTESTA"},
        {"frame_index": 300, "text": "LIMA\nCUSCO"},
    ]
    assert (found["72"]["on_screen_by_frame"], found["73"]["on_screen_by_frame"]) == ([], None)
    assert (found["71"]["ocr_text"], found["71"]["ocr_cer"]) == ("LIMA\nPROTESTA\nCUSCO", 0)
    assert (found["72"]["ocr_text"], found["72"]["ocr_cer"]) == ("", 0)
    assert (found["73"]["ocr_text"], found["73"]["ocr_cer"]) == (None, None)
    assert {row["ocr_cer_reason"] for row in found.values()} == {None}
    assert workspace.books("describe") == {"asked": 3, "ok": 2, "unusable": {"no_frames": 1}}


def test_off_nothing_is_read_and_the_columns_are_empty_and_on_again_nothing_is_read_twice(workspace):
    before = (read(workspace), described(workspace), answers(workspace))
    workspace.compose("ocr=off", "llm.max_frames=1")
    output = workspace.run("describe")
    assert "ocr:" not in output
    assert read(workspace) == []
    found = described(workspace)
    assert {(row["ocr_text"], row["ocr_cer"]) for row in found.values()} == {(None, None)}
    assert [row["ocr_cer_reason"] for row in found.values()] == ["off", "off", None]
    workspace.compose()
    assert "ocr:" not in workspace.run("describe"), "every answer was there already"
    assert (read(workspace), described(workspace), answers(workspace)) == before


def test_a_frame_at_another_time_is_described_anew_and_not_read_anew(workspace):
    before = described(workspace)
    with_times(workspace, 0.0, 12.5)
    output = workspace.run("describe")
    assert "ocr:" not in output
    after = described(workspace)
    with_times(workspace, 0.0, 10.0)
    assert after["71"]["answer_key"] != before["71"]["answer_key"], "the prompt has the time"
    assert after["72"]["answer_key"] == before["72"]["answer_key"]
    workspace.run("describe")
    assert described(workspace) == before


def test_another_confidence_reads_no_frame_again(workspace):
    workspace.compose("ocr.min_confidence=1.0", "ocr.max_concurrency=1")
    assert "ocr:" not in workspace.run("describe")
    workspace.compose()


def test_only_the_frames_that_the_model_is_shown_are_read(workspace):
    workspace.compose("llm.max_frames=1")
    workspace.run("describe")
    assert [row["frame_index"] for row in read(workspace) if row["video_id"] == "71"] == [300]
    assert described(workspace)["71"]["frame_indices"] == [300]
    assert described(workspace)["71"]["ocr_text"] == "LIMA\nCUSCO"
    workspace.compose()


def test_text_that_the_recogniser_cannot_read_has_a_reason_instead_of_a_rate(workspace, tmp_path):
    workspace.compose(f"ocr.recognizer={translated(tmp_path / 'other.onnx', CYRILLIC)}")
    assert "ocr:" in workspace.run("describe"), "another recogniser reads the frames anew"
    found = described(workspace)
    assert [row["text"] for row in read(workspace)][:2] == ["ЛИМА\nПРОТЕСТА", "ЛИМА\nЦУСЦО"]
    assert found["71"]["on_screen_text"].startswith("LIMA\nPROTESTA")
    assert found["71"]["ocr_text"] == "ЛИМА\nПРОТЕСТА\nЦУСЦО"
    assert (found["71"]["ocr_cer"], found["71"]["ocr_cer_reason"]) == (None, "unknown_letters")
    assert found["71"]["ocr_unread_scripts"] == ["Latin"]
    assert (found["72"]["ocr_cer"], found["72"]["ocr_cer_reason"]) == (0, None), "it has no text"


def test_with_every_answer_known_neither_a_sandbox_nor_a_client_of_models_is_loaded(workspace):
    workspace.run("describe")
    environment = {name: value for name, value in workspace.surroundings.items() if name != "GETTOK_SANDBOX"}
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "stages.describe"],
        cwd=workspace.folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "gettok.describe.step" in loaded
    assert loaded & {"openai", "av", "requests", "sandbox.server"} == set()
