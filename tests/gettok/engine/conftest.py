"""A Ray cluster of two real nodes on this host, and the engine that uses it."""

import importlib
from collections.abc import Iterator

import pytest
from ray_nodes import NODE_ENVIRONMENT, Nodes, options, ray_nodes

from gettok.engine.protocol import Engine
from gettok.engine.ray import ray_engine


@pytest.fixture(scope="module")
def cluster() -> Iterator[Nodes]:
    """Two nodes with a CPU each, and this process connected to them."""
    with ray_nodes() as started, pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_AUTH_MODE", "disabled")
        patch.setenv("PYTHONPATH", NODE_ENVIRONMENT["PYTHONPATH"])
        started.start_head()
        started.start_node()
        yield started
        importlib.import_module("ray").shutdown()


@pytest.fixture
def engine(cluster) -> Engine:
    return ray_engine(options(address=cluster.address))
