"""How much memory a process has taken at its peak. Imports next to nothing, as what it imports would count."""

import resource
import sys

_PER_MIB = 2**20 if sys.platform == "darwin" else 2**10


def peak_mib(usage: resource.struct_rusage | None = None) -> float:
    """Of the ended child whose usage is given, or else of this process up to now."""
    return (usage or resource.getrusage(resource.RUSAGE_SELF)).ru_maxrss / _PER_MIB
