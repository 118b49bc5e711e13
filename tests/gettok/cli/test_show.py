"""One video's record as a person sees it in the terminal, as a script reads it, and as a page."""

import json
import re

import pytest
import written_study
from html_page import Page
from small_study import attacked, study_of

from gettok.cli.app import app, main
from gettok.cli.show import lines
from gettok.errors import BadInput
from gettok.report.video_record import VideoRecord

FIRST, PRIVATE, THIRD = (str(7213456789012345600 + number) for number in (1, 2, 3))
LINK = f"https://www.tiktok.com/@user.3/video/{THIRD}?lang=es"
NEVER = "7000000000000000001"
STYLE = re.compile(r"\x1b\[[01]m")


@pytest.fixture
def show(tmp_path, monkeypatch, capsys):
    """The command on three videos, of which the second is private; returns what it printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    written_study.write(attacked(study_of(3)))

    def call(*arguments: str) -> str:
        app(["show", *arguments], standalone_mode=False)
        return capsys.readouterr().out

    return call


def test_the_terminal_has_each_section_within_its_width(show):
    printed = show(THIRD)
    for title in ("Video", "File", "Caption", "Our transcript", "Frames", "On the screen", "Stance"):
        assert f"\n{title}\n" in STYLE.sub("", printed)
    assert "  author         @user.3\n" in printed
    assert max(map(len, STYLE.sub("", printed).splitlines())) <= 80


def test_what_is_missing_is_printed_with_its_reason(show):
    printed = show(PRIVATE)
    assert "\nFile\n  its author keeps it private (private)\n" in STYLE.sub("", printed)
    assert "\nCounts by day\n  not made yet: run `dvc repro tabulate`\n" in STYLE.sub("", printed)


def test_a_text_cannot_control_the_terminal_and_keeps_its_lines():
    caption = "uno\x1b]0;title\x07\ndos\u202etres \x9b2J"
    record = VideoRecord("1", {"videos": [{"description": caption}]}, dict.fromkeys(("media",), "download"))
    rows = {
        name: [] for name in ("captions", "transcripts", "frames", "descriptions", "annotations", "counts")
    }
    record = VideoRecord("1", {**record.tables, **rows, "prompt_injection": []}, record.not_made)
    printed = STYLE.sub("", "\n".join(lines(record, 80)))
    assert not set(printed) & {"\x07", "\u202e", "\x9b", "\x1b"}
    assert "  text  uno]0;title\n        dostres 2J\n" in printed


def test_a_link_stays_whole_in_a_narrow_terminal(show, monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    assert f"https://www.tiktok.com/@user.3/video/{THIRD}\n" in show(THIRD)


def test_a_link_is_as_good_as_an_id(show):
    assert show(LINK) == show(THIRD)


@pytest.mark.usefixtures("show")
def test_differences_takes_a_link_too(capsys):
    printed = []
    for video in (THIRD, LINK):
        app(["differences", video], standalone_mode=False)
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]
    assert "el presidente Castillo cerró el congreso" in printed[0]


@pytest.mark.usefixtures("show")
@pytest.mark.parametrize(
    ("out", "what"), [(".", "is a folder"), ("nowhere/page.html", "there is no folder nowhere")]
)
def test_differences_writes_its_page_into_a_file_alone(out, what):
    with pytest.raises(BadInput, match=what):
        app(["differences", THIRD, "--out", out], standalone_mode=False)


def test_json_has_the_rows_of_each_table_and_each_reason_in_words(show):
    found = json.loads(show(PRIVATE, "--json"))
    assert found["video_id"] == PRIVATE
    assert found["tables"]["videos"][0]["created_at"] == "2022-12-07T12:00:00+00:00"
    (media,) = found["tables"]["media"]
    assert (media["status"], media["reason"]) == ("unusable", "private")
    assert media["why"] == "its author keeps it private (private)"
    assert "image" not in found["tables"]["frames"][0]
    assert found["not_made"]["counts"] == "dvc repro tabulate"


def test_html_writes_one_page_with_the_frames_embedded(show, tmp_path):
    assert show(THIRD, "--html", "video.html") == f"video.html shows the video {THIRD}\n"
    text = (tmp_path / "video.html").read_text("utf-8")
    found = Page(text)
    assert found.elements.count("img") == 1
    assert "el presidente Castillo cerró el congreso" in " ".join(found.isolated)
    assert {
        value for value in found.values("src") if not value.startswith("data:image/jpeg;base64,")
    } == set()
    with pytest.raises(BadInput, match="is a folder"):
        show(THIRD, "--html", ".")
    with pytest.raises(BadInput, match="there is no folder"):
        show(THIRD, "--html", "nowhere/video.html")


@pytest.mark.parametrize(
    ("text", "what"),
    [(NEVER, "was never seen"), ("7000", "7000 is no id of a video"), ("hello", "is neither an id")],
)
def test_an_error_has_three_parts_and_exit_code_66(show, capsys, text, what):
    with pytest.raises(SystemExit) as stopped:
        main(["show", text])
    assert stopped.value.code == 66
    printed = capsys.readouterr().err
    assert what in printed
    assert "What we did: " in printed
    assert "What you can do: " in printed
