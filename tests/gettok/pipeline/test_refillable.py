"""What the tables hold and the store lacks is counted by step, also for tables that DVC has removed from `data/`."""

import hashlib
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from recorded import record

from gettok.cli.store_refill import refill
from gettok.errors import Damaged
from gettok.pipeline.refillable import ANSWER_TABLES, missing_answers, refill_hint, refill_hint_for
from gettok.step import Answer
from gettok.store import Key, Store
from gettok.tables import DESCRIPTIONS, MEDIA, PAGES, SCREEN_TEXTS, TABLES

ANSWERED = {"status": "ok", "answer": json.dumps({"any": "answer"})}
FILM = b"a film, as far as anybody looks"


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Store(tmp_path / "store") as store:
        yield store


def described(count: int) -> None:
    rows = [{**ANSWERED, "video_id": str(place), "answer_key": key(place)} for place in range(count)]
    unanswered = {"video_id": "none", "status": "unusable", "reason": "no_frames"}
    DESCRIPTIONS.write([*rows, unanswered], Path("data/descriptions/2022-12-07.parquet"))


def key(place: int) -> str:
    return hashlib.sha256(str(place).encode()).hexdigest()


def test_answers_that_the_store_lacks_are_counted_by_step_until_it_is_refilled(store):
    described(3)
    rows = [{**ANSWERED, "video_id": "1", "answer_key": key(9), "frame_index": place} for place in (0, 300)]
    SCREEN_TEXTS.write(rows, Path("data/screen_texts/2022-12-07.parquet"))
    store.put(Key("describe", key(0)), "0", Answer({"any": "answer"}))
    assert missing_answers(store) == {"describe": 2, "ocr": 1}
    assert missing_answers(store, ["ocr"]) == {"ocr": 1}
    hint = refill_hint(store)
    assert "3 answers that the store lacks (ocr 1, describe 2): run `gettok store refill` first" in hint
    list(refill(store))
    assert missing_answers(store) == {}
    assert refill_hint(store) is None
    assert refill_hint_for("describe", store) is None


def test_nothing_is_missing_where_there_are_no_tables(store):
    assert missing_answers(store) == {}


def test_pages_of_every_kind_count_as_answers_of_collect(store):
    at = datetime(2022, 12, 7, tzinfo=UTC)
    for place, kind in enumerate(("videos", "comments")):
        page = {"answer": ANSWERED["answer"], "subject": "s", "observed_at": at, "answer_key": key(place)}
        PAGES.write([page], Path("data/pages", kind, "day.parquet"))
    assert missing_answers(store) == {"collect": 2}


def test_a_file_that_was_not_pulled_is_not_missed_as_it_cannot_come_back(store):
    rows = [
        {**ANSWERED, "video_id": "1", "answer_key": key(1), "file": "1.mp4"},
        {**ANSWERED, "video_id": "2", "answer_key": key(2), "file": "2.mp4"},
        {**ANSWERED, "video_id": "3", "answer_key": key(3), "status": "unusable", "reason": "private"},
    ]
    MEDIA.write(rows, Path("data/media.parquet"))
    Path("data/media").mkdir()
    Path("data/media/1.mp4").write_bytes(FILM)
    assert missing_answers(store) == {"download": 2}


def test_a_table_that_cannot_be_read_is_left_to_whoever_uses_it(store):
    described(1)
    Path("data/descriptions/2022-12-08.parquet").write_bytes(b"no table")
    assert missing_answers(store) == {"describe": 1}


def test_a_running_stage_finds_in_dvc_s_cache_what_dvc_has_deleted_before_the_run(store):
    described(2)
    record("describe", Path("data/descriptions"))
    shutil.rmtree("data/descriptions")  # as DVC does before a run
    assert missing_answers(store) == {}, "a refill would not find them either"
    hint = refill_hint_for("describe", store)
    assert "2 answers that the store lacks (describe 2)" in hint
    assert "`dvc checkout` and `gettok store refill` first" in hint
    assert refill_hint_for("annotate", store) is None


@pytest.mark.parametrize("is_in_cache", [False, True])
def test_a_key_that_changed_on_the_disk_is_no_answer_that_is_missing(store, is_in_cache):
    """It is named as damage: no one is advised about money by it."""
    described(1)
    store.put(Key("describe", key(0)), "0", Answer({"any": "answer"}))
    table = Path("data/descriptions/2022-12-07.parquet")
    content = table.read_bytes()
    record("describe", Path("data/descriptions"))
    described(2)
    changed = table.read_bytes()
    if is_in_cache:
        (copy,) = (file for file in Path(".dvc/cache/files").glob("*/*/*") if file.read_bytes() == content)
        copy.write_bytes(changed)
        shutil.rmtree("data/descriptions")
        assert refill_hint_for("describe", store).startswith(
            "DVC's cache has damaged files of data/descriptions: "
        )
        return
    for hint in (refill_hint(store), refill_hint_for("describe", store)):
        assert hint.startswith(f"{table} is not what dvc.lock records")
    with pytest.raises(Damaged):
        missing_answers(store)


def test_every_table_with_answers_is_looked_at():
    with_answers = {name for name, table in TABLES.items() if {"answer_key", "answer"} <= table.schema.keys()}
    assert {held.table.name for held in ANSWER_TABLES} == with_answers
