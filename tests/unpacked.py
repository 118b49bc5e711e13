"""Programs from Debian that `make setup-r` and `make setup-sshd` unpack into `.tools/`, or that are installed."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from root import ROOT

_TOOLS = ROOT / ".tools"


def run_r(script: Path, package: str, folder: Path) -> str:
    """What the script prints in R, in this folder; skips the test where R or its package is not to be had."""
    command, environment = _r()
    there = f"if (!requireNamespace('{package}', quietly = TRUE)) quit(status = 3)\n"
    checked = script.with_suffix(".checked.R")
    checked.write_text(there + script.read_text("utf-8"), "utf-8")
    done = subprocess.run(
        [*command, f"--file={checked}"],
        cwd=folder,
        env={**os.environ, "LC_ALL": "C.UTF-8", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    if done.returncode == 3:
        pytest.skip(f"R has no {package}, and `make setup-r` could not unpack it")
    assert done.returncode == 0, done.stderr
    return done.stdout


def _r() -> tuple[list[str], dict[str, str]]:
    """The command that runs R, and its environment."""
    options = ["--no-save", "--no-restore", "--no-echo"]
    root = _TOOLS / "r" / "root"
    if not root.is_dir():
        if installed := shutil.which("R"):
            return [installed, *options], {}
        pytest.skip("there is no R, and `make setup-r` could not unpack it")
    home, [libraries] = root / "usr/lib/R", (root / "usr/lib").glob("*-linux-gnu*")
    places = (home / "lib", libraries, libraries / "blas", libraries / "lapack")
    # the libraries are only for R itself, and not for the machine's programs that it starts
    [linker] = (root / "usr").glob("lib*/ld-linux-*.so.*")
    by_linker = [str(linker), "--library-path", os.pathsep.join(map(str, places)), str(home / "bin/exec/R")]
    # what the script of the package sets, which knows only the place where it would be installed
    environment = {
        "R_HOME": str(home),
        "R_SHARE_DIR": str(root / "usr/share/R/share"),
        "R_LIBS_SITE": str(home / "site-library"),
    }
    return [*by_linker, *options], environment


def sshd() -> tuple[Path, dict[str, str]]:
    """OpenSSH's server, and an environment in which it takes its users from a file."""
    root = _TOOLS / "sshd" / "root"
    libraries = [str(folder) for folder in root.glob("usr/lib/*-linux-gnu*")]
    environment = {
        "LD_PRELOAD": str(_found(root, "usr/lib/*/libnss_wrapper.so")),
        "LD_LIBRARY_PATH": os.pathsep.join(libraries),
    }
    return _found(root, "usr/sbin/sshd"), environment


def _found(root: Path, pattern: str) -> Path:
    """The file among the unpacked ones or the installed ones; skips the test where there is none."""
    found = [file for top in (root, Path("/")) for file in top.glob(pattern)]
    if not found:
        pytest.skip(f"there is no {pattern}, and `make setup-{root.parent.name}` could not unpack it")
    return found[0]
