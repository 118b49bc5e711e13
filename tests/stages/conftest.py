"""A sandbox without videos; and the stage of collecting in the test's own process, where a wait takes no time."""

import threading
from contextlib import contextmanager

import pytest
from workspace import Workspace

from gettok.engine import LocalEngine
from gettok.pipeline.runner import Stage
from gettok.settings import load, select
from gettok.store import Store
from sandbox.server import Sandbox
from stages.collect import PARAMS

DAYS = ("study.start='2022-12-06'", "study.end='2022-12-10'")


class Waits(threading.Event):
    """A signal that never comes; waiting for it moves the sandbox's clock."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__()
        self._clock = sandbox.clock

    def wait(self, timeout: float | None = None) -> bool:
        self._clock.advance(int(timeout or 0) + 1)
        return self.is_set()


@pytest.fixture(scope="session")
def empty_corpus(tmp_path_factory):
    """The folder of a corpus without videos."""
    corpus = tmp_path_factory.mktemp("corpus")
    (corpus / "videos.json").write_text("[]")
    return corpus


@pytest.fixture(scope="module")
def sandbox(empty_corpus):
    """A sandbox without videos, for tests that make the tables by hand."""
    with Sandbox(corpus=empty_corpus) as running:
        yield running


@pytest.fixture
def collecting(tmp_path, monkeypatch):
    """Runs the stage in this process, so that its waits take no time."""

    @contextmanager
    def start(*overrides, **sandboxed):
        with Sandbox(**sandboxed) as sandbox:
            workspace = Workspace.make(tmp_path, sandbox.base, *DAYS, *overrides)
            monkeypatch.chdir(tmp_path)
            monkeypatch.setenv("GETTOK_SANDBOX", sandbox.base)
            settings = select(load(workspace.folder / "params.yaml"), PARAMS)
            stop = Waits(sandbox)
            with Store(workspace.store) as store:
                yield sandbox, Stage("collect", settings, store, LocalEngine(1), stop)

    return start
