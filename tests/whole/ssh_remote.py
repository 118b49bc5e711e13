"""A folder behind an OpenSSH server on this machine, as the DVC remote of a repository."""

import getpass
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from repository import Repository
from unpacked import sshd
from waiting import wait_until

#: Where a server that root runs puts the process that talks to those who have not logged in; Debian's has this place.
_EMPTY = Path("/run/sshd")
_SETTINGS = """
ListenAddress 127.0.0.1:{port}
HostKey {folder}/host
AuthorizedKeysFile {folder}/home/.ssh/id_ed25519.pub
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
Subsystem sftp internal-sftp
"""


@dataclass(frozen=True)
class SshServer:
    """A running server. It lets in one user with one key, whose home is in the test's folder."""

    address: str
    #: What the server itself can be read and changed by, without SSH.
    folder: Path
    #: For those who log in: a home with the key. Without it, they are refused.
    environment: dict[str, str]
    log: Path


@contextmanager
def ssh_server(folder: Path) -> Iterator[SshServer]:
    """Serve a new folder below this one; skips the test where there is no OpenSSH server."""
    program, wrapped = sshd()
    home, user, served = folder / "home", getpass.getuser(), folder / "served"
    for made in (home / ".ssh", served):
        made.mkdir(parents=True)
    _make_key(folder / "host")
    _make_key(home / ".ssh" / "id_ed25519")
    # the user alone, with another home, and the one that the server's process takes
    users = f"{user}:x:{os.getuid()}:{os.getgid()}::{home}:/bin/sh\nsshd:x:65534:65534::{_EMPTY}:/bin/false\n"
    (folder / "passwd").write_text(users, "utf-8")
    (folder / "group").write_text(f"{user}:x:{os.getgid()}:\nnobody:x:65534:\n", "utf-8")
    port = _free_port()
    settings = _SETTINGS.format(port=port, folder=folder) + _helpers(program)
    (folder / "sshd_config").write_text(settings, "utf-8")
    if os.getuid() == 0:
        _EMPTY.mkdir(mode=0o755, exist_ok=True)
    names = {"NSS_WRAPPER_PASSWD": str(folder / "passwd"), "NSS_WRAPPER_GROUP": str(folder / "group")}
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [program, "-D", "-e", "-f", str(folder / "sshd_config")],
            env={**os.environ, **wrapped, **names},
            stderr=log,
            start_new_session=True,
        )
    try:
        wait_until(lambda: _listens(port) or server.poll() is not None)
        assert server.poll() is None, (folder / "log").read_text("utf-8")
        log_in = {"HOME": str(home), "SSH_AUTH_SOCK": ""}
        yield SshServer(f"ssh://{user}@127.0.0.1:{port}{served}", served, log_in, folder / "log")
    finally:
        server.terminate()
        server.wait(30)


@contextmanager
def ssh_remote(repository: Repository, folder: Path) -> Iterator[dict[str, str]]:
    """Make a folder of the server the default remote, and commit that. Gives the environment with the key to it."""
    with ssh_server(folder) as server:
        repository.dvc("remote", "add", "--default", "server", f"{server.address}/peru")
        repository.commit("share")
        yield server.environment


def _make_key(path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)


def _helpers(program: Path) -> str:
    """Since OpenSSH 9.8 and 10.0, the server starts two programs that are not where they would be installed."""
    names = {"SshdSessionPath": "sshd-session", "SshdAuthPath": "sshd-auth"}
    places = {name: program.parents[2] / "usr/lib/openssh" / file for name, file in names.items()}
    return "".join(f"{name} {place}\n" for name, place in places.items() if place.exists())


def _free_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
