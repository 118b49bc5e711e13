"""The corpus with every outcome of a download, and a sandbox that serves it to one test file at a time."""

import download_corpus
import pytest

from gettok.download import DownloadStep
from sandbox.server import Sandbox


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return download_corpus.make(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="module")
def server(corpus):
    with Sandbox(corpus=corpus) as running:
        yield running


@pytest.fixture(scope="module")
def step_of(server, tmp_path_factory):
    """A step with this backend, the same for a whole file of tests: the process of a tool takes seconds to begin."""
    steps = {}

    def step(backend):
        if backend not in steps:
            spool = tmp_path_factory.mktemp(backend)
            chosen = download_corpus.settings(backend=backend)
            steps[backend] = DownloadStep(chosen, "sandbox", server.pages, spool, lambda _: None)
        return steps[backend]

    yield step
    for each in steps.values():
        each.close()


@pytest.fixture
def no_fault_left_over(server):
    server.play([])


@pytest.fixture
def play(server):
    """Have the sandbox follow a script until the test ends."""
    yield lambda *script: server.play(list(script))
    server.play([])
