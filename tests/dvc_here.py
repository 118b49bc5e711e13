"""DVC in the process of a test: importing it takes seconds, so a command of its own for each call takes minutes."""

import pytest
from dvc.cli import main as dvc_main
from repository import Repository


def enter(repository: Repository, patched: pytest.MonkeyPatch) -> None:
    """Change to the repository, with its environment."""
    patched.chdir(repository.folder)
    for name, value in repository.environment.items():
        patched.setenv(name, value)


def dvc(*arguments: str) -> None:
    assert dvc_main([*arguments, "-q"]) == 0, arguments
