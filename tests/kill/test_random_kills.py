"""However often the costly stages are killed, nothing acknowledged is lost and nothing is paid for twice.

`GETTOK_KILLS` sets how many SIGKILLs there are (`make test-kill KILLS=2000`), `GETTOK_KILL_SEED` which ones.
"""

import importlib.util
import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import count
from pathlib import Path

import psutil
import pytest
from killed_study import STUDY, Killed, below, undisturbed
from ray_nodes import NODE_ENVIRONMENT, Nodes, ray_nodes
from workspace import Workspace

from sandbox.server import Sandbox

KILLS = int(os.environ.get("GETTOK_KILLS", "20"))
SEED = os.environ.get("GETTOK_KILL_SEED", "1")
#: A stage's share of the kills stays about even if each study gets so many.
KILLS_OF_A_STUDY = 15
BATCHES = "llm.batch={requests: 50, bytes: 10000000, poll_s: 0.05}"
needs_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="needs the extra: `make setup-ray`"
)
Workers = Callable[[int], list[psutil.Process]]


@contextmanager
def study(folder: Path, *overrides: str, **environment: str) -> Iterator[tuple[Workspace, Sandbox]]:
    """A workspace without any output or answer, and a sandbox that is asked by it alone."""
    folder.mkdir()
    with Sandbox() as sandbox:
        workspace = Workspace.make(folder, sandbox.base, *STUDY, *overrides)
        workspace.environment.update(environment)
        yield workspace, sandbox


@pytest.fixture(scope="module")
def references(tmp_path_factory) -> Iterator[Callable[..., Killed]]:
    """Runs without a kill, made when they are first compared with."""
    made: dict[tuple[str, ...], Killed] = {}
    with ExitStack() as stack:

        def reference(*overrides: str) -> Killed:
            if overrides not in made:
                folder = tmp_path_factory.mktemp("reference") / "study"
                made[overrides] = undisturbed(*stack.enter_context(study(folder, *overrides)))
            return made[overrides]

        yield reference


def kill_at_random(
    folder: Path, kills: int, reference: Killed, *overrides: str, workers: Workers = below, **environment: str
) -> Iterator[Killed]:
    """Studies whose stages are killed, until there were so many kills; each is given back when it is done."""
    left = kills
    for number in count():
        if left <= 0:
            return
        seed = f"{SEED}/{folder.name}/{number}"
        with study(folder / str(number), *overrides, **environment) as (workspace, sandbox):
            killed = Killed(workspace, sandbox, reference.seconds, random.Random(seed), workers)
            killed.run(min(left, KILLS_OF_A_STUDY))
            left -= killed.kills.total()
            assert killed.outputs == reference.outputs, f"seed {seed}"
            assert killed.charged == reference.charged, f"seed {seed}"
            yield killed


def told(kills: Counter[tuple[str, str]]) -> str:
    return ", ".join(f"{stage} {what} {times}" for (stage, what), times in sorted(kills.items()))


@pytest.mark.slow
@pytest.mark.parametrize(("overrides", "share"), [((), 0.4), ((BATCHES,), 0.3)], ids=["calls", "batches"])
def test_f34_stages_killed_at_random_end_with_the_bytes_and_the_bill_of_an_undisturbed_run(
    overrides, share, references, tmp_path
):
    made: Counter[tuple[str, str]] = Counter()
    for killed in kill_at_random(tmp_path, round(KILLS * share), references(*overrides), *overrides):
        made += killed.kills
        if overrides:
            assert set(killed.paid.values()) == {1}, (
                "a host keeps a batch, so even what was in flight is paid for once"
            )
    print(f"{made.total()} kills, seed {SEED}: {told(made)}")
    assert made.total() == round(KILLS * share)


def on_nodes(cluster: Nodes, _: int) -> list[psutil.Process]:
    """The processes in which the cluster's nodes run our step; Ray names a process by what it does."""
    return [
        process
        for node in cluster.running
        for process in below(node.pid)
        if process.name().startswith("ray::RayWorker")
    ]


@pytest.mark.slow
@needs_ray
def test_f34_on_ray_too(references, tmp_path):
    kills = KILLS - round(KILLS * 0.4) - round(KILLS * 0.3)
    made: Counter[tuple[str, str]] = Counter()
    with ray_nodes() as cluster:
        cluster.start_head()
        cluster.start_node()
        engine = ("engine=ray", f"engine.address={cluster.address}")
        for killed in kill_at_random(
            tmp_path, kills, references(), *engine, workers=partial(on_nodes, cluster), **NODE_ENVIRONMENT
        ):
            made += killed.kills
    print(f"{made.total()} kills, seed {SEED}: {told(made)}")
    assert made.total() == kills
