"""Looks at each machine of a Ray cluster: code, models, disk, GPUs, and how long a question takes to get there."""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from gettok.engine.protocol import EngineOptions
from gettok.engine.ray_cluster import Node, address_of, ask_node, node_facts, nodes, reach
from gettok.engine.ray_worker import facts, meaning, plain
from gettok.errors import BadSettings, counted
from gettok.step import Json, Step
from gettok.store.disk_space import in_words

#: About as much as a short video.
_BYTES = 1_000_000
#: To load a model's files and compute their digest.
_MODEL_S = 600.0


def examine(options: EngineOptions, steps: Mapping[str, Step[Any]]) -> Iterator[str]:
    """A line about the cluster, one for each machine, and one for each thing there that differs from here.

    `steps` are those whose models are compared, by name. Raises `BadSettings`, after the last line, if anything
    differs, and as `connect` if the cluster cannot be used.
    """
    ray, _ = reach(options)
    found = nodes(ray)
    room = sum(node.room_for(options) for node in found)
    where = address_of(options) or "this machine, started for the run"
    yield f"Ray {ray.__version__} at {where}: {counted(len(found), 'node')}, room for {counted(room, 'worker')}"
    here, there = facts(), node_facts(ray, found)
    wrong = 0
    for node in found:
        fact = there[node.id]
        if "error" in fact:
            troubles = [str(fact["error"])]
        else:
            yield f"  {_line(node, fact)}; {_round_trip(ray, node)}"
            troubles = [*_differences(here, fact), *_other_models(ray, node, steps)]
        wrong += len(troubles)
        yield from (f"  no   {node.host}: {trouble}" for trouble in troubles)
    _refuse(room, wrong)


def _refuse(room: int, wrong: int) -> None:
    if wrong:
        raise BadSettings(
            "not every machine of the Ray cluster has what runs here",
            "asked each of them, and no more",
            "install what the lines above name, with the same commit and models, and start Ray there again",
        )
    if not room:
        raise BadSettings(
            "no machine of the Ray cluster has room for a worker",
            "asked each of them, and no more",
            "lower engine.cpus, engine.gpus or engine.memory_bytes",
        )


def _line(node: Node, fact: Mapping[str, Json]) -> str:
    has = f"{node.has.get('CPU', 0):g} CPU, {node.has.get('GPU', 0):g} GPU, {in_words(int(node.has.get('memory', 0)))}"
    return (
        f"yes  {node.host}: {has} of memory, {in_words(fact['free_bytes'])} free on its disk; Python {fact['python']}, "
        f"gettok {fact['gettok']} ({fact['code']})"
    )


def _differences(here: Mapping[str, Json], there: Mapping[str, Json]) -> Iterator[str]:
    for name in ("python", "gettok", "code"):
        if here[name] != there[name]:
            yield f"{name} is {there[name]} there, and {here[name]} here"


def _other_models(ray: Any, node: Node, steps: Mapping[str, Step[Any]]) -> Iterator[str]:
    for name, step in steps.items():
        asked = ask_node(ray, node, meaning, ray.cloudpickle.dumps(step))
        there, here = ray.get(asked, timeout=_MODEL_S), plain(step.settings)
        if isinstance(there, str):
            yield f"{name}: {there}"
        elif there != here:
            names = [key for key in sorted({*there, *here}) if there.get(key) != here.get(key)]
            yield f"{name}: {', '.join(names)} differ from here"


def _round_trip(ray: Any, node: Node) -> str:
    """How long some bytes take to get there, and their number back, once a process is there."""
    for _ in range(2):
        began = time.monotonic()
        ray.get(ask_node(ray, node, _count_anywhere(), bytes(_BYTES)), timeout=_MODEL_S)
        took = time.monotonic() - began
    return f"{in_words(_BYTES)} there and back in {1000 * took:.0f} ms"


def _count_anywhere() -> Callable[[bytes], int]:
    """A function that Ray sends as code."""

    def there(data: bytes) -> int:
        return len(data)

    return there
