"""A file system of a few kilobytes or megabytes that a test fills and then enlarges."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class SmallDisk:
    """A mounted tmpfs."""

    folder: Path

    @property
    def used_kb(self) -> int:
        state = os.statvfs(self.folder)
        return (state.f_blocks - state.f_bfree) * state.f_frsize // 1024

    def resize(self, kb: int) -> None:
        subprocess.run(["mount", "-o", f"remount,size={kb}k", str(self.folder)], check=True)

    def leave(self, kb: int) -> None:
        """Make it so large that this much is free."""
        self.resize(self.used_kb + kb)


@contextmanager
def small_disk(folder: Path, kb: int) -> Iterator[SmallDisk]:
    """A new disk at a folder. Where no one may mount, the test is skipped, and pytest says why."""
    folder.mkdir(exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kb}k", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(
            f"nothing may be mounted here, so only /dev/full shows a full disk: {done.stderr.strip()}"
        )
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
