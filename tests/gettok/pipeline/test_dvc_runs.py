"""Who works through DVC is read from its files; no lock of DVC's is waited for or kept."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import zc.lockfile
from waiting import wait_until

from gettok.pipeline.dvc_runs import dvc_runs


@pytest.fixture
def top(tmp_path, monkeypatch):
    """A folder with DVC's folder for temporary files."""
    (tmp_path / ".dvc" / "tmp").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def process():
    """Starts programs that wait, each with a command line of one's own, and ends them."""
    started = []

    def start(*arguments: str) -> int:
        script = "import sys; sys.stdout.write('up'); sys.stdout.flush(); sys.stdin.read()"
        command = [sys.executable, "-c", script, *arguments]
        started.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
        assert started[-1].stdout.read(2) == b"up"
        return started[-1].pid

    yield start
    for one in started:
        one.communicate(timeout=20)


def lock(root: Path, pid: int, *paths: str, command: str = "/usr/bin/dvc repro", mode: str = "write") -> None:
    """DVC's file of locks, as the command would write it."""
    holder = {"pid": pid, "cmd": command}
    held = {str(root / path): [holder] if mode == "read" else holder for path in paths}
    file = root / ".dvc" / "tmp" / "rwlock"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({mode: held}), "utf-8")


def test_without_dvc_s_files_no_run_is_under_way(top):
    assert dvc_runs() == type(dvc_runs())((), (), None)
    assert list((top / ".dvc" / "tmp").iterdir()) == []


def test_a_run_has_its_command_its_process_and_its_stage(top, process):
    pid = process("/usr/bin/dvc", "repro")
    lock(top, pid, "data/descriptions", "data/screen_texts", "data/books/describe.json")
    (run,) = dvc_runs().here
    assert (run.command, run.pid, run.stages) == ("dvc repro", pid, ("describe",))
    assert run.in_words() == f"`dvc repro` (process {pid}), now at describe"


def test_a_command_that_only_reads_is_no_run(top, process):
    lock(top, process("/usr/bin/dvc", "status"), "data/books/describe.json", mode="read")
    assert dvc_runs().here == ()


def test_a_process_that_ended_holds_nothing(top):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait(timeout=20)
    lock(top, ended.pid, "data/books/describe.json")
    assert (dvc_runs().here, dvc_runs().broken_lock) == ((), None)


def test_another_program_with_the_number_of_a_killed_dvc_is_a_lock_to_delete(top, process):
    pid = process("a browser")
    lock(top, pid, "data/books/describe.json")
    found = dvc_runs()
    assert found.here == ()
    assert f"process {pid} is another program now" in found.broken_lock
    assert ".dvc/tmp/rwlock" in found.broken_lock


@pytest.mark.parametrize("content", ["", '{"write": {"a', "[]", '{"write": {"a": 1}}'])
def test_a_file_that_stays_unreadable_is_a_lock_to_delete(top, content):
    (top / ".dvc" / "tmp" / "rwlock").write_text(content, "utf-8")
    assert "cannot be read" in dvc_runs().broken_lock


def test_a_run_in_an_experiment_s_workspace_blocks_nothing_here(top, process):
    workspace = top / ".dvc" / "tmp" / "exps" / "tmp0123"
    lock(
        workspace,
        process("dvc exp exec-run"),
        "data/books/transcribe.json",
        command="/x/dvc/__main__.py exp run",
    )
    (top / ".dvc" / "tmp" / "exps" / "other" / ".dvc" / "tmp").mkdir(parents=True)
    (top / ".dvc" / "tmp" / "exps" / "other" / ".dvc" / "tmp" / "rwlock").write_text("", "utf-8")
    found = dvc_runs()
    assert (found.here, found.broken_lock) == ((), None)
    (run,) = found.experiments
    assert (run.command, run.stages) == ("dvc exp run", ("transcribe",))
    assert "for an experiment in .dvc/tmp/exps/tmp0123, now at transcribe" in run.in_words()


def test_a_command_that_holds_the_repository_s_lock_is_named_and_keeps_it(top):
    script = "import sys, zc.lockfile; held = zc.lockfile.LockFile('.dvc/tmp/lock'); sys.stdin.read()"
    holder = subprocess.Popen([sys.executable, "-c", script, "/usr/bin/dvc", "pull"], stdin=subprocess.PIPE)
    try:
        wait_until(lambda: (top / ".dvc" / "tmp" / "lock").exists() and dvc_runs().here != ())
        (run,) = dvc_runs().here
        assert (run.command, run.stages) == ("dvc pull", ())
    finally:
        holder.communicate(timeout=20)
    assert dvc_runs().here == ()
    zc.lockfile.LockFile(".dvc/tmp/lock").close()
