"""One sandbox and one finished run, which the tests of the whole pipeline start from."""

import fcntl
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from repository import Repository

from sandbox.server import Sandbox

#: Two days of the demo: ten videos, three of them hard ones. The third has three more.
STUDY = ("2022-12-07", "2022-12-08")
LONGER = ("2022-12-07", "2022-12-09")


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def finished(sandbox, tmp_path_factory, worker_id) -> Repository:
    """A run of two days, committed, that all workers share. To be copied, never to be changed."""
    temporary = tmp_path_factory.getbasetemp()
    shared = temporary if worker_id == "master" else temporary.parent
    folder, done = shared / "finished" / "repo", shared / "finished.done"
    with (shared / "finished.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            repository = Repository.from_working_tree(folder, sandbox.base)
            repository.study(*STUDY)
            repository.dvc("repro")
            repository.commit("two days")
            done.touch()
    return Repository(folder, sandbox.base)


@pytest.fixture
def repository(finished, tmp_path) -> Repository:
    return finished.copy(tmp_path / "repo")


Asked = Callable[[], dict[str, Counter[str]]]


@pytest.fixture
def asked(sandbox) -> Asked:
    """What was asked since the last call, by service, each subject with how often."""
    seen = len(sandbox.requests())

    def since() -> dict[str, Counter[str]]:
        nonlocal seen
        new = sandbox.requests()[seen:]
        seen += len(new)
        services: dict[str, Counter[str]] = {
            "queries": Counter(),
            "pages": Counter(),
            "media": Counter(),
            "model": Counter(),
        }
        for entry in new:
            service = "queries" if "video/query" in entry["path"] else entry["service"]
            if service in services and entry["subject"]:
                services[service][entry["subject"]] += 1
        return services

    since()
    return since
