"""What a process takes. Imports next to nothing, because every import would count as the candidate's memory."""

import os
import resource
import sys
from pathlib import Path

_PER_MIB = 2**20 if sys.platform == "darwin" else 2**10


def peak_mib(usage: resource.struct_rusage | None = None) -> float:
    """Of the ended child whose usage is given, or else of this process so far."""
    return (usage or resource.getrusage(resource.RUSAGE_SELF)).ru_maxrss / _PER_MIB


def cpu_s() -> float:
    """Seconds of CPU of this process and of the children that it has waited for."""
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def python_path(checkout: Path) -> str:
    """The `PYTHONPATH` with which a program runs the code of a checkout."""
    return f"{checkout / 'src'}{os.pathsep}{checkout}"


def peak_mib_of_children() -> float:
    """The sum over all child processes that still run; 0 on systems other than Linux."""
    children = (file.read_text("ascii").split() for file in Path("/proc/self/task").glob("*/children"))
    return sum(peak_mib_of(Path("/proc", pid)) for pids in children for pid in pids)


def peak_mib_of(process: Path) -> float:
    """Of one process, given its folder in /proc."""
    lines = (process / "status").read_text("utf-8").splitlines()
    peak = next((line for line in lines if line.startswith("VmHWM:")), "VmHWM: 0")
    return round(int(peak.split()[1]) / 1024, 1)
