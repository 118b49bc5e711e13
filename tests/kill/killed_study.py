"""A small study whose stages are killed at random moments, what they had acknowledged, and what the sandbox saw."""

import os
import random
import re
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import psutil
from preloaded import start_module
from repository import files
from root import ROOT
from waiting import wait_until
from workspace import Workspace

from gettok.store import Store
from sandbox.server import Sandbox

STAGES = ("collect", "tabulate", "download", "extract_frames", "transcribe", "describe", "annotate")
#: Ten videos of two days, each of which is searched alone.
STUDY = (
    "study.start='2022-12-07'",
    "study.end='2022-12-08'",
    "source.window_days=1",
    "prompt_injection.videos=1",
    f"asr.model={ROOT / 'sandbox' / 'speech' / 'whisper_demo'}",
    "ocr=off",
)
#: What is killed: the stage with all its processes, the stage's own process alone, or one of its workers alone.
WHOLE, DRIVER, WORKER = "whole", "driver", "worker"
_WEIGHTS = {WHOLE: 6, DRIVER: 2, WORKER: 2}
#: A worker that lost its driver has so long to notice.
_ORPHANS_END_S = 30
_PAGE = re.compile(r"(\S+)_(\S+) \d+:(\d+)")


@dataclass(frozen=True)
class Acknowledged:
    """What the store and the call log hold: each answer with its digest, and the requests that have a reply."""

    answers: dict[str, str]
    subjects: frozenset[tuple[str, str]]
    replies: frozenset[str]

    @staticmethod
    def read(store: Path) -> "Acknowledged":
        rows = _rows(store / "answers.sqlite", "SELECT key, digest, stage, subject FROM answers")
        replies = _rows(store / "calls.sqlite", "SELECT request FROM calls WHERE reply IS NOT NULL")
        return Acknowledged(
            {key: digest for key, digest, *_ in rows},
            frozenset((stage, subject) for *_, stage, subject in rows),
            frozenset(request for (request,) in replies),
        )

    def never_to_be_asked(self) -> set[tuple[str, str]]:
        """As the sandbox's log names them: the pages and files of downloaded videos, and pages of the API."""
        videos = {video for stage, video in self.subjects if stage == "download"}
        pages = (_PAGE.fullmatch(name) for stage, name in self.subjects if stage == "collect")
        queries = {
            f"{page[1].replace('-', '')}/{page[2].replace('-', '')}/{page[3]}" for page in pages if page
        }
        return {
            *(("pages", video) for video in videos),
            *(("media", video) for video in videos),
            *(("research_api", query) for query in queries),
        }


def _rows(database: Path, query: str) -> list[tuple]:
    """What the query finds: nothing if the file, or its table, is not made yet."""
    if not database.exists():
        return []
    with closing(sqlite3.connect(database)) as connection, suppress(sqlite3.OperationalError):
        return connection.execute(query).fetchall()
    return []


def below(process_id: int) -> list[psutil.Process]:
    """Its children, and theirs."""
    try:
        return psutil.Process(process_id).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


@dataclass
class Killed:
    """A workspace with its sandbox, and the kills of its stages: `seconds` is what each took when it was not killed."""

    workspace: Workspace
    sandbox: Sandbox
    seconds: dict[str, float]
    chance: random.Random
    #: The processes that work for the one with this id.
    workers: Callable[[int], list[psutil.Process]] = below
    kills: Counter[tuple[str, str]] = field(default_factory=Counter)
    _seen: int = 0

    def run(self, most: int) -> None:
        """Run all stages in order to their ends, and kill each of them now and then, so often at most in all."""
        wanted = Counter(self.chance.choices(STAGES, k=most))
        for stage in STAGES:
            while wanted[stage] and not self._is_done(stage):
                wanted[stage] -= 1
            self._is_done(stage, to_the_end=True)

    def _is_done(self, stage: str, *, to_the_end: bool = False) -> bool:
        """Run the stage until it ends or is killed, and check what it did; whether it ended well."""
        before = Acknowledged.read(self.workspace.store)
        streams = self.workspace.folder / "output", self.workspace.folder / "errors"
        for stream in streams:
            stream.write_text("")
        process = start_module(f"stages.{stage}", self.workspace.folder, self.workspace.surroundings, streams)
        what = None
        if not to_the_end:
            # early rather than late: a sandbox that has seen these frames answers sooner than in the undisturbed run
            process.join(1.1 * self.seconds[stage] * self.chance.random() ** 2)
            what = self._kill(process, stage)
        process.join(600)
        assert process.exitcode is not None, f"{stage} hangs after its {what} was killed"
        self._check(before)
        if what is None:
            assert process.exitcode == 0, streams[1].read_text("utf-8")
        return process.exitcode == 0

    def _kill(self, process: ForkServerProcess, stage: str) -> str | None:
        """Kill the stage, if it still runs; what of it was killed."""
        if not process.is_alive():
            return None
        assert process.pid is not None
        workers = self.workers(process.pid)
        (what,) = self.chance.choices([*_WEIGHTS], [*_WEIGHTS.values()])
        if what == WORKER and workers:
            with suppress(psutil.NoSuchProcess):
                self.chance.choice(workers).kill()
        elif what == DRIVER:
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
            wait_until(lambda: not any(map(_is_alive, workers)), _ORPHANS_END_S)
        else:
            what = WHOLE
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)  # it may not have its group yet
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        self.kills[stage, what] += 1
        return what

    def _check(self, before: Acknowledged) -> None:
        """Nothing that was acknowledged is lost or was asked for again."""
        now = Acknowledged.read(self.workspace.store)
        assert before.answers.items() <= now.answers.items()
        assert before.replies <= now.replies
        with Store(self.workspace.store) as store:
            assert list(store.verify()) == []
        log = self.sandbox.requests()
        new, self._seen = log[self._seen :], len(log)
        asked = {(entry["service"], entry["subject"]) for entry in new}
        assert not asked & before.never_to_be_asked()
        sent = sum(entry["path"].startswith("/v2/research/") for entry in log)
        assert sent <= len(_rows(self.workspace.store / "requests.sqlite", "SELECT n FROM requests"))
        self._check_calls()

    def _check_calls(self) -> None:
        """Every answer of the model is in the call log, and none was asked for again once its reply was there."""
        calls = _rows(
            self.workspace.store / "calls.sqlite", "SELECT request, reply IS NOT NULL FROM calls ORDER BY n"
        )
        answered: set[str] = set()
        for request, has_reply in calls:
            assert request not in answered, "a request was sent again although its reply was in the log"
            answered |= {request} if has_reply else set()
        paid = sum(_is_paid(entry) for entry in self.sandbox.requests())
        assert len(answered) <= paid <= len(calls)

    @property
    def outputs(self) -> dict[str, bytes]:
        return files(self.workspace.data)

    @property
    def charged(self) -> Counter[str]:
        """What the call log charges for each request with a reply, in billionths of a dollar."""
        rows = _rows(
            self.workspace.store / "calls.sqlite",
            "SELECT request, settled FROM calls WHERE reply IS NOT NULL",
        )
        assert len({request for request, _ in rows}) == len(rows)
        return Counter(dict(rows))

    @property
    def paid(self) -> Counter[str]:
        """How often the sandbox's model answered each question."""
        return Counter(entry["subject"] for entry in self.sandbox.requests() if _is_paid(entry))


def _is_paid(entry: dict) -> bool:
    return entry["path"] == "/v1/chat/completions" and entry["status"] == 200


def _is_alive(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def undisturbed(workspace: Workspace, sandbox: Sandbox) -> Killed:
    """The same study without a kill, and how long its stages take."""
    seconds = {}
    workspace.gettok("--help")  # starts what the stages are forked from
    for stage in STAGES:
        began = time.monotonic()
        workspace.run(stage)
        seconds[stage] = time.monotonic() - began
    return Killed(workspace, sandbox, seconds, random.Random(0))
