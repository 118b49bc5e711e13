"""What DVC says about its own lock is what the README and the how-to page say that it says, and their advice helps."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from root import ROOT

_BIN = Path(sys.executable).parent
PAGES = (ROOT / "README.md", ROOT / "docs" / "how-to" / "when-a-run-stops.md")


def run(folder: Path, *command: str) -> tuple[int, str]:
    """The command's exit code and what it said."""
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PATH": f"{_BIN}{os.pathsep}{os.environ['PATH']}", "DVC_NO_ANALYTICS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    return done.returncode, " ".join((done.stdout + done.stderr).split())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A repository of one stage."""
    folder = tmp_path_factory.mktemp("repo")
    run(folder, "git", "init", "-q")
    run(folder, "dvc", "init", "-q")
    (folder / "dvc.yaml").write_text("stages:\n  a:\n    cmd: echo a > out\n    outs: [out]\n")
    return folder


def repro(folder: Path) -> tuple[int, str]:
    return run(folder, "dvc", "repro", "--force")


def lock(folder: Path, content: str) -> Path:
    file = folder / ".dvc" / "tmp" / "rwlock"
    file.parent.mkdir(exist_ok=True)
    file.write_text(content)
    return file


def held_by(folder: Path, process: int) -> str:
    return f'{{"write": {{"{folder}/out": {{"pid": {process}, "cmd": "dvc repro"}}}}, "read": {{}}}}'


@pytest.mark.parametrize("words", ["Unable to read RWLock-file", "it is being blocked by"])
def test_f39_the_message_about_an_empty_or_foreign_lock_leads_to_the_line_that_helps(folder, words):
    file = lock(folder, "" if words.startswith("Unable") else held_by(folder, os.getpid()))
    code, said = repro(folder)
    assert code != 0
    assert words in said
    for page in PAGES:
        lines = " ".join(page.read_text("utf-8").split())
        assert words in lines
        assert "`.dvc/tmp/rwlock`" in lines.partition("Delete that file")[0]
    file.unlink()


def test_f39_without_the_file_the_same_command_runs(folder):
    """What the line says helps."""
    assert repro(folder)[0] == 0


def test_f39_dvc_itself_removes_the_lock_of_a_process_that_has_ended(folder):
    ended = subprocess.Popen(["true"])
    ended.wait()
    lock(folder, held_by(folder, ended.pid))
    code, said = repro(folder)
    assert code == 0, said
