"""A study that is collected day by day at the sandbox, with a release a week and an erasure now and then."""

import itertools
import json
import os
import random
import threading
from collections import Counter
from contextlib import chdir
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import requests
from measured_programs import Programs

from gettok.books import STAGES, Books
from gettok.cli.compose import compose
from gettok.cli.follow import follow
from gettok.pipeline.paths import current_settings, store_root
from gettok.store import Store
from gettok.tables import COVERAGE, VIDEOS
from sandbox import bulk
from sandbox.clock import VirtualClock
from sandbox.videos import CORPUS, free_box

START = date(2022, 11, 20)
VIDEOS_OF_A_DAY = 4
WEEK, ERASES_EVERY = 7, 10
#: The stances alone: the sandbox's model takes most of the time, and is not what is measured.
CHOICES = ("codebook=stance", "prompts/codebook=rendered", "prompt_injection=off", "ocr=off")
#: So many seconds a day too fast or too slow, at the most.
DRIFT_S = 1800
_QUERY = ("study.query.any.keywords=[Castillo]", "study.query.any.hashtags=[]", "study.query.all.regions=[]")


def corpus(folder: Path, days: int) -> Path:
    """As many videos each day, with the demo's films in turn; no two of them have the same bytes."""
    rows = json.loads((CORPUS / "videos.json").read_text("utf-8"))
    films = itertools.cycle(
        row["page"] for row in rows if row["page"]["media"] and row["page"]["serve"] == "whole"
    )

    def page(row: dict) -> dict:
        film, stamp = next(films), str(row["id"])
        return film | {"stamp": stamp, "size": film["size"] + len(free_box(stamp))}

    bulk.write(folder, videos=VIDEOS_OF_A_DAY * days, seed="soak", start=START, days=days, page=page)
    (folder / "media").symlink_to(CORPUS / "media")
    return folder


class _Waits(threading.Event):
    """A signal that never comes; waiting for it moves the sandbox's clock, and takes no time."""

    def __init__(self, sandbox: str) -> None:
        super().__init__()
        self._clock = f"{sandbox}/__sandbox__/clock"

    def wait(self, timeout: float | None = None) -> bool:
        requests.post(self._clock, json={"advance_s": int(timeout or 0) + 1}, timeout=60).raise_for_status()
        return self.is_set()


def _follow(folder: Path, environment: dict[str, str]) -> None:
    """`gettok follow`, but for its waits."""
    os.environ.update(environment)
    os.chdir(folder)
    with Store(store_root()) as store:
        for _ in follow(current_settings(), store, _Waits(environment["GETTOK_SANDBOX"])):
            continue


@dataclass(frozen=True)
class Disk:
    """Bytes: what is in `data/`, and what all of it takes with the store and DVC's cache, shared bytes once."""

    data: int
    taken: int

    @staticmethod
    def of(repository: Path) -> "Disk":
        sizes: dict[int, int] = {}
        data = 0
        for part in ("data", ".dvc/cache", ".dvc/gettok-store"):
            for file in (repository / part).rglob("*"):
                if file.is_file() and not file.is_symlink():
                    entry = file.stat()
                    sizes[entry.st_ino] = entry.st_size
                    data += entry.st_size if part == "data" else 0
        return Disk(data, sum(sizes.values()))


@dataclass
class Soaked:
    """The study as it grows, the CPU of each program by day, and the disk by day."""

    programs: Programs
    clock: VirtualClock
    chance: random.Random
    erased: set[str] = field(default_factory=set)
    cpu: list[Counter[str]] = field(default_factory=list)
    weekly: list[Counter[str]] = field(default_factory=list)
    disk: list[Disk] = field(default_factory=list)

    @property
    def data(self) -> Path:
        return self.programs.repository / "data"

    def day(self, number: int) -> None:
        """The study's day `number`, from 0, is over: collect it, fetch its videos, build and check the tables."""
        if number == 0:
            self.clock.set(datetime.combine(START, time(20), UTC))
        self.clock.advance(86_400 + self.chance.uniform(-DRIFT_S, DRIFT_S))
        days = (f"study.start='{START}'", f"study.end='{START + timedelta(days=number)}'")
        with chdir(self.programs.repository):
            compose([*CHOICES, *_QUERY, *days])
        self.programs.call("follow", _follow, self.programs.repository, dict(self.programs.environment))
        self.programs.run("dvc", "repro", "annotate", "compare_transcripts")
        self.cpu.append(self.programs.used())
        self.check_books()
        if number % WEEK == WEEK - 1:
            self.release()
        self.disk.append(Disk.of(self.programs.repository))
        if number % ERASES_EVERY == ERASES_EVERY // 2:
            self.erase()

    def release(self) -> None:
        """All stages, and a release of another form beside the study's own; then only what is of now stays."""
        self.programs.run("dvc", "repro")
        self.programs.run("gettok.cli.app", "release", "write", "ids_only")
        self.programs.run("gettok.cli.app", "release", "check")
        self.programs.run("dvc", "gc", "--workspace", "--force")
        self.weekly.append(self.programs.used())
        self.check_books()

    def erase(self) -> None:
        """One video of the tables, whose rows are gone after the next day."""
        video = self.chance.choice(sorted(self.videos()))
        self.programs.run("gettok.cli.app", "erase", video)
        self.programs.used()
        self.erased.add(video)

    def videos(self) -> set[str]:
        """The ids in the tables."""
        return set(VIDEOS.read(self.data / "videos")["video_id"])

    def check_books(self) -> None:
        """Each stage accounts for what it was asked, all for the same videos, and none for what was erased."""
        found = self.videos()
        assert not found & self.erased
        for stage in STAGES:
            path = self.data / "books" / f"{stage.name}.json"
            if stage.counts and path.exists():
                books = Books.of_stored(json.loads(path.read_text("utf-8")))
                books.check(stage.name)
                if stage.table:
                    assert books.asked == len(found), stage.name
        COVERAGE.read(self.data / "coverage.parquet")
