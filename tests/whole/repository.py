"""A DVC repository of a test's own, and the commands that a person types in it."""

import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from root import ROOT

_BIN = Path(sys.executable).parent
QUEUE_S = 800


@dataclass(frozen=True)
class Repository:
    """A clone with a cache and an answer store of its own, and the address of the sandbox that it runs against."""

    folder: Path
    sandbox: str

    @staticmethod
    def from_working_tree(folder: Path, sandbox: str) -> "Repository":
        """This repository as it stands, with a history of one commit."""
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for name in filter(None, listed.split("\0")):
            if (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, folder / name)
        repository = Repository(folder, sandbox)
        repository.git("init", "-q", "-b", "main")
        repository.run("make", "-o", ".venv/.synced", "setup", "RUN=")
        repository.commit("as it stands")
        return repository

    def copy(self, folder: Path) -> "Repository":
        """All of it: history, cache and store."""
        shutil.copytree(self.folder, folder, symlinks=True)
        config = folder / ".dvc" / "config.local"
        if config.exists():  # it has the path of the folder
            config.write_text(config.read_text("utf-8").replace(str(self.folder), str(folder)), "utf-8")
        return Repository(folder, self.sandbox)

    def clone(self, folder: Path) -> "Repository":
        """What git has of it, and nothing else."""
        subprocess.run(
            ["git", "clone", "-q", str(self.folder), str(folder)], check=True, env=self.environment
        )
        return Repository(folder, self.sandbox)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def store(self) -> Path:
        return self.folder / ".dvc" / "gettok-store"

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the commands."""
        quiet = self.folder.parent / "no-config"
        return {
            **os.environ,
            "PATH": f"{_BIN}{os.pathsep}{os.environ['PATH']}",
            "GETTOK_SANDBOX": self.sandbox,
            "OMP_NUM_THREADS": "1",
            "PYANNOTE_METRICS_ENABLED": "0",
            "DVC_GLOBAL_CONFIG_DIR": str(quiet),
            "DVC_SYSTEM_CONFIG_DIR": str(quiet),
            "DVC_NO_ANALYTICS": "1",
            "GIT_AUTHOR_NAME": "t",
            "GIT_AUTHOR_EMAIL": "t@example.org",
            "GIT_COMMITTER_NAME": "t",
            "GIT_COMMITTER_EMAIL": "t@example.org",
        }

    def outcome(self, *command: str, **environment: str) -> tuple[int, str]:
        done = self._done(command, environment, subprocess.STDOUT)
        return done.returncode, done.stdout

    def _done(
        self, command: tuple[str, ...], environment: dict[str, str], stderr: int
    ) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            command,
            cwd=self.folder,
            env={**self.environment, **environment},
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            check=False,
            timeout=800,
        )

    def printed(self, *command: str) -> str:
        """What a command prints for programs, without what it says to people."""
        done = self._done(command, {}, subprocess.PIPE)
        assert done.returncode == 0, f"{command}\n{done.stderr}"
        return done.stdout

    def start(self, *command: str) -> "subprocess.Popen[str]":
        """A running command, to get a signal."""
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *command: str, **environment: str) -> str:
        code, said = self.outcome(*command, **environment)
        assert code == 0, f"{command}\n{said}"
        return said

    def dvc(self, *arguments: str, **environment: str) -> str:
        return self.run("dvc", *arguments, **environment)

    def run_queue(self) -> None:
        """Run the queued experiments to their ends.

        Not by `dvc exp run --run-all`, which waits for DVC's worker: now and then that outlives its last task, when the
        thread that watches it meets a message that is only half written (dvc-task 0.40, kombu 5.7).
        """
        self.dvc("queue", "start")
        until = time.monotonic() + QUEUE_S
        # it fails when an experiment ends while it looks
        while (status := self.outcome("dvc", "queue", "status"))[0] or re.search(
            r"Queued|Running", status[1]
        ):
            assert time.monotonic() < until, status
            time.sleep(5)
        self.dvc("queue", "stop", "--kill")

    def git(self, *arguments: str) -> str:
        return self.run("git", *arguments)

    def compose(self, *overrides: str) -> None:
        self.run("gettok", "compose", *overrides)

    def study(self, start: str, end: str) -> None:
        """Edit the days of the study, as a person would, and compose. One video gets variants: more take minutes."""
        variants = self.folder / "conf" / "prompt_injection" / "demo.yaml"
        fewer = re.sub(r"(?m)^videos: \d+", "videos: 1", variants.read_text("utf-8"))
        variants.write_text(fewer, "utf-8")
        file = self.folder / "conf" / "study" / "demo.yaml"
        text = re.sub(r'(?m)^start: "[^"]*"$', f'start: "{start}"', file.read_text("utf-8"))
        file.write_text(re.sub(r'(?m)^end: "[^"]*"$', f'end: "{end}"', text), "utf-8")
        self.compose()

    def commit(self, message: str) -> None:
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)


def stages_run(said: str) -> list[str]:
    """The stages that DVC says it ran, in order."""
    return re.findall(r"Running stage '(\w+)'", said)


def files(folder: Path) -> dict[str, bytes]:
    """Every file under a folder, by name."""
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }
