"""At a terminal `gettok new` asks for what is missing."""

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from march_study import GIVEN, files

from gettok.settings import load


@contextmanager
def at_a_terminal(*answers: str, options: tuple[str, ...] = ()) -> Iterator[subprocess.Popen[bytes]]:
    """The command at a terminal, with what a person types there."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "gettok.cli.app", "new", "march", *options]
    process = subprocess.Popen(command, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    os.close(theirs)
    os.write(ours, "".join(f"{answer}\n" for answer in answers).encode())
    yield process
    os.close(ours)


def answered(*answers: str, options: tuple[str, ...] = ()) -> tuple[int, str]:
    """The exit code, and what the command says."""
    with at_a_terminal(*answers, options=options) as process:
        said = process.communicate(timeout=100)[0].decode()
    return process.returncode, said


def test_at_a_terminal_it_asks_for_what_is_missing_and_again_for_what_is_wrong(project):
    code, said = answered(
        "", "", "", "golpe", "xx", "pe", "20 Nov", "2022-11-20", "2022-11-19", "2022-12-20", "", "Castillo", "one", "",
        options=("--source", "sandbox"),
    )  # fmt: skip
    assert code == 0, said
    for part in ("'XX' is not a region", "'20 Nov' is not a day", "2022-11-19 is before the first day"):
        assert part in said
    assert "needs two labels or more" in said
    assert "Source of the videos" not in said
    study = load(project / "params.yaml").study
    assert study.query.any.given() == {"hashtags": ("golpe",)}
    assert (study.title, str(study.end)) == ("March", "2022-12-20")
    assert (study.stance.target, len(study.stance.labels)) == ("Castillo", 3)


def test_at_a_terminal_with_all_that_is_needed_it_asks_nothing(project):
    code, said = answered(options=tuple(part for option in GIVEN.items() for part in option))
    assert code == 0, said
    assert "Title of the study" not in said


NOT_WRITTEN = "\ngettok: stopped as asked; no study was written, and all is as it was\n"


def test_ctrl_c_at_a_question_writes_nothing_and_says_so(project):
    before, said = files(project), b""
    with at_a_terminal("A march") as process:
        while b"Keywords" not in said and (part := os.read(process.stdout.fileno(), 100)):
            said += part
        process.send_signal(signal.SIGINT)
        said += process.communicate(timeout=100)[0]
    assert (process.returncode, said.decode().endswith(NOT_WRITTEN)) == (130, True)
    assert files(project) == before


def test_the_end_of_the_input_at_a_question_is_the_same(project):
    before = files(project)
    code, said = answered("A march", "\x04")
    assert (code, said.endswith(NOT_WRITTEN)) == (130, True)
    assert files(project) == before
