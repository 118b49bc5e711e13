"""Runs of the collector in a process of their own, which a SIGKILL ends at a chosen place."""

import multiprocessing
import os
import signal
import sys
import threading
from multiprocessing.context import ForkServerContext
from pathlib import Path
from types import FrameType
from typing import Any

from collecting import Researcher

from gettok.errors import UserFacingError

#: Where a kill matters: before and after each step of a request, a page and a window's history.
_PLACES = frozenset({"ask", "send", "post", "settle", "put", "note", "execute", "_split_or_park", "_send"})
_FINISHED, _FAILED = 0, 75


def starter() -> ForkServerContext:
    """Child processes that start from one that has imported everything."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["gettok.collect", "gettok.settings.query", "gettok.tabulate", "sandbox.bulk", "sandbox.server"]
    )
    return context


def run_until(starter: ForkServerContext, researcher: Researcher, place: int) -> bool:
    """Run the collector and kill it at the given place; returns whether it got that far."""
    asked = (
        researcher.folder,
        researcher.sandbox.research_api,
        researcher.max_days,
        researcher.patience_days,
    )
    child = starter.Process(target=_run, args=(*asked, place))
    child.start()
    child.join()
    assert child.exitcode in (_FINISHED, _FAILED, -signal.SIGKILL), child.exitcode
    return child.exitcode == -signal.SIGKILL


class _Address:
    def __init__(self, research_api: str) -> None:
        self.research_api = research_api


def _run(folder: Path, research_api: str, max_days: int, patience_days: int, place: int) -> None:
    left = place

    def count(frame: FrameType, event: str, what: Any) -> None:
        nonlocal left
        name = what.__name__ if event.startswith("c_") else frame.f_code.co_name
        if name in _PLACES:
            left -= 1
            if left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)

    address: Any = _Address(research_api)
    researcher = Researcher(folder, address, max_days=max_days, patience_days=patience_days)
    threading.setprofile(count)
    sys.setprofile(count)
    try:
        researcher.collect()
    except UserFacingError:
        sys.exit(_FAILED)
