"""Programs that start from a process with the slow libraries imported, DVC's stages too, and the CPU that each takes.

DVC starts each stage by the word `python`. Here that is a small client: it hands the command to a server in the test's
process, which forks it. Nothing else of DVC or of the stages differs.
"""

import json
import resource
import socketserver
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import preloaded

_CLIENT = """\
#!{python} -SE
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as server:
    server.connect({address!r})
    server.sendall(json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode() + b"\\n")
    sys.exit(int(server.recv(4)))
"""


@dataclass(frozen=True)
class Programs:
    """Runs programs in a repository. `notes` has a line for each that has ended: its name, and its seconds of CPU."""

    repository: Path
    environment: Mapping[str, str]
    notes: Path
    log: Path

    def run(self, module: str, *arguments: str) -> None:
        """Run `python -m module arguments`, which must end well."""
        name = " ".join((module.removesuffix(".cli.app"), *arguments[:1]))
        code = self._code(name, [module, *arguments], self.repository, self.environment)
        assert code == 0, f"{name} ended with {code}\n{self.log.read_text('utf-8')[-6000:]}"

    def call(self, name: str, function: Callable[..., None], *arguments: Any) -> None:
        """Call a function in a process of its own."""
        process = preloaded.start(_measured, self.notes, name, function, *arguments)
        process.join()
        assert process.exitcode == 0, f"{name} ended with {process.exitcode}"

    def used(self) -> Counter[str]:
        """The CPU of each program since the last call, in seconds."""
        cpu: Counter[str] = Counter()
        for line in self.notes.read_text().splitlines():
            name, seconds = json.loads(line)
            cpu[name] += seconds
        self.notes.write_text("")
        return cpu

    def stage(self, request: bytes) -> int:
        """Run what a client asks for; its exit code."""
        (_, *command), folder, environment = json.loads(request)  # the first word is `-m`
        return self._code(command[0], command, Path(folder), environment)

    def _code(self, name: str, command: list[str], folder: Path, environment: Mapping[str, str]) -> int:
        streams = self.log, self.log
        process = preloaded.start(
            _measured, self.notes, name, preloaded.run, command, folder, dict(environment), streams
        )
        process.join()
        return process.exitcode or 0


def _measured(notes: Path, name: str, function: Callable[..., None], *arguments: Any) -> None:
    """Call the function, and note the CPU of this process and of its children at the end."""
    try:
        function(*arguments)
    finally:
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        with notes.open("a") as file:
            file.write(json.dumps([name, sum(each.ru_utime + each.ru_stime for each in used)]) + "\n")


@contextmanager
def measured_programs(repository: Path, folder: Path, environment: Mapping[str, str]) -> Iterator[Programs]:
    """Programs whose stages are forked and measured, too; the files for that are in the folder."""
    folder.mkdir()
    address, python = folder / "socket", folder / "bin" / "python"
    python.parent.mkdir()
    python.write_text(_CLIENT.format(python=sys.executable, address=str(address)))
    python.chmod(0o755)
    path = f"{python.parent}:{environment['PATH']}"
    programs = Programs(repository, {**environment, "PATH": path}, folder / "notes", folder / "log")
    programs.notes.touch()
    programs.log.touch()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(str(programs.stage(self.rfile.readline())).encode())

    with socketserver.ThreadingUnixStreamServer(str(address), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield programs
        finally:
            server.shutdown()
            thread.join()
