"""Real Ray nodes on this host, each with one CPU, on loopback, in a session of their own."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
from waiting import wait_until

_RAY = Path(sys.executable).with_name("ray")
_HERE = Path(__file__).parent
_STORE_BYTES = 100_000_000
#: A head that was killed is missed at once.
NODE_ENVIRONMENT = {
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AUTH_MODE": "disabled",
    "RAY_raylet_start_wait_time_s": "120",  # a busy machine is slow
    "RAY_health_check_initial_delay_ms": "0",
    "RAY_health_check_period_ms": "500",
    "RAY_health_check_failure_threshold": "4",
    "PYTHONPATH": os.pathsep.join((str(_HERE), str(_HERE.parent))),
    "PYTHONWARNINGS": "ignore",
}


def options(**changed: Any) -> Any:
    """The settings of the engine, as they are by default, for one worker with a CPU."""
    usual = {"workers": None, "address": None, "cpus": 1.0, "gpus": 0.0, "memory_bytes": None}
    return SimpleNamespace(**{**usual, "media": "bytes", "bytes_in_flight": 50_000_000, **changed})


class Nodes:
    """A cluster whose nodes are started and killed one by one."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.running = folder, []
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{free.getsockname()[1]}"

    def start_head(self, **environment: str) -> subprocess.Popen:
        port = self.address.partition(":")[2]
        return self._start(
            ["--head", f"--port={port}", f"--temp-dir={self.folder}", "--include-dashboard=false"],
            environment,
        )

    def start_node(self, **environment: str) -> subprocess.Popen:
        return self._start([f"--address={self.address}"], environment)

    def kill(self, node: subprocess.Popen) -> None:
        """End a node and all its processes at once, as a machine that loses its power."""
        for process in [*psutil.Process(node.pid).children(recursive=True), psutil.Process(node.pid)]:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        node.wait()

    def close(self) -> None:
        for node in self.running:
            if node.poll() is None:
                self.kill(node)

    def _start(self, where: list[str], environment: dict[str, str]) -> subprocess.Popen:
        what = ["--node-ip-address=127.0.0.1", "--num-cpus=1", "--num-gpus=0"]
        command = [_RAY, "start", *where, *what, f"--object-store-memory={_STORE_BYTES}", "--block"]
        log = self.folder / f"node{len(self.running)}.log"
        with log.open("w") as out:
            node = subprocess.Popen(
                command,
                env=os.environ | NODE_ENVIRONMENT | environment,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.running.append(node)
        wait_until(lambda: "Ray runtime started" in log.read_text() or node.poll() is not None)
        assert node.poll() is None, log.read_text()
        return node


@contextmanager
def ray_nodes() -> Iterator[Nodes]:
    """No node yet; all that are started in the block are killed at its end."""
    folder = Path(tempfile.mkdtemp(prefix="ray-", dir="/tmp"))  # the paths of its sockets must be short
    nodes = Nodes(folder)
    try:
        yield nodes
    finally:
        nodes.close()
        shutil.rmtree(folder, ignore_errors=True)
