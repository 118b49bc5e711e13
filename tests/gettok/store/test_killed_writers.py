"""Writers that are killed, or that write at once, leave whole answers."""

import os
import signal
import subprocess
import sys
from multiprocessing import get_context
from pathlib import Path

import pytest
from numbered_answers import BIG, defects, key

from gettok.step import Answer, Blob
from gettok.store import Store

WRITER = """
import sys
from pathlib import Path
from gettok.step import Answer, Blob
from gettok.store import Key, Store
root, name, first, last = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
with Store(root) as store:
    for number in range(first, last):
        big = Blob.of_bytes(str(number).encode() * 120_000)
        answer = Answer({"number": number, "writer": name}, {"big": big})
        store.put(Key.of("describe", 1, {"model": "m"}, {"video": number}), str(number), answer)
        print(number, flush=True)
"""


def writer(root: Path, name: str, first: int, last: int) -> subprocess.Popen:
    command = [sys.executable, "-c", WRITER, str(root), name, str(first), str(last)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_f38_four_writers_at_once_leave_one_whole_answer_for_each_key(tmp_path):
    writers = [writer(tmp_path, str(number), 0, 30) for number in range(4)]
    for process in writers:
        process.communicate()
        assert process.returncode == 0
    assert defects(tmp_path) == []
    with Store(tmp_path) as store:
        assert [store.get(key(n).digest).body["number"] for n in range(30)] == list(range(30))
        assert store.stats()[0][1] == 30


@pytest.mark.parametrize("acknowledged", [0, 1, 3, 8, 13])
def test_f34_a_killed_writer_loses_nothing_that_it_acknowledged(tmp_path, acknowledged):
    process = writer(tmp_path, "killed", 0, 1000)
    printed = [int(process.stdout.readline()) for _ in range(acknowledged + 1)]
    process.kill()
    printed += [int(line) for line in process.communicate()[0].split()]
    assert defects(tmp_path) == []
    with Store(tmp_path) as store:
        for number in printed:
            assert store.get(key(number).digest).blobs["big"].read() == str(number).encode() * 120_000
        assert len(printed) <= store.stats()[0][1] <= len(printed) + 1
        assert list((tmp_path / "incoming").iterdir()) == [], (
            "what the dead writer left unfinished is swept away"
        )


def killed_at(call: int, root: Path) -> None:
    """Store an answer with a blob, and be killed at the system call of this number, just before it."""
    left = call

    def killing(real):
        def counted(*args, **kwargs):
            nonlocal left
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*args, **kwargs)

        return counted

    with Store(root) as store:
        for name in ("fsync", "link", "mkdir", "chmod", "unlink"):
            setattr(os, name, killing(getattr(os, name)))
        store._database.set_trace_callback(killing(lambda _: None))
        store.put(key(1), "v1", Answer({"a": 1}, {"big": Blob.of_bytes(BIG)}))


def test_f42_a_kill_between_a_blob_and_its_answer_shows_neither_and_the_answer_can_be_stored(tmp_path):
    """The commit in the database is the last step, so a blob without an answer is nothing but bytes on the disk."""
    kills = 0
    for call in range(50):
        root = tmp_path / str(call)
        process = get_context("fork").Process(target=killed_at, args=(call, root))
        process.start()
        process.join(60)
        if process.exitcode == 0:
            break
        assert process.exitcode == -signal.SIGKILL
        kills += 1
        assert defects(root) == []
        with Store(root) as store:
            assert store.get(key(1).digest) is None
            store.put(key(1), "v1", Answer({"a": 1}, {"big": Blob.of_bytes(BIG)}))
            assert store.get(key(1).digest).blobs["big"].read() == BIG
    assert kills >= 10, "each system call and each statement of the transaction"
