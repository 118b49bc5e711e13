"""A codebook of ten variables in one run, against ten runs of one variable each; prints a table, and a line of JSON.

The videos are those of a bulk corpus, and the codebook is conf/codebook/example.yaml without its conditions. The host
is the sandbox with the prompt cache that OpenAI or vLLM documents, and with a latency; it allows a number of requests
at once and refuses more. The same ten variables are also asked in the example's four groups, one after the other. A
run over four times as many videos shows that memory does not grow with them. Each run has its own process, store and
sandbox.

    python bench/codebook.py [--videos 500] [--latency-s 1] [--allowed 8] [--cache openai]
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl

ROOT = Path(__file__).parents[1]
VARIABLES = (
    "on_topic",
    "stance",
    "speaker",
    "topics",
    "tone",
    "call_to_action",
    "action",
    "people_named",
    "people_shown",
    "symbols",
)
#: What a variable can be worth.
VALUES = ("label", "labels", "number", "text", "quotes", "abstained")


@contextmanager
def host(**switches: Any) -> Iterator[str]:
    """A sandbox of its own for one run; yields its address."""
    command = [sys.executable, "-m", "sandbox", "--port", "0", "--until-stdin-closes"]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            base = json.loads(process.stdout.readline())["base"]
            admin(base, "switches", switches)
            yield base
        finally:
            process.stdin.close()


def admin(base: str, name: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{base}/__sandbox__/{name}", data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read())


def candidate(folder: Path, *arguments: str, address: str = "") -> dict[str, Any]:
    environment = os.environ | {
        "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}",
        "GETTOK_SANDBOX": address,
        "PYTHONWARNINGS": "ignore",
    }
    command = [sys.executable, "-m", "bench.candidates.codebook", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(arguments)} ended with {done.returncode}:\n{done.stderr[-4000:]}")
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


@contextmanager
def tables(videos: int) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        candidate(Path(folder), "prepare", str(videos))
        yield Path(folder)


def run(folder: Path, given: argparse.Namespace, *grouping: str, latency_s: float) -> dict[str, Any]:
    """The figures of one run, with what its host counted and the table that it made."""
    for before in ("store", "data/annotations"):
        shutil.rmtree(folder / before, ignore_errors=True)
    switches = {"model_latency_s": latency_s, "model_at_once": given.allowed, "prompt_cache": given.cache}
    with host(**switches) as address:
        figures = candidate(folder, "annotate", str(given.allowed), *grouping, address=address)
        traffic = admin(address, "traffic")["v1"]
    values = pl.concat([pl.read_parquet(file) for file in (folder / "data/annotations").rglob("*.parquet")])
    return figures | {"calls": traffic["requests"], "in_flight": traffic["mean_at_once"], "values": values}


def show(name: str, figures: dict[str, Any]) -> None:
    share = figures["cached_tokens"] / figures["prompt_tokens"]
    print(
        f"{name:28}{figures['calls']:7}{figures['prompt_tokens']:12,}{share:9.1%}{figures['completion_tokens']:10,}"
        f"{figures['cost_usd']:10.4f}{figures['in_flight']:11.2f}{figures['peak_mib']:10.0f}",
        flush=True,
    )


def summed(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Several runs as one; in flight and memory are those of the largest."""
    sums = ("calls", "prompt_tokens", "cached_tokens", "completion_tokens", "cost_usd")
    whole = {name: sum(figures[name] for figures in runs) for name in sums}
    most = {name: max(figures[name] for figures in runs) for name in ("in_flight", "peak_mib")}
    return {**whole, **most, "values": pl.concat([figures["values"] for figures in runs])}


def same_labels(one: pl.DataFrame, other: pl.DataFrame) -> float:
    """The share of the videos' variables with the same value in both."""
    keys = ["video_id", "variable"]
    both = one.select(*keys, *VALUES).join(other.select(*keys, *VALUES), on=keys, how="full", suffix="_other")
    same = pl.all_horizontal(pl.col(name).eq_missing(pl.col(f"{name}_other")) for name in VALUES)
    return float(both.select(same.mean()).item())


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--videos", type=int, default=500)
    parser.add_argument("--latency-s", type=float, default=1.0)
    parser.add_argument("--allowed", type=int, default=8)
    parser.add_argument("--cache", choices=["openai", "vllm"], default="openai")
    given = parser.parse_args()
    columns = ("calls", 7), ("sent", 12), ("cached", 9), ("received", 10), ("US$", 10), ("in flight", 11)
    print(" " * 28 + "".join(f"{name:>{width}}" for name, width in (*columns, ("peak MiB", 10))))
    with tables(given.videos) as folder:
        together = run(folder, given, "one", latency_s=given.latency_s)
        show("ten variables in one call", together)
        grouped = run(folder, given, "few", latency_s=given.latency_s)
        show("ten variables in four groups", grouped)
        alone = summed([run(folder, given, "alone", name, latency_s=0) for name in VARIABLES])
        show("ten runs of one variable", alone)
    with tables(4 * given.videos) as folder:
        four_times = run(folder, given, "one", latency_s=given.latency_s)
        show("four times as many videos", four_times)
    print(
        json.dumps(
            {
                "videos": given.videos,
                "cost_ratio": round(together["cost_usd"] / alone["cost_usd"], 4),
                "cost_ratio_in_four_groups": round(grouped["cost_usd"] / alone["cost_usd"], 4),
                "cached_share": round(together["cached_tokens"] / together["prompt_tokens"], 4),
                "same_labels": same_labels(together["values"], alone["values"]),
                "same_labels_in_four_groups": same_labels(grouped["values"], alone["values"]),
                "mean_in_flight_ratio": round(together["in_flight"] / given.allowed, 4),
                "mean_in_flight_ratio_in_four_groups": round(grouped["in_flight"] / given.allowed, 4),
                "peak_mib": round(together["peak_mib"]),
                "peak_mib_four_times": round(four_times["peak_mib"]),
            }
        )
    )


if __name__ == "__main__":
    main()
