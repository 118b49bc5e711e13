import shutil
from pathlib import Path

import pytest
from changed_conf import Conf
from root import ROOT

from gettok.cli.app import main


@pytest.fixture
def conf(tmp_path, monkeypatch) -> Conf:
    """A copy of `conf/`, in the folder in which the test then works."""
    monkeypatch.chdir(tmp_path)
    return Conf(tmp_path)


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """A folder with `conf/`, `inputs/` and `params.yaml`, in which the test then works."""
    for name in ("conf", "inputs"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def new(capsys):
    """Runs the command; gives back its exit code, output and errors."""

    def run(name: str, options: dict[str, str], *more: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["new", name, *(part for option in options.items() for part in option), *more])
        said = capsys.readouterr()
        return ended.value.code, said.out, said.err

    return run
