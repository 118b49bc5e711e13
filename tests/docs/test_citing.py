"""What docs/how-to/cite.md shows can be copied: the settings are accepted, and the code loads a release."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from cited_release import settings, study, written
from root import ROOT

from gettok.settings import check

PAGE = (ROOT / "docs" / "how-to" / "cite.md").read_text("utf-8")


def block(language):
    [found] = re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return found


def test_the_citation_on_the_page_is_accepted(params):
    shown = yaml.safe_load(block("yaml"))
    assert shown.pop("defaults") == ["_base", "_self_"]
    params["citation"] |= shown
    citation = check(params, "params.yaml").citation
    assert citation.missing == []
    assert citation.authors[1].name == "Data Lab Lima"


def test_the_code_on_the_page_loads_a_release(params, tmp_path):
    folder = written(tmp_path / "data" / "release", study(), settings(params))
    done = subprocess.run(
        [sys.executable, "-c", block("python")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    assert folder.is_dir()
    assert done.stdout.splitlines()[0] == "b'stance' b'support'"


@pytest.mark.parametrize(
    "command", ["mlcroissant validate --jsonld croissant.json", "frictionless validate datapackage.json"]
)
def test_the_commands_on_the_page_find_a_release_valid(params, tmp_path, command):
    assert command in block("bash")
    folder = written(tmp_path / "r", study(), settings(params))
    program, *arguments = command.split()
    done = subprocess.run(
        [Path(sys.executable).with_name(program), *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    assert "error" not in (done.stdout + done.stderr).lower()
