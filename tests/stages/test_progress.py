"""A person sees how a stage goes on: a bar on a terminal, a plain line every half minute elsewhere."""

import io
import sys

import pytest

from gettok.pipeline import progress
from gettok.pipeline.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_off_a_terminal_there_is_a_line_every_half_minute_with_rate_time_left_and_outcomes(clock, capsys):
    with Progress("describe", 40, 7) as shown:
        for number in range(20):
            clock[0] += 4
            shown.add("ok" if number % 4 else "refused")
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "describe: 40 to ask, 7 answered before"
    assert lines[1] == "describe: 8 of 40, 0.25 a second, about 2 min left; ok 6, refused 2"
    assert len(lines) == 3


def test_on_a_terminal_there_is_one_bar_with_outcomes(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with Progress("describe", 3, 0) as shown:
        for outcome in ("ok", "private", "ok"):
            shown.add(outcome)
    text = terminal.getvalue()
    assert "3/3" in text
    assert "ok 2, private 1" in text
    assert "\n" not in text.rstrip("\n")


def test_nothing_to_ask_says_nothing(capsys):
    with Progress("describe", 0, 9):
        pass
    assert capsys.readouterr().err == ""
