"""The corpus that the collecting tests share, and researchers who ask for it."""

from contextlib import contextmanager

import pytest
from collecting import Researcher, write_corpus

from sandbox.server import Sandbox


@pytest.fixture(scope="session")
def castillo(tmp_path_factory):
    return write_corpus(tmp_path_factory.mktemp("castillo"))


@pytest.fixture
def at(castillo, tmp_path):
    """A researcher with an empty store, at a sandbox with these settings."""

    @contextmanager
    def start(name="store", **settings):
        own = {key: settings.pop(key) for key in set(settings) & set(Researcher.__dataclass_fields__)}
        with Sandbox(**{"corpus": castillo, **settings}) as sandbox:
            yield Researcher(tmp_path / name, sandbox, **own)

    return start
