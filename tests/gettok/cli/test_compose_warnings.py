"""`gettok compose` tells what is wrong or odd with a study before a run is paid for."""

import re
import shutil

import pytest
import yaml
from root import ROOT

from gettok.cli.app import main


@pytest.fixture(autouse=True)
def _project(tmp_path, monkeypatch):
    shutil.copytree(ROOT / "conf", tmp_path / "conf", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.chdir(tmp_path)


def composed(capsys, *overrides: str) -> tuple[int, list[str]]:
    """The exit code, and the lines on stderr."""
    with pytest.raises(SystemExit) as ended:
        main(["compose", *overrides])
    return ended.value.code, capsys.readouterr().err.splitlines()


def test_the_demo_composes_without_a_warning(capsys):
    assert composed(capsys) == (0, [])


def test_an_end_in_the_future_and_an_event_outside_are_a_line_each_and_the_file_is_written(tmp_path, capsys):
    event = "{day: '2022-01-01', label: early}"
    code, lines = composed(capsys, "study.end='2999-01-01'", f"study.events=[{event}]")
    assert code == 0
    assert [line.split(": ")[:3] for line in lines] == [
        ["gettok", "warning", "study.end"], ["gettok", "warning", "study.events"],
    ]  # fmt: skip
    assert "2999-01-01 is in the future" in lines[0]
    assert "2022-01-01 (early) is outside the study's days" in lines[1]
    assert yaml.safe_load((tmp_path / "params.yaml").read_text("utf-8"))["study"]["end"] == "2999-01-01"


def test_the_paper_s_prompt_with_other_labels_is_refused_before_anything_is_written(tmp_path, capsys):
    code, lines = composed(capsys, "prompts/codebook=paper", "study.stance.labels=[pro,contra]")
    assert code == 78
    assert "the prompt 'paper' does not name the labels ['pro', 'contra'] of the group 'stance'" in lines[0]
    assert not (tmp_path / "params.yaml").exists()


def test_the_paper_s_prompt_with_two_of_its_labels_is_one_line(capsys):
    code, lines = composed(capsys, "prompts/codebook=paper", "study.stance.labels=[support,neutral]")
    assert (code, len(lines)) == (0, 1)
    assert "also asks for 'no support'" in lines[0]


@pytest.mark.parametrize(
    ("copied", "line", "name"),
    [
        ("prompts/codebook/evidence", 'name: "irony"', None),
        ("prompts/codebook/evidence", 'name: "evidence"', "its name is 'evidence'"),
        ("prompts/describe/by_frame", 'name: "by_frame"', "its name is 'by_frame'"),
        ("prompts/describe/paper", "", "it has no name of its own"),
        ("study/demo", 'name: "demo"', "its name is 'demo'"),
        ("study/peru_2022", '  name: "peru_2022"', "its name is 'peru_2022'"),
    ],
)
def test_a_copied_file_with_the_name_of_another_is_a_line_with_its_place(
    tmp_path, capsys, copied, line, name
):
    file = tmp_path / "conf" / f"{copied}.yaml"
    text = re.sub("(?m)^ *name: .*$", line, file.read_text("utf-8"))
    file.with_stem("irony").write_text(text, "utf-8")
    code, lines = composed(capsys)
    place = f"conf/{copied.rpartition('/')[0]}/irony.yaml, line {text[: text.find(line)].count(chr(10)) + 1}"
    say = "results do not show that they are of 'irony': write `name: \"irony\"`"
    assert (code, lines) == (0, [f"gettok: warning: {place}: {name}, so {say}"] if name else [])


def test_a_file_that_is_not_chosen_and_cannot_be_read_is_no_matter(tmp_path, capsys):
    (tmp_path / "conf" / "study" / "later.yaml").write_text("name: [", "utf-8")
    assert composed(capsys) == (0, [])
