"""The answer store without what is erased."""

import json
import os
import signal
import sqlite3
import time
import zlib
from contextlib import closing
from pathlib import Path

import pytest
from erased_names import (
    COMMENT,
    NAMES,
    OTHER,
    OTHER_COMMENT,
    USER,
    VIDEO,
    comments_page,
    profile_page,
    search_page,
)

from gettok.collect.tombstones import sha256
from gettok.errors import AlreadyRunning
from gettok.purge.removal.stored_answers import compact, purge_answers, purge_logs
from gettok.step import Answer, Blob
from gettok.store import Key, Store

CANARY = "canary words that were heard"


def key(*names: str) -> Key:
    return Key.of("transcribe", 1, {}, {"names": list(names)})


def filled(root: Path) -> None:
    """A store with answers about an erased video, comment and user, and about others."""
    medium = root.parent / "medium.mp4"
    medium.write_bytes(b"canary medium" * 20_000)
    with Store(root) as store:
        store.put(key("a"), VIDEO, Answer({"text": CANARY}, {"medium": Blob.of_file(medium)}))
        store.put(key("a", "variant"), f"{VIDEO}/control", Answer({"text": CANARY}))
        store.put(key("b"), OTHER, Answer({"text": "others"}))
        store.put(key("shared"), VIDEO, Answer({"text": "of a medium that both have"}))
        store.put(key("page"), "2022-12-07_2022-12-08 0:0", Answer(search_page()))
        store.put(key("comments"), f"{VIDEO} 0", Answer(comments_page(VIDEO, OTHER_COMMENT)))
        store.put(key("others"), f"{OTHER} 0", Answer(comments_page(OTHER, COMMENT, OTHER_COMMENT)))
        store.put(key("profile"), USER, Answer(profile_page(USER)))
        store.put(key("batch"), "2022-12-07 2 ids", Answer({"window": "w", "ids": [VIDEO, OTHER]}))
        dropped = store.about(VIDEO)[-1:]
        store.put(key("dropped"), VIDEO, Answer({"text": CANARY}))
        assert dropped


def purged(root: Path) -> None:
    with Store(root) as store:
        purge_answers(store, NAMES, {key("shared").digest: OTHER})
        store.drop_unnamed()
    purge_logs(root, NAMES)
    compact(root)


def bytes_of(root: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file())


def content(root: Path) -> dict[str, tuple[str, str]]:
    with Store(root, to_read=True) as store:
        assert list(store.verify()) == []
        return {answer.key: (answer.subject, text) for answer, text in store.texts()}


def test_answers_about_it_go_and_pages_lose_it_and_every_digest_is_right_again(tmp_path):
    root = tmp_path / "store"
    filled(root)
    before = content(root)
    purged(root)
    after = content(root)
    assert after.keys() == {key(name).digest for name in ("b", "shared", "page", "others")}
    assert after[key("b").digest] == before[key("b").digest]
    assert after[key("shared").digest][0] == OTHER
    text = " ".join(text for _, text in after.values())
    assert not any(name in text for name in (VIDEO, COMMENT, USER, "canary"))
    assert OTHER_COMMENT in text
    assert not list((root / "blobs").glob("??/*"))


def test_no_byte_of_a_deleted_answer_is_left_in_the_database_or_its_log(tmp_path):
    root = tmp_path / "store"
    filled(root)
    packed = zlib.compress(json.dumps({"text": CANARY}, separators=(",", ":")).encode(), 3)
    assert packed in bytes_of(root)
    purged(root)
    assert packed not in bytes_of(root)
    assert VIDEO.encode() not in bytes_of(root)


def test_the_log_of_dropped_answers_has_digests_instead_of_erased_names(tmp_path):
    root = tmp_path / "store"
    filled(root)
    with Store(root) as store:
        store.drop([answer for answer in store.about(VIDEO) if answer.key == key("dropped").digest])
        store.drop(store.about(OTHER)[:1])
    purged(root)
    lines = [json.loads(line) for line in (root / "drops.jsonl").read_text("ascii").splitlines()]
    assert not any(line["blobs"] for line in lines), "the digest of a medium would confirm a guess"
    subjects = {line["subject"] for line in lines}
    assert {OTHER, sha256(VIDEO), f"{sha256(VIDEO)}/control", f"{sha256(VIDEO)} 0", sha256(USER)} <= subjects
    assert not any(VIDEO in subject or USER in subject for subject in subjects)


def test_a_reader_elsewhere_is_named_and_a_later_call_ends_the_work(tmp_path, monkeypatch):
    monkeypatch.setattr("gettok.purge.removal.stored_answers._PATIENCE_MS", 50)
    root = tmp_path / "store"
    filled(root)
    with closing(sqlite3.connect(root / "answers.sqlite", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT COUNT(*) FROM answers").fetchone()
        with pytest.raises(AlreadyRunning, match="another process is reading"):
            purged(root)
        reader.execute("ROLLBACK")
    purged(root)
    assert VIDEO.encode() not in (root / "answers.sqlite").read_bytes()
    assert not (root / "answers.sqlite-wal").exists() or not (root / "answers.sqlite-wal").stat().st_size


def killed_after(root: Path, seconds: float) -> None:
    """Purge in a child that is killed after so long."""
    child = os.fork()
    if not child:
        purged(root)
        os._exit(0)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def test_a_purge_killed_at_any_instant_comes_to_the_same_end(tmp_path):
    whole = tmp_path / "whole" / "store"
    whole.parent.mkdir()
    filled(whole)
    started = time.monotonic()
    purged(whole)
    took, wanted = time.monotonic() - started, content(whole)
    for number in range(12):
        root = tmp_path / str(number) / "store"
        root.parent.mkdir()
        filled(root)
        killed_after(root, took * number / 10)
        with Store(root, to_read=True) as store:
            list(store.texts())  # whatever is there is intact
        purged(root)
        assert content(root) == wanted
        assert VIDEO.encode() not in bytes_of(root)
