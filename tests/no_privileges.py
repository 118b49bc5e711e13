"""Programs that meet the permissions of files, though root runs the tests: root's own rights are taken from them."""

import ctypes
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

#: From linux/prctl.h and linux/capability.h.
_PR_CAPBSET_DROP, _CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH = 24, 1, 2
_libc = ctypes.CDLL(None)


def run_without_privileges(
    module: str, *arguments: str, folder: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """`python -m module arguments`, to which the permissions of files apply whoever runs it."""
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        preexec_fn=_drop,
    )


def _drop() -> None:
    # these calls fail for a user who has no such rights, and need not succeed then
    for capability in (_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH):
        _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)


@contextmanager
def not_writable(folder: Path) -> Iterator[None]:
    """A block in which no file in the folder, nor below it, may be written or created."""
    places = [folder, *(path for path in folder.rglob("*") if not path.is_symlink())]
    modes = {place: place.stat().st_mode for place in places}
    for place in reversed(places):
        place.chmod(modes[place] & 0o555)
    try:
        yield
    finally:
        for place, mode in modes.items():
            place.chmod(mode)
