"""A stand-in for each archive, and a folder with a release to send."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from depositing import Desk, citable, command
from huggingface_hub.utils import reset_sessions
from root import ROOT

from gettok.deposit import ARCHIVES, connection
from sandbox.archives import stand_in


@pytest.fixture(scope="session")
def public_release(tmp_path_factory) -> Path:
    """To be copied, never to be changed."""
    params = yaml.safe_load((ROOT / "params.yaml").read_text("utf-8"))
    return citable(tmp_path_factory.mktemp("public") / "made", params)


@pytest.fixture
def folder(public_release, tmp_path, monkeypatch) -> Path:
    """Where the command runs: `made` is a public release. It is no repository."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(public_release, tmp_path / "made")
    return tmp_path


@pytest.fixture(params=list(ARCHIVES))
def desk(request, folder, monkeypatch, capsys) -> Iterator[Desk]:
    """The command and a stand-in, for each archive."""
    monkeypatch.setattr(connection, "WAITS_S", (0.0,) * 5)
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "https://huggingface.co")  # put back afterwards
    with stand_in(request.param) as server:
        monkeypatch.setenv(ARCHIVES[request.param].token, server.token)
        yield Desk(request.param, server, command(capsys))
        reset_sessions()
