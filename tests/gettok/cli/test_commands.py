"""Every command is in the list that the help prints, and its help has no line breaks of the source."""

import ast

import pytest
from root import ROOT

from gettok.cli.app import _MODULES, COMMANDS, load, main


def test_every_module_of_a_command_is_in_the_list():
    found = set()
    for file in (ROOT / "src" / "gettok" / "cli").glob("*.py"):
        body = ast.parse(file.read_text("utf-8")).body
        functions = {node.name for node in body if isinstance(node, ast.FunctionDef)}
        apps = {ast.unparse(node.targets[0]) for node in body if isinstance(node, ast.Assign)}
        if file.stem != "app" and ("command" in functions or "app" in apps):
            found.add(file.stem)
    assert found == {_MODULES.get(name, name) for name in COMMANDS}


def test_the_paragraphs_of_a_command_s_help_are_one_line_each():
    first, second = load("follow").help.split("\n\n")
    assert first.startswith("Collect the days that are new")
    assert "under the keys that the stages" in second
    assert "\n" not in first + second


def test_an_error_below_the_top_of_a_repository_says_where_that_is(tmp_path, monkeypatch, capsys):
    (tmp_path / "dvc.yaml").touch()
    (tmp_path / "below").mkdir()
    printed = []
    for folder in (tmp_path, tmp_path / "below"):
        monkeypatch.chdir(folder)
        with pytest.raises(SystemExit):
            main(["show", "hello"])
        printed.append(capsys.readouterr().err.splitlines())
    at_top, below = printed
    assert below == [*at_top, f"  Note: this folder is not the top of a gettok repository; {tmp_path} is"]
