"""Downloads the same files by our stage and by the paper's loop over pyktok, without its sleeps; prints a table.

The sandbox delays each reply as a distant server would. Ours requests eight videos at a time without a pause, decodes
every frame of each file, and keeps the files in the answer store; pyktok saves one file after another. A run with four
times as many files shows that memory does not grow with them. Each candidate runs in its own process.

    python bench/download.py [--videos 24] [--megabytes 3] [--latency-s 0.3] [--concurrency 8]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.candidates.collect.runner import ROOT, running_sandbox
from bench.candidates.collect.task import read_control
from bench.candidates.usage import peak_mib_of, peak_mib_of_children

Figures = dict[str, Any]
Videos = list[dict[str, Any]]


def ours(base: str, videos: Videos, concurrency: int) -> Callable[[], object]:
    """The stage `download`, run as `dvc repro` runs it, with its answer store and its outputs."""
    from threading import Event  # noqa: PLC0415 - a candidate pays for its own imports

    from gettok.engine import LocalEngine  # noqa: PLC0415
    from gettok.pipeline.runner import Stage  # noqa: PLC0415
    from gettok.settings import Download, Settings, Source  # noqa: PLC0415
    from gettok.store import Store  # noqa: PLC0415
    from gettok.tables import VIDEOS  # noqa: PLC0415
    from stages.download import run  # noqa: PLC0415

    download = Download(
        backend="page",
        folder="media",
        timeout_s=120,
        max_attempts=4,
        max_bytes=500_000_000,
        keep_free_bytes=0,
        max_concurrency=concurrency,
        pause_s=0,
        trust_list=None,
    )
    site = f"{base}/www.tiktok.com"
    source = Source(kind="ids", name="sandbox", api="sandbox:", pages=site, window_days=30, file="ids.csv")
    VIDEOS.write([_row(video) for video in videos], Path("data/videos/all.parquet"))

    def stage() -> None:
        with Store(Path("store")) as store:
            parts: dict[str, Any] = {"download": download, "source": source}
            settings = Settings.model_construct(**parts)
            run(Stage("download", settings, store, LocalEngine(), Event()))

    return stage


def _row(video: dict[str, Any]) -> dict[str, Any]:
    created = datetime.fromtimestamp(video["create_time"], UTC)
    return {"video_id": str(video["id"]), "created_at": created, "username": video["username"]}


def pyktok_loop(base: str, videos: Videos, _concurrency: int) -> Callable[[], object]:
    """The paper's way: one video after another, each saved by pyktok."""
    from pyktok import pyktok  # noqa: PLC0415

    Path("data/media").mkdir(parents=True)
    os.chdir("data/media")
    urls = [f"{base}/www.tiktok.com/@{video['username']}/video/{video['id']}" for video in videos]
    return lambda: [pyktok.save_tiktok(url, True) for url in urls]


CANDIDATES = {"ours": ours, "pyktok": pyktok_loop}


def run_candidate(given: argparse.Namespace) -> Figures:
    """Run one candidate in this process; its imports are not timed."""
    corpus, folder = (path.absolute() for path in given.folders)
    videos = [row["api"] for row in json.loads((corpus / "videos.json").read_text("utf-8"))]
    folder.mkdir(parents=True)
    os.chdir(folder)
    run = CANDIDATES[given.candidate](given.base, videos, given.concurrency)
    began = time.perf_counter()
    run()
    seconds = time.perf_counter() - began
    files = [file for file in (folder / "data" / "media").iterdir() if file.suffix == ".mp4"]
    return {
        "seconds": round(seconds, 2),
        "files": len(files),
        "bytes": sum(file.stat().st_size for file in files),
        "peak_mib": peak_mib_of(Path("/proc/self")),
        "peak_mib_of_children": peak_mib_of_children(),
    }


def measured(name: str, corpus: Path, folder: Path, given: argparse.Namespace) -> Figures:
    """Run one candidate in its own process, against its own sandbox, which counts the requests."""
    with running_sandbox(corpus, "clean", {"latency_s": given.latency_s}) as base:
        command = [
            sys.executable,
            __file__,
            "--candidate",
            name,
            "--base",
            base,
            "--concurrency",
            str(given.concurrency),
        ]
        output = subprocess.run(
            [*command, str(corpus), str(folder)], cwd=ROOT, check=True, stdout=subprocess.PIPE
        ).stdout
        figures: Figures = json.loads(output.splitlines()[-1])
        return figures | {"requests": len(read_control(base, "requests"))}


def corpus_of(videos: int, megabytes: float, folder: Path) -> Path:
    size = ["--videos", str(videos), "--megabytes", str(megabytes)]
    subprocess.run([sys.executable, "-m", "sandbox.bulk_media", str(folder), *size], cwd=ROOT, check=True)
    return folder


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--videos", type=int, default=24)
    parser.add_argument("--megabytes", type=float, default=3)
    parser.add_argument("--latency-s", type=float, default=0.3)
    parser.add_argument("--concurrency", type=int, default=8)
    parser.add_argument("--candidate", choices=CANDIDATES, help=argparse.SUPPRESS)
    parser.add_argument("--base", help=argparse.SUPPRESS)
    parser.add_argument("folders", type=Path, nargs="*", help=argparse.SUPPRESS)
    return parser.parse_args()


def show(candidates: dict[str, Figures]) -> None:
    print(f"{'':24}{'files':>7}{'MB':>8}{'requests':>10}{'seconds':>9}{'peak MiB':>10}{'children':>10}")
    for name, run in candidates.items():
        figures = f"{run['files']:7}{run['bytes'] / 1e6:8.1f}{run['requests']:10}{run['seconds']:9.2f}"
        print(f"{name:24}{figures}{run['peak_mib']:10.0f}{run['peak_mib_of_children']:10.0f}")


def main() -> None:
    given = arguments()
    if given.candidate:
        with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):  # pyktok prints
            figures = run_candidate(given)
        print(json.dumps(figures))
        return
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        few = corpus_of(given.videos, given.megabytes, root / "few")
        many = corpus_of(4 * given.videos, given.megabytes, root / "many")
        candidates = {
            "gettok": measured("ours", few, root / "ours", given),
            "loop over pyktok": measured("pyktok", few, root / "pyktok", given),
            "gettok, four times": measured("ours", many, root / "ours_many", given),
        }
    show(candidates)
    first, loop, fourfold = candidates.values()
    figures = {
        "videos": given.videos,
        "speedup_over_pyktok_loop": round(loop["seconds"] / first["seconds"], 2),
        "same_bytes": first["bytes"] == loop["bytes"],
        "peak_mib": first["peak_mib"],
        "peak_mib_four_times": fourfold["peak_mib"],
        "candidates": candidates,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
