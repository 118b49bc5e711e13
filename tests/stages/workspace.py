"""A workspace of a test's own: settings, a sandbox to run against, and stages run as a person's DVC runs them."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from root import ROOT

from gettok.cli.compose import compose


@dataclass
class Workspace:
    """A folder with `conf/` and `params.yaml`, its own answer store, and the address of a running sandbox."""

    folder: Path
    sandbox: str
    environment: dict[str, str] = field(default_factory=dict)

    @staticmethod
    def make(folder: Path, sandbox: str, *overrides: str) -> "Workspace":
        shutil.copytree(ROOT / "conf", folder / "conf", ignore=shutil.ignore_patterns("__pycache__"))
        workspace = Workspace(folder, sandbox)
        workspace.compose(*overrides)
        return workspace

    def compose(self, *overrides: str) -> None:
        here = Path.cwd()
        os.chdir(self.folder)
        try:
            compose(overrides)
        finally:
            os.chdir(here)

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
        done = subprocess.run(
            [sys.executable, "-m", "gettok.cli.app", *arguments],
            cwd=self.folder,
            env=self.surroundings,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        return done.returncode, done.stdout, done.stderr

    def start(self, stage: str) -> subprocess.Popen[str]:
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
        process = self.start(stage)
        _, text = process.communicate(timeout=600)
        return process.returncode, text

    def books(self, stage: str) -> dict:
        return json.loads((self.data / "books" / f"{stage}.json").read_text("utf-8"))
