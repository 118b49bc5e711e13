"""Engines: they spread a step over workers and hand back each outcome as soon as it exists.

An engine does not know the store. Only its caller writes answers, so an engine on many machines needs no shared disk,
and losing a worker costs only what was not handed back yet.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from gettok.engine.local import LocalEngine
from gettok.engine.protocol import ComputeEngine, Engine, EngineOptions, Mapper, Outcome
from gettok.engine.ray import ray_engine

__all__ = ["ENGINES", "Engine", "EngineOptions", "LocalEngine", "Mapper", "Outcome"]

#: Each engine by its name in the settings.
ENGINES: Mapping[str, Callable[[EngineOptions], ComputeEngine]] = MappingProxyType(
    {"local": lambda options: LocalEngine(options.workers), "ray": ray_engine}
)
