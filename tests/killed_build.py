"""A build that may end anywhere, as by a kill."""

import random
from collections.abc import Callable
from pathlib import Path

from gettok.pipeline import shards


class Killed(BaseException):
    """Stands for a kill between two steps of a build."""


def build_or_be_killed(build: Callable[[], object], chance: random.Random, steps: int, monkeypatch) -> bool:
    """Build; now and then the process ends at one of the first links and renames. Whether it came to the end."""
    left = chance.randrange(steps) if chance.random() < 0.3 else 10**6

    def counted(function):
        def call(*arguments):
            nonlocal left
            left -= 1
            if left < 0:
                raise Killed
            return function(*arguments)

        return call

    with monkeypatch.context() as patch:
        for module, name in ((shards, "link_or_copy"), (shards, "atomic_write"), (Path, "replace")):
            patch.setattr(module, name, counted(getattr(module, name)))
        try:
            build()
        except Killed:
            return False
    return True
