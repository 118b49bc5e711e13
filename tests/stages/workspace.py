"""A workspace of a test's own: settings, a sandbox to run against, and stages run as a person's DVC runs them."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import chdir
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from preloaded import run_module
from root import ROOT

from gettok.cli.compose import compose
from gettok.tables import COVERAGE, TRANSCRIPTS, VIDEOS


@cache
def _composed(overrides: tuple[str, ...]) -> bytes:
    """What `gettok compose` writes with this repository's `conf/`."""
    with tempfile.TemporaryDirectory() as folder, chdir(ROOT):
        params = Path(folder) / "params.yaml"
        compose(overrides, params)
        return params.read_bytes()


@dataclass
class Workspace:
    """A folder with `conf/` and `params.yaml`, its own answer store, and the address of a running sandbox."""

    folder: Path
    sandbox: str
    environment: dict[str, str] = field(default_factory=dict)

    @staticmethod
    def make(folder: Path, sandbox: str, *overrides: str) -> "Workspace":
        shutil.copytree(ROOT / "conf", folder / "conf", ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "params.yaml").write_bytes(_composed(overrides))
        return Workspace(folder, sandbox)

    def compose(self, *overrides: str) -> None:
        with chdir(self.folder):
            compose(overrides)

    def write_transcripts(self, day: str, texts: Mapping[str, str | None]) -> None:
        """The tables of a complete day on which each of these videos was published, with what is said in it."""
        at = datetime.fromisoformat(day).replace(tzinfo=UTC)
        VIDEOS.write(
            [{"video_id": video_id, "created_at": at} for video_id in texts],
            self.data / "videos" / f"{day}.parquet",
        )
        spoken = [{"video_id": video_id, "text": text, "status": "ok"} for video_id, text in texts.items()]
        TRANSCRIPTS.write(spoken, self.data / "transcripts" / f"{day}.parquet")
        COVERAGE.write([{"day": at.date(), "state": "complete"}], self.data / "coverage.parquet")

    @property
    def store(self) -> Path:
        return self.folder / "store"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def surroundings(self) -> dict[str, str]:
        """The environment of whatever runs here."""
        return {
            **os.environ,
            "GETTOK_STORE": str(self.store),
            "GETTOK_SANDBOX": self.sandbox,
            "OMP_NUM_THREADS": "1",
            **self.environment,
        }

    def gettok(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, output and errors of the command `gettok`."""
        done = run_module("gettok.cli.app", arguments, self.folder, self.surroundings)
        return done.returncode, done.stdout, done.stderr

    def start(self, stage: str) -> subprocess.Popen[str]:
        """A running stage, to be killed or to get signals."""
        return subprocess.Popen(
            [sys.executable, "-m", f"stages.{stage}"],
            cwd=self.folder,
            env=self.surroundings,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *stages: str) -> str:
        """Run stages that must go well; gives back what they said."""
        said = ""
        for stage in stages:
            code, text = self.outcome(stage)
            assert code == 0, text
            said += text
        return said

    def outcome(self, stage: str) -> tuple[int, str]:
        """Exit code and errors of a stage that runs to its end."""
        done = run_module(f"stages.{stage}", (), self.folder, self.surroundings)
        return done.returncode, done.stderr

    def books(self, stage: str) -> dict:
        return json.loads((self.data / "books" / f"{stage}.json").read_text("utf-8"))
