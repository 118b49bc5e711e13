"""Commands and stages where files may not be written or read: what only reads works, the rest names the file."""

import pytest
from no_privileges import not_writable, run_without_privileges
from root import ROOT
from workspace import Workspace

from gettok.step import Answer
from gettok.store import Key, Store


@pytest.fixture
def workspace(tmp_path):
    """A workspace whose store has one answer."""
    made = Workspace.make(tmp_path, "http://127.0.0.1:9")
    with Store(made.store) as store:
        store.put(Key.of("describe", 1, {}, {"video": "1"}), "1", Answer({"text": "x"}, {}))
    return made


def run(workspace, module, *arguments):
    environment = {**workspace.surroundings, "PYTHONPATH": str(ROOT)}
    done = run_without_privileges(module, *arguments, folder=workspace.folder, environment=environment)
    assert "Traceback" not in done.stderr, done.stderr
    return done


@pytest.mark.parametrize(
    ("arguments", "printed"),
    [
        (("store", "verify"), "1 answer, all intact"),
        (("store", "stats"), "describe                 1 answers       0.0 MB"),
        (("quota",), "1000 of 1000 are left"),
        (("plan",), "windows: 4, of which 0 need no requests now"),
    ],
)
def test_commands_that_only_read_need_no_permission_to_write(workspace, arguments, printed):
    with not_writable(workspace.folder):
        done = run(workspace, "gettok.cli.app", *arguments)
    assert done.returncode == 0, done.stderr
    assert printed in done.stdout


@pytest.mark.parametrize("arguments", [("store", "drop", "--video", "1"), ("compose",)])
def test_a_command_that_writes_names_what_it_may_not_write(workspace, arguments):
    with not_writable(workspace.folder):
        done = run(workspace, "gettok.cli.app", *arguments)
    assert done.returncode == 73
    assert f"gettok: {workspace.folder}" in done.stderr
    assert " may not be read or written" in done.stderr
    assert "What you can do: look at `ls -ld " in done.stderr


def test_settings_that_may_not_be_read_are_named(workspace):
    (workspace.folder / "params.yaml").chmod(0)
    done = run(workspace, "gettok.cli.app", "quota")
    assert done.returncode == 73
    assert f"gettok: {workspace.folder}/params.yaml may not be read or written" in done.stderr


def test_a_stage_names_what_it_may_not_write(workspace):
    workspace.data.mkdir()
    with not_writable(workspace.data):
        done = run(workspace, "stages.code")
    assert done.returncode == 73
    assert f"{workspace.data} may not be read or written" in done.stderr
