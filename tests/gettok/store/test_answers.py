"""The promise of the store: acknowledged means on disk, written once, and every byte checked."""

import errno
import json
import os
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from numbered_answers import BIG, defects, key

from gettok.errors import Damaged, NoSpace
from gettok.step import Answer, Blob
from gettok.store import Key, Store


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "store") as store:
        yield store


def test_an_answer_comes_back_whole_with_its_blobs(store):
    blobs = {"small": Blob.of_bytes(b"abc"), "big": Blob.of_bytes(BIG)}
    store.put(key(1), "v1", Answer({"text": "¿qué? \ud83d \0", "n": 2**70}, blobs))
    kept = store.get(key(1).digest)
    assert kept.body == {"text": "¿qué? \ud83d \0", "n": 2**70}
    assert {name: blob.read() for name, blob in kept.blobs.items()} == {"small": b"abc", "big": BIG}


def test_an_unknown_key_has_no_answer(store):
    assert store.get(key(1).digest) is None
    assert store.known([key(1).digest]) == set()


def test_another_process_sees_an_answer_as_soon_as_put_returns(store, tmp_path):
    store.put(key(1), "v1", Answer({"a": 1}))
    with Store(tmp_path / "store") as other:
        assert other.get(key(1).digest).body == {"a": 1}


def test_the_first_answer_of_a_key_is_never_changed(store):
    store.put(key(1), "v1", Answer({"a": 1}))
    store.put(key(1), "v1", Answer({"a": 2}))
    assert store.get(key(1).digest).body == {"a": 1}


def test_known_finds_exactly_the_answered_among_many_keys(store):
    for number in range(0, 1200, 3):
        store.put(key(number), str(number), Answer({}))
    found = store.known(key(number).digest for number in range(1200))
    assert found == {key(number).digest for number in range(0, 1200, 3)}


def test_scan_gives_the_answers_of_one_setting_only(store):
    store.put(key(1), "v1", Answer({"n": 1}))
    store.put(Key.of("describe", 1, {"model": "other"}, {"video": 1}), "v1", Answer({"n": 2}))
    assert [(entry.subject, entry.answer.body) for entry in store.scan(key(9).scope)] == [("v1", {"n": 1})]


def test_a_file_becomes_a_blob_without_a_second_copy(store, tmp_path):
    file = store.files.unfinished
    file.mkdir()
    file = file / "video.mp4"
    file.write_bytes(BIG)
    inode = file.stat().st_ino
    store.put(key(1), "v1", Answer({}, {"media": Blob.of_file(file)}))
    path = store.get(key(1).digest).blobs["media"].path
    assert path.stat().st_ino == inode
    assert not os.access(path, os.W_OK) or os.geteuid() == 0
    assert path.stat().st_mode & 0o222 == 0


@given(st.text(alphabet="0123456789abcdef./-\0 ~é", max_size=70))
def test_f53_no_name_leads_out_of_the_store(tmp_path_factory, name):
    with Store(tmp_path_factory.getbasetemp() / "names") as store:
        if len(name) == 64 and set(name) <= set("0123456789abcdef"):
            assert store.files.path(name).name == name
        else:
            with pytest.raises(ValueError, match="SHA-256"):
                store.files.path(name)


def edit(root: Path, statement: str, *values: object) -> None:
    with sqlite3.connect(root / "answers.sqlite") as database:
        assert database.execute(statement, values).rowcount == 1
    database.close()


@pytest.fixture
def filled(tmp_path):
    root = tmp_path / "store"
    with Store(root) as store:
        blobs = {"big": Blob.of_bytes(BIG), "small": Blob.of_bytes(b"abc")}
        store.put(key(1), "v1", Answer({"a": 1}, blobs))
        store.put(key(2), "v2", Answer({"a": 2}))
    assert defects(root) == []
    return root


def test_f40_a_flipped_bit_in_a_file_is_found_and_nothing_is_built_from_it(filled):
    (file,) = (filled / "blobs").glob("*/*")
    content = bytearray(file.read_bytes())
    content[1000] ^= 1
    file.chmod(0o644)
    file.write_bytes(content)
    assert defects(filled) == ["blob is missing or does not match its digest"]
    with Store(filled) as store, pytest.raises(Damaged):
        store.get(key(1).digest)


def test_f40_a_cut_file_is_found(filled):
    (file,) = (filled / "blobs").glob("*/*")
    os.truncate(file, 5)
    assert defects(filled) == ["blob is missing or does not match its digest"]
    with Store(filled) as store, pytest.raises(Damaged):
        store.get(key(1).digest)


def test_f40_a_lost_file_is_found(filled):
    (file,) = (filled / "blobs").glob("*/*")
    file.unlink()
    assert defects(filled) == ["blob is missing or does not match its digest"]
    with Store(filled) as store, pytest.raises(Damaged):
        store.get(key(1).digest)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE answers SET body = x'00' WHERE subject = 'v2'",
        "UPDATE answers SET subject = 'v3' WHERE subject = 'v2'",
        "UPDATE answers SET stage = 'transcribe' WHERE subject = 'v2'",
        "UPDATE answers SET key = upper(key) WHERE subject = 'v2'",
        "UPDATE answers SET blobs = '{}' WHERE subject = 'v1'",
    ],
)
def test_f40_an_edited_or_renamed_answer_is_found(filled, statement):
    edit(filled, statement)
    assert defects(filled) == ["answer does not match its digest"]


def test_f40_an_edited_answer_is_not_given_out(filled):
    body = (filled / "answers.sqlite").read_bytes()
    assert body
    edit(
        filled,
        "UPDATE answers SET body = (SELECT body FROM answers WHERE subject = 'v1') WHERE subject = 'v2'",
    )
    with Store(filled) as store, pytest.raises(Damaged, match="v2"):
        store.get(key(2).digest)


def test_f40_a_flipped_bit_in_a_small_blob_is_found(filled):
    edit(filled, "UPDATE blobs SET data = x'616264' WHERE data = x'616263'")
    assert defects(filled) == ["blob is missing or does not match its digest"]
    with Store(filled) as store, pytest.raises(Damaged):
        store.get(key(1).digest)


def test_f40_a_file_that_is_not_a_database_is_reported(tmp_path):
    (tmp_path / "answers.sqlite").write_bytes(b"this is no database, " * 100)
    with pytest.raises(Damaged, match=r"answers\.sqlite"):
        Store(tmp_path)


class FullDisk:
    """A filesystem that accepts the first calls, and then has no space left."""

    def __init__(self, monkeypatch, succeed: int) -> None:
        self.left = succeed
        for name in ("fsync", "link", "mkdir", "chmod"):
            monkeypatch.setattr(os, name, self._limited(getattr(os, name)))
        monkeypatch.setattr(Path, "write_bytes", lambda path, data: self._half_written(path, data))  # noqa: PLW0108 - a bound method would not get the path

    def _half_written(self, path, data):
        with path.open("wb") as file:
            file.write(data[: len(data) // 2])
            self.left -= 1
            if self.left < 0:
                raise OSError(errno.ENOSPC, "No space left on device")
            file.write(data[len(data) // 2 :])

    def _limited(self, call):
        def limited(*args, **kwargs):
            self.left -= 1
            if self.left < 0:
                raise OSError(errno.ENOSPC, "No space left on device")
            return call(*args, **kwargs)

        return limited


def test_f37_whichever_write_finds_the_disk_full_nothing_half_done_is_visible(tmp_path):
    answer = Answer({"a": 1}, {"big": Blob.of_bytes(BIG)})
    failures = 0
    for succeed in range(50):
        root = tmp_path / str(succeed)
        Store(root).close()
        with pytest.MonkeyPatch.context() as patch:
            FullDisk(patch, succeed)
            with Store(root) as store:
                try:
                    store.put(key(1), "v1", answer)
                except NoSpace:
                    failures += 1
                else:
                    break
        assert defects(root) == []
        with Store(root) as store:
            assert store.get(key(1).digest) is None
            store.put(key(1), "v1", answer)
            assert store.get(key(1).digest).blobs["big"].read() == BIG
            assert list(store.files.unfinished.iterdir()) == []
    assert failures >= 6


def test_f37_a_database_that_may_not_grow_is_reported_and_keeps_what_it_has(tmp_path):
    with Store(tmp_path) as store:
        store.put(key(0), "v0", Answer({"a": 0}))
        (pages,) = store._database.execute("PRAGMA page_count").fetchone()
        store._database.execute(f"PRAGMA max_page_count = {pages + 2}")
        incompressible = os.urandom(30_000).hex()
        with pytest.raises(NoSpace):
            store.put(key(1), "v1", Answer({"a": incompressible}))
        assert store.get(key(0).digest).body == {"a": 0}
        assert store.get(key(1).digest) is None
        store._database.execute("PRAGMA max_page_count = 1000000")
        store.put(key(1), "v1", Answer({"a": incompressible}))
    assert defects(tmp_path) == []


def test_bytes_are_on_disk_before_their_name_appears_and_the_name_before_the_answer(store, monkeypatch):
    calls = []
    for name in ("fsync", "link"):
        real = getattr(os, name)
        monkeypatch.setattr(
            os, name, lambda *args, name=name, real=real: (calls.append(name), real(*args))[1]
        )
    store._database.set_trace_callback(lambda statement: calls.append(statement.split()[0]))
    store.put(key(1), "v1", Answer({}, {"big": Blob.of_bytes(BIG)}))
    assert calls == ["fsync", "link", "fsync", "BEGIN", "INSERT", "INSERT", "COMMIT"]


def test_stats_count_answers_by_stage(store):
    store.put(key(1), "v1", Answer({}))
    store.put(Key.of("transcribe", 1, {}, {}), "v1", Answer({}))
    assert [(stage, count) for stage, count, _ in store.stats()] == [("describe", 1), ("transcribe", 1)]


def test_a_body_is_kept_as_canonical_json(store):
    store.put(key(1), "v1", Answer({"b": 1, "a": [1.5, None]}))
    assert json.dumps(store.get(key(1).digest).body) == '{"a": [1.5, null], "b": 1}'
