"""Answers that are deleted on purpose, and blobs whose file has changed while its size and time stayed."""

import json
import os

import pytest
from flipped import rot

from gettok.errors import Damaged
from gettok.step import Answer, Blob
from gettok.store import Key, Store

BIG = os.urandom(150_000)
OTHER = os.urandom(150_000)


def key(stage: str, number: int = 0) -> Key:
    return Key.of(stage, 1, {}, {"number": number})


@pytest.fixture
def store(tmp_path):
    """Two videos that share a file, and a variant of the first."""
    with Store(tmp_path) as store:
        shared, small = Blob.of_bytes(BIG), Blob.of_bytes(b"abc")
        store.put(key("download", 1), "71", Answer({}, {"media": shared, "page": small}))
        store.put(key("download", 2), "72", Answer({}, {"media": shared}))
        store.put(key("extract_frames"), "71", Answer({}, {"0": Blob.of_bytes(OTHER)}))
        store.put(key("annotate"), "71/ignore", Answer({}))
        store.put(key("transcribe"), "711", Answer({}))
        yield store


def blobs(store: Store) -> set[str]:
    files = {file.name for file in (store.root / "blobs").glob("*/*")}
    inline = store._database.execute("SELECT digest FROM blobs WHERE data IS NOT NULL")
    return files | {digest for (digest,) in inline}


def test_the_answers_about_a_video_are_its_own_and_its_variants(store):
    assert [(named.stage, named.subject) for named in store.about("71")] == [
        ("annotate", "71/ignore"),
        ("download", "71"),
        ("extract_frames", "71"),
    ]


def test_f56_answers_go_with_the_blobs_that_no_other_answer_names(store):
    answers = store.about("71")
    store.drop(answers)
    assert store.about("71") == []
    assert blobs(store) == {Blob.of_bytes(BIG).digest}, "the other video has it too"
    assert store.get(key("download", 2).digest).blobs["media"].read() == BIG
    assert list(store.verify()) == []
    store.drop(store.about("72"))
    assert blobs(store) == set()
    assert list(store.verify()) == []


def test_f56_what_was_deleted_is_in_the_log(store):
    (named,) = [named for named in store.about("71") if named.stage == "extract_frames"]
    store.drop([named])
    store.drop(store.about("711"))
    first, second = (json.loads(line) for line in (store.root / "drops.jsonl").read_text().splitlines())
    assert first.pop("dropped_at") > 0
    digest = Blob.of_bytes(OTHER).digest
    assert first == {
        "stage": "extract_frames",
        "subject": "71",
        "key": key("extract_frames").digest,
        "blobs": [digest],
    }
    assert (second["stage"], second["subject"], second["blobs"]) == ("transcribe", "711", [])


def test_f56_a_log_that_cannot_be_written_deletes_nothing(store):
    (store.root / "drops.jsonl").mkdir()
    before = store.about("71"), blobs(store)
    with pytest.raises(IsADirectoryError):
        store.drop(before[0])
    assert (store.about("71"), blobs(store)) == before
    assert list(store.verify()) == []


def blob_file(store: Store, data: bytes):
    return store.files.path(Blob.of_bytes(data).digest)


def test_f40_the_bytes_of_a_file_are_checked_when_they_are_read(store):
    rot(blob_file(store, BIG))
    blob = store.get(key("download", 1).digest).blobs["media"]
    assert blob.path is not None, "to link it, its size and time are enough"
    with pytest.raises(Damaged, match="does not match its digest"):
        blob.read()
    with pytest.raises(Damaged, match="does not match its digest"):
        blob.check()
    Blob.of_bytes(BIG).check()


def test_a_damaged_file_is_replaced_when_its_bytes_come_again(store):
    rot(blob_file(store, BIG))
    store.put(key("download", 3), "73", Answer({}, {"media": Blob.of_bytes(BIG)}))
    assert store.get(key("download", 1).digest).blobs["media"].read() == BIG
    assert list(store.verify()) == []
    (mtime_ns,) = store._database.execute(
        "SELECT mtime_ns FROM blobs WHERE digest = ?", (Blob.of_bytes(BIG).digest,)
    ).fetchone()
    assert mtime_ns == blob_file(store, BIG).stat().st_mtime_ns, "or each run would hash the file"
