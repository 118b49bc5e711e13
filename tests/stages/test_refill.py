"""Answers of pulled tables go back into the store, unless a file does not match its table."""

import hashlib
import json

import pytest

from gettok.cli.store_refill import refill
from gettok.errors import Damaged
from gettok.store import Store
from gettok.tables import FRAMES, MEDIA, SCREEN_TEXTS, TRANSCRIPTS

FILM = b"a film, as far as anybody looks"
ANSWERED = {"video_id": "1", "status": "ok", "answer": json.dumps({"backend": "page", "captions": None})}


def pulled(data, *, film: bytes | None):
    """A dataset of one video, with or without its file."""
    digest = hashlib.sha256(FILM).hexdigest()
    MEDIA.write(
        [{**ANSWERED, "answer_key": "a" * 64, "file": "1.mp4", "sha256": digest}], data / "media.parquet"
    )
    TRANSCRIPTS.write(
        [{**ANSWERED, "answer_key": "b" * 64, "text": "hola"}], data / "transcripts" / "2022-12-07.parquet"
    )
    if film is not None:
        (data / "media").mkdir()
        (data / "media" / "1.mp4").write_bytes(film)
    return data


def new(tmp_path, data) -> dict[str, int]:
    with Store(tmp_path / "store") as store:
        return {stage: count for stage, _, count in refill(store, data)}


def test_a_file_and_a_transcript_come_back(tmp_path):
    found = new(tmp_path, pulled(tmp_path / "data", film=FILM))
    assert (found["download"], found["transcribe"]) == (1, 1)


def test_an_answer_that_fills_many_rows_comes_back_once(tmp_path):
    row = {**ANSWERED, "answer_key": "d" * 64}
    rows = [{**row, "frame_index": index} for index in (0, 300)]
    SCREEN_TEXTS.write(rows, tmp_path / "data" / "screen_texts" / "2022-12-07.parquet")
    with Store(tmp_path / "store") as store:
        found = {stage: (answers, new) for stage, answers, new in refill(store, tmp_path / "data")}
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


def test_a_frame_that_does_not_match_its_table_is_not_stored(tmp_path):
    row = {**ANSWERED, "answer_key": "c" * 64, "frame_index": 0, "sha256": "0" * 64}
    FRAMES.write(
        [{**row, "image": {"bytes": b"x", "path": "0.jpg"}}], tmp_path / "data" / "frames" / "d.parquet"
    )
    with pytest.raises(Damaged, match="does not match its digest in the table"):
        new(tmp_path, tmp_path / "data")
