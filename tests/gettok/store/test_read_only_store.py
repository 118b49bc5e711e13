"""Who only reads a store needs no permission to write, creates nothing, and sees every answer."""

import sqlite3
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from no_privileges import not_writable, run_without_privileges

from gettok.errors import NotAllowed
from gettok.llm.call_log import CallLog
from gettok.research_api.ledger import Ledger
from gettok.step import Answer, Blob
from gettok.store import Key, Store

KEY = Key.of("describe", 1, {"model": "a"}, {"video": "1"})
#: Prints what is in the store of the working folder, or the message of our error.
READ = """
from pathlib import Path
from gettok.errors import UserFacingError
from gettok.store import Store
try:
    with Store(Path("store"), to_read=True) as store:
        print(store.stats(), list(store.verify()))
except UserFacingError as error:
    print(error.exit_code, error)
"""


def fill(root):
    with Store(root) as store:
        store.put(KEY, "1", Answer({"text": "x"}, {"frame": Blob.of_bytes(bytes(200_000))}))


def read_elsewhere(folder):
    """What a process prints to which the permissions of files apply."""
    (folder / "read.py").write_text(READ, "utf-8")
    done = run_without_privileges("read", folder=folder, environment={"PYTHONPATH": str(folder)})
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_store_that_may_not_be_written_is_read_and_verified(tmp_path):
    fill(tmp_path / "store")
    with not_writable(tmp_path / "store"):
        before = sorted((tmp_path / "store").rglob("*"))
        assert read_elsewhere(tmp_path).startswith("[('describe', 1, ")
        assert sorted((tmp_path / "store").rglob("*")) == before


def test_answers_that_are_only_in_sqlite_s_log_are_not_missed_in_a_folder_that_may_not_be_written(tmp_path):
    fill(tmp_path / "store")
    killed = (
        "import os; from pathlib import Path; from gettok.step import Answer; from gettok.store import Key, Store\n"
        "store = Store(Path('store'))\n"
        "store.put(Key.of('ocr', 1, {}, {'video': '2'}), '2', Answer({}, {})); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", killed], cwd=tmp_path, check=True)
    log = tmp_path / "store" / "answers.sqlite-wal"
    assert log.stat().st_size > 0
    with not_writable(tmp_path / "store"):
        assert "('ocr', 1, " in read_elsewhere(tmp_path)
    log.with_name("answers.sqlite-shm").unlink()
    with not_writable(tmp_path / "store"):
        refused = read_elsewhere(tmp_path)
    assert refused.startswith(f"73 {tmp_path}/store/answers.sqlite may not be read or written")


def test_reading_a_store_that_does_not_exist_creates_nothing(tmp_path):
    root = tmp_path / "store"
    with Store(root, to_read=True) as store, Ledger(root, to_read=True) as ledger:
        assert (store.stats(), list(store.verify()), store.known([KEY.digest])) == ([], [], set())
        assert ledger.days("a client") == []
    with CallLog(root, None, to_read=True) as calls:
        assert calls.spent_usd() == 0
    assert not root.exists()


def test_a_reader_sees_what_another_process_writes_meanwhile(tmp_path):
    with Store(tmp_path) as writer, Store(tmp_path, to_read=True) as reader:
        writer.put(KEY, "1", Answer({"text": "x"}, {}))
        assert reader.get(KEY.digest).text == '{"text":"x"}'


def test_what_is_opened_to_read_is_never_written(tmp_path):
    fill(tmp_path)
    with (
        Store(tmp_path, to_read=True) as store,
        pytest.raises(NotAllowed, match=r"answers\.sqlite may not be"),
    ):
        store.put(Key.of("ocr", 1, {}, {"video": "2"}), "2", Answer({}, {}))
    with Ledger(tmp_path) as ledger:
        assert ledger.used("a client", datetime(2026, 1, 1, tzinfo=UTC)) == 0
    with sqlite3.connect(tmp_path / "answers.sqlite") as database:
        assert database.execute("SELECT COUNT(*) FROM answers").fetchone() == (1,)
