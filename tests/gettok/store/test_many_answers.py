"""What the store finds does not depend on the digits of a key, and where bytes are depends on their number."""

import os
import sqlite3

import pytest

from gettok.errors import Damaged
from gettok.step import Answer, Blob
from gettok.store import Key, Store

OTHERS = ({"model": "other"}, {"model": "third"})


def key(number, settings=None, stage="describe"):
    return Key.of(stage, 1, settings or {"model": "m"}, {"video": number})


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """200 answers of one scope among those of others."""
    root = tmp_path_factory.mktemp("filled")
    with Store(root) as store:
        for number in range(200):
            store.put(key(number), f"v{number}", Answer({"n": number}))
        for settings in OTHERS:
            for number in range(20):
                store.put(key(number, settings), f"v{number}", Answer({"n": -1}))
        store.put(key(1, stage="transcribe"), "v1", Answer({"n": -1}))
        yield store


def test_a_scan_finds_every_answer_of_its_scope_in_order_of_the_keys(filled):
    found = list(filled.scan(key(0).scope))
    assert [entry.key for entry in found] == sorted(key(number).digest for number in range(200))
    assert {entry.subject: entry.answer.body for entry in found} == {f"v{n}": {"n": n} for n in range(200)}
    assert {entry.key[16] for entry in found} == set("0123456789abcdef")


def test_each_of_many_answers_is_known_and_is_given_out(filled):
    keys = [key(number).digest for number in range(200)]
    assert filled.known([*keys, *(key(number).digest for number in range(200, 400))]) == set(keys)
    assert [filled.get(digest).body["n"] for digest in keys] == list(range(200))


@pytest.mark.parametrize("count", [499, 500, 501, 1000, 1001, 40_000])
def test_no_key_is_lost_between_two_questions_to_the_database(filled, count):
    answered = key(7).digest
    unanswered = (f"{number:064x}" for number in range(count - 1))
    assert filled.known([*unanswered, answered]) == {answered}


def test_answers_are_counted_by_stage_in_order(filled):
    assert [(stage, count) for stage, count, _ in filled.stats()] == [("describe", 240), ("transcribe", 1)]


def test_a_key_is_64_digits_and_stays_the_same_for_ever():
    """Otherwise every answer that was paid for would be asked for again."""
    made = Key.of("describe", 3, {"model": "m"}, {"video": "1"})
    assert made.digest == "98d2ec5be98af3ab473c6368df645f02707af6b87cd82f5df1cfc47ac8eb6c39"
    assert made.scope == made.digest[:16]
    assert made.stage == "describe"


def test_the_digits_after_the_scope_depend_on_the_scope_too():
    made = {key(1, settings).digest[16:] for settings in ({"model": "m"}, *OTHERS)}
    assert len(made) == 3
    assert all(len(key(number).digest) == 64 for number in range(3))


def files_in(root):
    return [path.name for path in (root / "blobs").glob("*/*")]


@pytest.mark.parametrize(("size", "files"), [(0, 0), (99_999, 0), (100_000, 0), (100_001, 1)])
def test_bytes_in_memory_become_a_file_if_they_are_more_than_100_000(tmp_path, size, files):
    with Store(tmp_path) as store:
        store.put(key(1), "v1", Answer({}, {"media": Blob.of_bytes(b"x" * size)}))
        assert len(files_in(tmp_path)) == files
        assert store.get(key(1).digest).blobs["media"].read() == b"x" * size


def test_a_small_file_stays_a_file(tmp_path):
    (tmp_path / "video").write_bytes(b"x")
    with Store(tmp_path / "store") as store:
        store.put(key(1), "v1", Answer({}, {"media": Blob.of_file(tmp_path / "video")}))
        assert files_in(tmp_path / "store") == [Blob.of_bytes(b"x").digest]
        assert store.get(key(1).digest).blobs["media"].path.read_bytes() == b"x"


def test_a_file_that_was_only_touched_is_given_out(tmp_path):
    with Store(tmp_path) as store:
        store.put(key(1), "v1", Answer({}, {"media": Blob.of_bytes(b"x" * 100_001)}))
        (path,) = (tmp_path / "blobs").glob("*/*")
        os.utime(path, (1, 1))
        assert store.get(key(1).digest).blobs["media"].read() == b"x" * 100_001
        path.chmod(0o644)
        path.write_bytes(b"y" * 100_001)
        with pytest.raises(Damaged):
            store.get(key(1).digest)


def edit(root, statement, *values):
    database = sqlite3.connect(root / "answers.sqlite")
    with database:
        assert database.execute(statement, values).rowcount == 1
    database.close()


def test_every_defect_is_reported_once_where_it_is(tmp_path):
    small, shared, alone = (Blob.of_bytes(text) for text in (b"small", b"shared", b"alone"))
    with Store(tmp_path) as store:
        store.put(key(1), "v1", Answer({}, {"a": small, "b": shared}))
        store.put(key(2), "v2", Answer({}, {"b": shared}))
        store.put(key(3), "v3", Answer({"n": 3}))
        store.put(key(4), "v4", Answer({}))
    with Store(tmp_path / "other") as other:
        other.put(key(5), "v5", Answer({}, {"c": alone}))
    edit(tmp_path, "UPDATE blobs SET data = x'00' WHERE digest = ?", shared.digest)
    edit(tmp_path, "DELETE FROM blobs WHERE digest = ?", small.digest)
    edit(tmp_path, "INSERT INTO blobs VALUES (?, 5, x'00', NULL)", alone.digest)
    edit(tmp_path, "UPDATE answers SET subject = 'v9' WHERE key = ?", key(3).digest)
    missing, changed = "blob is missing or does not match its digest", "answer does not match its digest"
    with Store(tmp_path) as store:
        assert sorted(map(tuple, store.verify())) == sorted(
            [
                (missing, "describe", "v1", small.digest),
                (missing, "describe", "v1", shared.digest),
                (missing, "describe", "v2", shared.digest),
                (changed, "describe", "v9", key(3).digest),
                ("blob that no answer names does not match its digest", "", "", alone.digest),
            ]
        )
        for number in (1, 2, 3):
            with pytest.raises(Damaged):
                store.get(key(number).digest)
        assert store.get(key(4).digest).body == {}


def test_a_blob_of_another_length_is_damaged_though_its_bytes_are_right(tmp_path):
    with Store(tmp_path) as store:
        store.put(key(1), "v1", Answer({}, {"a": Blob.of_bytes(b"small")}))
        edit(tmp_path, "UPDATE blobs SET size = 6")
        assert len(list(store.verify())) == 1


@pytest.mark.parametrize(("name", "is_kept"), [("own", True), ("999999999", False), ("notes", True)])
def test_unfinished_files_of_ended_processes_alone_are_deleted(tmp_path, name, is_kept):
    folder = tmp_path / "incoming" / (str(os.getpid()) if name == "own" else name)
    folder.mkdir(parents=True)
    Store(tmp_path).close()
    assert folder.exists() is is_kept


READS = {
    "put": lambda store: store.put(key(1000), "v", Answer({})),
    "get": lambda store: store.get(key(5).digest),
    "scan": lambda store: list(store.scan(key(5).scope)),
    "known": lambda store: store.known([key(5).digest]),
    "verify": lambda store: list(store.verify()),
    "stats": Store.stats,
    "about": lambda store: store.about("v5"),
}


@pytest.mark.parametrize("read", READS)
def test_a_database_whose_pages_are_damaged_is_an_error_for_users(tmp_path, read):
    with Store(tmp_path) as store:
        for number in range(50):
            store.put(key(number), f"v{number}", Answer({"n": number}))
    file = tmp_path / "answers.sqlite"
    content = file.read_bytes()
    file.write_bytes(content[:4096] + b"\xaa" * (len(content) - 4096))
    with Store(tmp_path) as store, pytest.raises(Damaged, match=r"answers\.sqlite"):
        READS[read](store)


def test_a_commit_is_on_disk_when_it_returns(tmp_path):
    with Store(tmp_path) as store:
        assert store._database.execute("PRAGMA synchronous").fetchone() == (2,)
        assert store._database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
