"""Every command is in the list that the help prints."""

import ast

from root import ROOT

from gettok.cli.app import _MODULES, COMMANDS


def test_every_module_of_a_command_is_in_the_list():
    found = set()
    for file in (ROOT / "src" / "gettok" / "cli").glob("*.py"):
        body = ast.parse(file.read_text("utf-8")).body
        functions = {node.name for node in body if isinstance(node, ast.FunctionDef)}
        apps = {ast.unparse(node.targets[0]) for node in body if isinstance(node, ast.Assign)}
        if file.stem != "app" and ("command" in functions or "app" in apps):
            found.add(file.stem)
    assert found == {_MODULES.get(name, name) for name in COMMANDS}
