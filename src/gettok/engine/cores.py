"""How many CPU cores the work of this process may take."""

import os

#: Set in a worker that shares its machine with others, and inherited by the processes that it starts.
_SHARE = "GETTOK_CORES"


def cores() -> int:
    """All that the system lets this process use, which a container or Slurm may limit; in a Ray worker its share."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(allowed, int(os.environ.get(_SHARE, allowed)))


def take_at_most(count: int) -> None:
    """Let this process, and those that it starts, take no more cores than that."""
    os.environ[_SHARE] = str(count)
