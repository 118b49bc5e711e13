"""Reaching a Ray cluster: an existing one, or one that is started on this machine for the run."""

import atexit
import logging
import os
import secrets
import shutil
import signal
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from queue import Empty, Queue
from typing import Any, NamedTuple

from gettok.engine.protocol import EngineOptions
from gettok.engine.ray_worker import code_digest
from gettok.errors import BadCredentials, BadSettings, NotNow
from gettok.step import Json

#: How long a machine may take to answer a question about itself; its first process has to start.
NODE_S = 120.0
_KNOCK_S = 10.0
_HEAD_S = 40.0
#: Ray's store of objects cannot be smaller than this.
_LEAST_STORE_BYTES = 80_000_000
#: What Ray does on its own, and is not wanted: it builds the environment again on each node if `uv run` is among the
#: parents of a run, and sends statistics to its makers.
_ENVIRONMENT = {
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class HeadLost(NotNow):
    """The cluster is gone, so there is nothing to be given back to it."""


class Node(NamedTuple):
    """A machine of the cluster that is alive, and what it has in all, such as `CPU`, `GPU` and `memory`."""

    id: str
    host: str
    has: dict[str, float]

    def room_for(self, options: EngineOptions) -> int:
        """How many workers fit, if nothing else runs there."""
        takes = {"CPU": options.cpus, "GPU": options.gpus, "memory": float(options.memory_bytes or 0)}
        return int(min(self.has.get(name, 0.0) // amount for name, amount in takes.items() if amount))


def refuse_without_extra() -> None:
    """Raise `BadSettings` if Ray is not installed."""
    if find_spec("ray") is None:
        raise BadSettings(
            "engine.name is ray, and the package ray is not installed",
            "stopped before any work",
            "install it with `uv sync --extra ray` (on every machine of a cluster), or choose engine=local",
        )


@cache
def ray_module() -> Any:
    """Ray, imported once its environment is set."""
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    logging.getLogger("ray").setLevel(logging.CRITICAL)
    # prints each lost worker among the lines of the progress bar, whatever `log_to_driver` is
    vars(import_module("ray._private.worker"))["print_to_stdstream"] = _say_nothing
    return import_module("ray")


def connect(options: EngineOptions) -> Any:
    """Ray, connected to the cluster of the settings, whose machines have our code.

    Raises `BadSettings`, `BadCredentials` or `NotNow` if the cluster cannot be used.
    """
    ray, is_new = reach(options)
    if is_new and address_of(options):
        refuse_other_code(ray, options)
    return ray


def reach(options: EngineOptions) -> tuple[Any, bool]:
    """Ray, connected as long as this process lasts, and whether it was not before. Raises as `connect`."""
    refuse_without_extra()
    address = address_of(options)
    if address is None:
        _set_own_token()
    ray = ray_module()
    if ray.is_initialized():
        return ray, False
    with _handlers_kept():
        _join(ray, address) if address else _start(ray, options)
    return ray, True


def address_of(options: EngineOptions) -> str | None:
    """Where the cluster is; None if one is started for the run."""
    return options.address or os.environ.get("RAY_ADDRESS") or None


def nodes(ray: Any) -> list[Node]:
    """The machines of the cluster that are alive. Raises `NotNow` if its head does not answer."""
    answer: Queue[list[dict[str, Any]]] = Queue()
    # without a head, Ray's call never returns, and after a minute Ray ends the process
    threading.Thread(target=lambda: answer.put(ray.nodes()), daemon=True).start()
    try:
        found = answer.get(timeout=_HEAD_S)
    except Empty:
        raise HeadLost(
            "the head of the Ray cluster does not answer any more",
            f"waited {_HEAD_S:.0f} s for it; every answer that came back before is kept",
            "start the cluster again, then run the same command again",
        ) from None
    return [
        Node(node["NodeID"], node["NodeManagerHostname"], node["Resources"])
        for node in found
        if node["Alive"]
    ]


def ask_node(ray: Any, node: Node, function: Any, *args: Any) -> Any:
    """Begin a call of a function on a machine, beside what runs there. Returns Ray's reference to the result."""
    strategy = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(node.id, soft=False)
    task = ray.remote(num_cpus=0, max_retries=0, scheduling_strategy=strategy)(function)
    return task.remote(*args)


def node_facts(ray: Any, found: list[Node]) -> dict[str, dict[str, Json]]:
    """What each of these machines says of itself, by node; a machine without gettok or an answer has an `error`."""
    asked = {ask_node(ray, node, _facts_anywhere()): node.id for node in found}
    ray.wait(list(asked), num_returns=len(asked), timeout=NODE_S)
    facts = {}
    for reference, node in asked.items():
        try:
            facts[node] = ray.get(reference, timeout=0.1)
        except ray.exceptions.RayError as error:
            facts[node] = {"error": f"{type(error).__name__}: {str(error).splitlines()[-1]}"}
    return facts


def refuse_other_code(ray: Any, options: EngineOptions) -> None:
    """Raise `BadSettings` unless every machine that workers may run on has the code that runs here."""
    found = [node for node in nodes(ray) if node.room_for(options)]
    mine, others = code_digest(), node_facts(ray, found)
    wrong = [
        f"{node.host}: {others[node.id].get('error', 'another version of gettok')}"
        for node in found
        if others[node.id].get("code") != mine
    ]
    if wrong:
        raise BadSettings(
            f"not every machine of the Ray cluster has the code that runs here: {'; '.join(wrong)}",
            "stopped before a question was asked",
            "install the same commit on each of them, with `uv sync --extra ray`, and start Ray there again with "
            "`uv run --no-sync ray start`; `gettok doctor engine` lists what each machine has",
        )


def _facts_anywhere() -> Any:
    """A function that Ray sends as code, since gettok may not be installed where it runs."""

    def there() -> dict[str, Any]:
        try:
            from gettok.engine.ray_worker import facts  # noqa: PLC0415 - it may not exist there
        except ImportError as error:
            return {"error": f"gettok is not installed ({error})"}
        return facts()

    return there


def _say_nothing(*_: Any, **__: Any) -> None:
    """In place of a function of Ray's that prints."""


def _start(ray: Any, options: EngineOptions) -> None:
    # not below TMPDIR, as the paths of Ray's sockets must be short
    folder = tempfile.mkdtemp(prefix="gettok-ray-", dir="/tmp")
    atexit.register(_end, ray, folder)
    with _deaf_children():
        ray.init(
            address="local",
            include_dashboard=False,
            log_to_driver=False,
            configure_logging=False,
            object_store_memory=max(_LEAST_STORE_BYTES, 2 * options.bytes_in_flight),
            _node_ip_address="127.0.0.1",
            _temp_dir=folder,
        )


def _end(ray: Any, folder: str) -> None:
    ray.shutdown()
    shutil.rmtree(folder, ignore_errors=True)


def _join(ray: Any, address: str) -> None:
    if address.startswith("ray://"):
        raise BadSettings(
            f"{address} is an address for Ray's client, which cannot notice that a worker was lost",
            "did not connect",
            "run the pipeline on a machine of the cluster, with engine.address: auto, or HOST:6379",
        )
    _knock(address)
    try:
        ray.init(address=address, log_to_driver=False, configure_logging=False)
    except (ray.exceptions.AuthenticationError, ConnectionError) as error:
        raise BadCredentials(
            f"what listens at {address} does not let us in as a Ray cluster does: {str(error).splitlines()[0]}",
            "asked nothing; every earlier answer is kept",
            "set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN (or RAY_AUTH_TOKEN_PATH) to the cluster's token, or unset them "
            "if it has none; and look whether this is the port of Ray's head, which is 6379 by default",
        ) from None
    except RuntimeError as error:
        raise BadSettings(
            f"the Ray cluster at {address} cannot be used: {error}",
            "did not connect",
            "install the same versions of Python and Ray on all machines: `uv sync --extra ray` with the same uv.lock",
        ) from None


def _set_own_token() -> None:
    """Let none but this run into its cluster. Otherwise Ray writes a token into the home folder and keeps it."""
    if "RAY_AUTH_MODE" not in os.environ:
        os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}


def _knock(address: str) -> None:
    """Raise `NotNow` if nothing listens there: Ray tries for minutes."""
    host, _, port = address.rpartition(":")
    if not host:  # `auto`
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_KNOCK_S).close()
    except (OSError, ValueError) as error:
        raise NotNow(
            f"no Ray cluster answers at {address}: {error}",
            "asked nothing; every earlier answer is kept",
            "start it with `ray start --head`, or set engine.address to null for one that lasts as long as the run",
        ) from None


@contextmanager
def _handlers_kept() -> Iterator[None]:
    """Ray sets a handler of its own for SIGTERM, which ends the process at once."""
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            for number, handler in before.items():
                signal.signal(number, handler)


@contextmanager
def _deaf_children() -> Iterator[None]:
    """Processes that start in the block never get a signal that reaches the whole group: the driver decides."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
