"""Writes the release and the report of a study by our stages, by those of another checkout, and DuckDB; prints a table.

The release is checked as well, beside `sha256sum`, which reads the same files and compares nothing else.

DuckDB writes the files of the release alone: the same tables, columns and order as Parquet, and the joined dataset as
Parquet and CSV, without checks, checksums, books, documents and the workbook for Excel. Each candidate runs in its own
process on the same tables, which are made first. The bench fails if DuckDB's dataset has other videos than ours.

    python bench/release.py [--videos 20000] [--start CHECKOUT] [--folder FOLDER]

In a FOLDER the tables are kept, and the next call measures the same ones.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import polars as pl

from bench.candidates.release.statements import statements
from bench.candidates.usage import peak_mib, python_path
from gettok.settings import load
from gettok.store.blobs import file_digest

ROOT = Path(__file__).parents[1]


class Usage(NamedTuple):
    """Of a process and its children."""

    seconds: float
    cpu_s: float
    peak_mib: float


def measured(
    arguments: list[str], folder: Path, checkout: Path = ROOT, program: str = sys.executable
) -> Usage:
    environment = {
        **os.environ,
        "GETTOK_STORE": str(folder / "store"),
        "PYTHONPATH": python_path(checkout),
    }
    began = time.perf_counter()
    child = subprocess.Popen([program, *arguments], cwd=folder, env=environment, stderr=subprocess.PIPE)
    assert child.stderr is not None
    errors = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"{arguments} of {checkout} ended with {child.returncode}:\n{errors.decode()[-4000:]}")
    return Usage(seconds, usage.ru_utime + usage.ru_stime, peak_mib(usage))


def made(folder: Path, videos: int) -> Path:
    """The study's folder."""
    study = folder / str(videos)
    if not study.exists():
        unfinished = folder / f"{videos}.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        measured(["-m", "bench.candidates.release.study", str(unfinished), str(videos)], unfinished)
        unfinished.rename(study)
    return study


def stages(name: str, study: Path, checkout: Path) -> dict[str, Usage]:
    return {
        f"release, {name}": measured(["-m", "stages.release"], study, checkout),
        f"report, {name}": measured(["-m", "stages.report"], study, checkout),
    }


def checks(study: Path) -> dict[str, Usage]:
    """`gettok release check`, and the reading of the same files that it cannot do without."""
    release = study / "data" / "release"
    hashing = measured(["--check", "--quiet", "checksums.sha256"], release, program="sha256sum")
    return {
        "check, ours": measured(["-m", "gettok.cli.app", "release", "check"], study),
        "sha256sum": hashing,
    }


def duckdb(study: Path) -> Usage:
    output = study / "duckdb"
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir()
    queries = statements(load(study / "params.yaml"), study / "data", output)
    (study / "statements.json").write_text(json.dumps(queries), "utf-8")
    usage = measured(["-m", "bench.candidates.release.duckdb_join", str(study / "statements.json")], study)
    ids = [
        pl.read_parquet(place / "dataset.parquet", columns=["video_id"])
        for place in (study / "data" / "release", output)
    ]
    if not ids[0].equals(ids[1]):
        sys.exit("DuckDB's dataset has other videos than ours")
    return usage


def digests(study: Path) -> dict[str, str]:
    """The SHA-256 of each file of the release and the report."""
    data = study / "data"
    files = [
        path
        for name in ("release", "report", "plots")
        for path in sorted((data / name).rglob("*"))
        if path.is_file()
    ]
    return {path.relative_to(data).as_posix(): file_digest(path) for path in [*files, data / "metrics.json"]}


def show(usages: Mapping[str, Usage]) -> None:
    print(f"{'':20}{'seconds':>10}{'CPU s':>10}{'peak MiB':>10}")
    for name, usage in usages.items():
        print(f"{name:20}{usage.seconds:10.1f}{usage.cpu_s:10.1f}{usage.peak_mib:10.0f}")


def measure(videos: int, start: Path | None, folder: Path) -> None:
    study = made(folder, videos)
    usages: dict[str, Usage] = {}
    figures: dict[str, object] = {"videos": videos}
    if start:
        usages |= stages("start", study, start)
        before = digests(study)
    usages |= stages("ours", study, ROOT)
    if start:
        after = digests(study)
        figures["files_that_differ"] = sorted(
            name for name in {*before, *after} if before.get(name) != after.get(name)
        )
    usages |= checks(study)
    usages["DuckDB"] = duckdb(study)
    show(usages)
    print(json.dumps(figures | ratios(usages)))


def ratios(usages: Mapping[str, Usage]) -> dict[str, float]:
    release, report, other = usages["release, ours"], usages["report, ours"], usages["DuckDB"]
    check, hashing = usages["check, ours"], usages["sha256sum"]
    figures = {
        "release_memory_ratio_to_duckdb": release.peak_mib / other.peak_mib,
        "report_memory_ratio_to_duckdb": report.peak_mib / other.peak_mib,
        "release_time_ratio_to_duckdb": release.seconds / other.seconds,
        "release_cpu_ratio_to_duckdb": release.cpu_s / other.cpu_s,
        "release_peak_mib": release.peak_mib,
        "report_peak_mib": report.peak_mib,
        "check_time_ratio_to_sha256sum": check.seconds / hashing.seconds,
        "check_cpu_ratio_to_sha256sum": check.cpu_s / hashing.cpu_s,
        "check_peak_mib": check.peak_mib,
        "peak_rss_gib": max(release.peak_mib, report.peak_mib) / 1024,
    }
    for name, ours in (("release", release), ("report", report)):
        if start := usages.get(f"{name}, start"):
            figures[f"{name}_memory_ratio_to_start"] = ours.peak_mib / start.peak_mib
            figures[f"{name}_time_ratio_to_start"] = ours.seconds / start.seconds
    return {name: round(value, 3) for name, value in figures.items()}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--videos", type=int, default=20_000)
    parser.add_argument("--start", type=Path, help="another checkout, whose stages are measured, too")
    parser.add_argument("--folder", type=Path, help="where the tables are kept; a temporary one by default")
    given = parser.parse_args()
    with ExitStack() as stack:
        folder = given.folder or stack.enter_context(tempfile.TemporaryDirectory())
        measure(given.videos, given.start and given.start.absolute(), Path(folder).absolute())


if __name__ == "__main__":
    main()
