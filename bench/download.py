"""Downloading the same files by our stage and by the paper's loop over pyktok, without its sleeps; prints a table.

The sandbox makes each request wait as a distant server would. Ours asks for eight videos at a time without a pause,
decodes every picture of what arrives, and keeps it in the answer store; pyktok saves one after another. Four
times as many files show that memory does not grow with them. Each lane runs in a process of its own.

    python bench/download.py [--videos 24] [--megabytes 3] [--latency-s 0.3] [--at-once 8]
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

from bench.lanes.running import ROOT, served
from bench.lanes.task import told
from bench.measuring.children import peak_mib_of, peak_mib_of_children

Done = dict[str, Any]
Videos = list[dict[str, Any]]


def ours(base: str, videos: Videos, at_once: int) -> Callable[[], object]:
    """The stage `download`, as `dvc repro` would run it, with its answer store and its outputs."""
    from threading import Event  # noqa: PLC0415 - what a lane imports is the lane's own

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
        max_concurrency=at_once,
        pause_s=0,
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


def pyktok_loop(base: str, videos: Videos, _at_once: int) -> Callable[[], object]:
    """What the paper did: one video after another, each as pyktok saves it."""
    from pyktok import pyktok  # noqa: PLC0415

    Path("data/media").mkdir(parents=True)
    os.chdir("data/media")
    urls = [f"{base}/www.tiktok.com/@{video['username']}/video/{video['id']}" for video in videos]
    return lambda: [pyktok.save_tiktok(url, True) for url in urls]


LANES = {"ours": ours, "pyktok": pyktok_loop}


def lane(given: argparse.Namespace) -> Done:
    """Run one lane in this process; imports are not in its time."""
    corpus, folder = (path.absolute() for path in given.folders)
    videos = [row["api"] for row in json.loads((corpus / "videos.json").read_text("utf-8"))]
    folder.mkdir(parents=True)
    os.chdir(folder)
    run = LANES[given.lane](given.base, videos, given.at_once)
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


def measured(name: str, corpus: Path, folder: Path, given: argparse.Namespace) -> Done:
    """One lane in a process of its own, against a sandbox of its own, which counts what it is asked."""
    with served(corpus, "clean", {"latency_s": given.latency_s}) as base:
        command = [sys.executable, __file__, "--lane", name, "--base", base, "--at-once", str(given.at_once)]
        said = subprocess.run(
            [*command, str(corpus), str(folder)], cwd=ROOT, check=True, stdout=subprocess.PIPE
        ).stdout
        done: Done = json.loads(said.splitlines()[-1])
        return done | {"requests": len(told(base, "requests"))}


def corpus_of(videos: int, megabytes: float, folder: Path) -> Path:
    size = ["--videos", str(videos), "--megabytes", str(megabytes)]
    subprocess.run([sys.executable, "-m", "sandbox.bulk_media", str(folder), *size], cwd=ROOT, check=True)
    return folder


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--videos", type=int, default=24)
    parser.add_argument("--megabytes", type=float, default=3)
    parser.add_argument("--latency-s", type=float, default=0.3)
    parser.add_argument("--at-once", type=int, default=8)
    parser.add_argument("--lane", choices=LANES, help=argparse.SUPPRESS)
    parser.add_argument("--base", help=argparse.SUPPRESS)
    parser.add_argument("folders", type=Path, nargs="*", help=argparse.SUPPRESS)
    return parser.parse_args()


def show(lanes: dict[str, Done]) -> None:
    print(f"{'':24}{'files':>7}{'MB':>8}{'requests':>10}{'seconds':>9}{'peak MiB':>10}{'children':>10}")
    for name, run in lanes.items():
        figures = f"{run['files']:7}{run['bytes'] / 1e6:8.1f}{run['requests']:10}{run['seconds']:9.2f}"
        print(f"{name:24}{figures}{run['peak_mib']:10.0f}{run['peak_mib_of_children']:10.0f}")


def main() -> None:
    given = arguments()
    if given.lane:
        with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):  # pyktok prints
            done = lane(given)
        print(json.dumps(done))
        return
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        few = corpus_of(given.videos, given.megabytes, root / "few")
        many = corpus_of(4 * given.videos, given.megabytes, root / "many")
        lanes = {
            "gettok": measured("ours", few, root / "ours", given),
            "loop over pyktok": measured("pyktok", few, root / "pyktok", given),
            "gettok, four times": measured("ours", many, root / "ours_many", given),
        }
    show(lanes)
    first, loop, fourfold = lanes.values()
    figures = {
        "videos": given.videos,
        "speedup_over_pyktok_loop": round(loop["seconds"] / first["seconds"], 2),
        "same_bytes": first["bytes"] == loop["bytes"],
        "peak_mib": first["peak_mib"],
        "peak_mib_four_times": fourfold["peak_mib"],
        "lanes": lanes,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
