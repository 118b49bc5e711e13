"""Runs steps that are bound by the CPU on a Ray cluster of one node and of two, each node with a core of its own.

    python bench/engine.py [--rounds 3] [--films 2] [--clips 12] [--repeat 4] [--model demo] [--cores 0,1]

A node is a real `ray start` on loopback, bound with all its processes to one core, with room for one worker. `frames`
takes frames out of one-minute films; `transcribe` runs on clips of 10 to 60 s, with the settings of a study, by Whisper
base with `--model real` (`make setup-models`). Videos are sent as bytes, as to other machines. `local` is one worker
without Ray, bound to the first core.

In each round the candidates run one after the other, in another order than in the round before, so that a busy machine
slows all alike; a ratio is the median over the rounds. `speedup` counts everything from the start of the workers,
`speedup_of_middle` only the middle half of the outcomes, without start and end, as in a long run. Whatever else runs
on the nodes' cores, the driver too, lowers what two nodes can gain. The bench fails if a candidate gives other
outcomes.

`speedup_by_cpu` is what two free cores would gain by: the CPU time of the one node, relative to that of the busier one
of two. It is of use where other programs take the cores away, and leaves out any time in which a node waits for work.
The last line is JSON.
"""

import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import psutil

ROOT = Path(__file__).parents[1]
STEPS = ("frames", "transcribe")
CANDIDATES = ("local", "one node", "two nodes")
MODELS = ("demo", "real")
_STORE_BYTES = 200_000_000
_LOOK_S = 0.2
_ENVIRONMENT = {
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AUTH_MODE": "disabled",
    "RAY_raylet_start_wait_time_s": "300",  # a busy machine is slow
    "PYTHONWARNINGS": "ignore",
    "PYANNOTE_METRICS_ENABLED": "0",
    "OMP_WAIT_POLICY": "PASSIVE",
    "PYTHONPATH": str(ROOT),
}
_PREPARE = """
import json, sys
from pathlib import Path
from types import SimpleNamespace
from bench.candidates.frames.film import Form, film
from bench.candidates.transcribe.clips import write
from bench.candidates.transcribe.prepare import settings
from gettok.settings import load
folder, films, clips, seconds, model = Path(sys.argv[1]), *map(int, sys.argv[2:5]), sys.argv[5]
for name in ("frames", "transcribe"):
    (folder / name).mkdir()
for number in range(films):
    film(folder / "frames" / f"{number}.mp4", "libx264", Form(seconds, 2 + 5 * (number % 2), (720, 1280)))
list(write(folder / "transcribe", clips, 1))
asr = settings(SimpleNamespace(model=model, asr=None, device="cpu", own_formats=True))
frames = load(Path("params.yaml")).frames.model_dump() | {"stride": 30}
(folder / "settings.json").write_text(json.dumps({"frames": frames, "asr": asr}))
"""

Figures = Mapping[str, Any]


class Node:
    """A node of a cluster, with the CPU time that its processes take."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        #: The most that was seen of each process: one that ends takes its account along.
        self._seen: dict[tuple[int, float], float] = {}

    def look(self) -> None:
        for process in self._processes():
            with suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                self._seen[process.pid, process.create_time()] = times.user + times.system

    def cpu_s(self) -> float:
        """Of all processes so far."""
        return sum(self._seen.values())

    def kill(self) -> None:
        for process in self._processes():
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self._process.wait()

    def _processes(self) -> list[psutil.Process]:
        with suppress(psutil.NoSuchProcess):
            node = psutil.Process(self._process.pid)
            return [*node.children(recursive=True), node]
        return []


class Cluster(NamedTuple):
    address: str
    nodes: Sequence[Node]


@contextmanager
def cluster(cores: Sequence[int]) -> Iterator[Cluster]:
    """A cluster with a node on each of these cores."""
    folder = Path(tempfile.mkdtemp(prefix="ray-", dir="/tmp"))  # the paths of its sockets must be short
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    port = address.partition(":")[2]
    head = ["--head", f"--port={port}", f"--temp-dir={folder}", "--include-dashboard=false"]
    nodes: list[Node] = []
    try:
        for core in cores:
            process = _start([f"--address={address}"] if nodes else head, core)
            nodes.append(Node(process))
            _wait_for(process)
        yield Cluster(address, nodes)
    finally:
        for node in nodes:
            node.kill()
        shutil.rmtree(folder, ignore_errors=True)


def _start(where: Sequence[str], core: int) -> "subprocess.Popen[str]":
    ray = Path(sys.executable).with_name("ray")
    what = ["--node-ip-address=127.0.0.1", "--num-cpus=1", "--num-gpus=0", "--block"]
    return subprocess.Popen(
        ["taskset", "-c", str(core), ray, "start", *where, *what, f"--object-store-memory={_STORE_BYTES}"],
        env=os.environ | _ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _wait_for(process: "subprocess.Popen[str]") -> None:
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if "Ray runtime started" in line:
            return
    sys.exit(f"a node did not start:\n{''.join(said)}")


def run_candidate(step: str, folder: Path, candidate: Cluster, repeat: int, core: int) -> Figures:
    bound = ["taskset", "-c", str(core)] if candidate.address == "local" else []
    before = _cpu_s(candidate.nodes)
    with subprocess.Popen(
        [
            *bound,
            sys.executable,
            "-m",
            "bench.candidates.engine",
            step,
            folder,
            candidate.address,
            str(repeat),
        ],
        cwd=ROOT,
        env=os.environ | _ENVIRONMENT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        while process.poll() is None:
            _cpu_s(candidate.nodes)
            time.sleep(_LOOK_S)
        output, _ = process.communicate()
    if process.returncode:
        sys.exit(f"{step} ended with {process.returncode}")
    after = _cpu_s(candidate.nodes)
    used = [end - start for start, end in zip(before, after, strict=True)]
    figures: Figures = json.loads(output.splitlines()[-1]) | {"cpu_s": max(used, default=0.0)}
    return figures


def _cpu_s(nodes: Sequence[Node]) -> list[float]:
    for node in nodes:
        node.look()
    return [node.cpu_s() for node in nodes]


def measure(
    step: str, run: Callable[[Cluster], Figures], clusters: Mapping[str, Cluster], rounds: int
) -> list[dict[str, Figures]]:
    """The figures of each round, by candidate."""
    results = []
    for number in range(rounds):
        figures = {name: run(clusters[name]) for name in CANDIDATES[:: -1 if number % 2 else 1]}
        if len({candidate["digest"] for candidate in figures.values()}) > 1:
            sys.exit(f"{step}: the outcomes differ between {', '.join(CANDIDATES)}")
        times = (f"{figures[name]['seconds']:10.1f}{figures[name]['middle_s']:8.1f}" for name in CANDIDATES)
        print(f"{step:12}{number + 1:3}{''.join(times)}", flush=True)
        results.append(figures)
    return results


def summary(step: str, results: Sequence[Mapping[str, Figures]]) -> dict[str, float]:
    def ratio(key: str, slower: str, faster: str) -> float:
        ratios = [float(run[slower][key] / run[faster][key]) for run in results]
        return round(statistics.median(ratios), 2)

    return {
        f"{step}_speedup": ratio("seconds", "one node", "two nodes"),
        f"{step}_speedup_of_middle": ratio("middle_s", "one node", "two nodes"),
        f"{step}_speedup_by_cpu": ratio("cpu_s", "one node", "two nodes"),
        f"{step}_one_node_ratio_to_local": ratio("middle_s", "one node", "local"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--films", type=int, default=2)
    parser.add_argument("--clips", type=int, default=12)
    parser.add_argument("--seconds", type=int, default=60, help="how long a film is")
    parser.add_argument("--repeat", type=int, default=4, help="how many times each file is asked about")
    parser.add_argument("--model", choices=MODELS, default="demo")
    parser.add_argument("--steps", default=",".join(STEPS))
    parser.add_argument("--cores", default="0,1", help="that of the first node, and of the second")
    given = parser.parse_args()
    cores = [int(core) for core in given.cores.split(",")]
    figures: dict[str, Any] = {"model": given.model, "rounds": given.rounds}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        sizes = map(str, (given.films, given.clips, given.seconds))
        subprocess.run([sys.executable, "-c", _PREPARE, folder, *sizes, given.model], cwd=ROOT, check=True)
        clusters = {
            "local": Cluster("local", ()),
            "one node": stack.enter_context(cluster(cores[:1])),
            "two nodes": stack.enter_context(cluster(cores)),
        }
        print(f"{'':15}" + "".join(f"{name:>10}{'middle':>8}" for name in CANDIDATES))
        for step in given.steps.split(","):
            run = partial(run_candidate, step, folder, repeat=given.repeat, core=cores[0])
            figures |= summary(step, measure(step, run, clusters, given.rounds))
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
