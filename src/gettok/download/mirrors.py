"""Several addresses of one file: the first that serves it is enough."""

from collections.abc import Callable, Collection, Sequence
from typing import TypeVar

from gettok.errors import UNSETTLED, Unusable

A = TypeVar("A")

#: A file that arrives damaged in one of these ways is asked for again at another address.
DAMAGE = frozenset({"truncated", "not_a_video", "undecodable"})


def first_to_serve(mirrors: Sequence[A], fetch: Callable[[A], object], last: Collection[str] = ()) -> A:
    """The first mirror that `fetch` raises nothing for; a trouble with a reason in `last` ends the search."""
    troubles: list[Unusable] = []
    for mirror in mirrors:
        try:
            fetch(mirror)
        except Unusable as trouble:
            if trouble.reason in last:
                raise
            troubles.append(trouble)
        else:
            return mirror
    # one that may yet serve outweighs those that never will
    raise next((trouble for trouble in troubles if trouble.reason in UNSETTLED), troubles[0])


def turned(mirrors: Sequence[A], attempt: int) -> list[A]:
    """Begin with another address at each try, without passing over the best files for good."""
    start = attempt % len(mirrors)
    return [*mirrors[start:], *mirrors[:start]]
