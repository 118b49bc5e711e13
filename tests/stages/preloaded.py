"""Runs a module as a program, in a process forked from one that has imported the slow libraries already.

It is a process of its own with its own environment, folder and exit code. Only the second that Python and its libraries
take to start is saved, and stages and commands start hundreds of times here.
"""

import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

#: Libraries, and packages of ours that import most of the rest; never a module that is run as a program.
_PRELOADED = [
    "dvc.utils.hydra",
    "gettok.cli.plan_models",
    "gettok.collect",
    "gettok.compare.summary",
    "gettok.download.backends.page",
    "gettok.frames.extraction",
    "gettok.llm.batch.engine",
    "gettok.media.clip_files",
    "gettok.pipeline.runner",
    "gettok.annotate.human_labels.evaluation",
    "gettok.report.figures",
    "jinja2",
    "jiwer",
    "langcodes",
    "openai",
    "polars",
    "psutil",
    "requests",
    "rich.console",
    "scipy.stats",
    "tqdm",
    "typer",
]
_TIMEOUT_S = 600

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(_PRELOADED)


def run_module(
    module: str, arguments: tuple[str, ...], folder: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """What `python -m module arguments` gives: exit code, output and errors."""
    with tempfile.TemporaryDirectory() as written:
        streams = Path(written) / "output", Path(written) / "errors"
        process = start(run, (module, *arguments), folder, dict(environment), streams)
        process.join(_TIMEOUT_S)
        if process.is_alive():
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired([module, *arguments], _TIMEOUT_S)
        assert process.exitcode is not None
        texts = (stream.read_text("utf-8") for stream in streams)
        return subprocess.CompletedProcess([module, *arguments], process.exitcode, *texts)


def start_module(
    module: str, folder: Path, environment: Mapping[str, str], streams: tuple[Path, Path]
) -> ForkServerProcess:
    """The same, running and in a process group of its own; `streams` are the files of its output and its errors."""
    return start(_run_apart, (module,), folder, dict(environment), streams)


def start(function: Callable[..., None], *arguments: Any) -> ForkServerProcess:
    """A function that runs in a process of its own with the same libraries."""
    process = _context.Process(target=function, args=arguments)
    process.start()
    return process


def _run_apart(*arguments: Any) -> None:
    os.setpgid(0, 0)
    run(*arguments)


def run(
    command: Sequence[str], folder: Path, environment: dict[str, str], streams: tuple[Path, Path]
) -> None:
    """Be the program, in this process; what it prints is added to the files."""
    for number, path in enumerate(streams, 1):
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(file, number)
        os.close(file)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = list(command)
    runpy.run_module(command[0], run_name="__main__", alter_sys=True)
