"""Several addresses of one file: the first that serves it is enough."""

from collections.abc import Callable, Collection, Sequence
from typing import TypeVar

from gettok.errors import RETRYABLE, Unusable

A = TypeVar("A")

#: A file that arrives damaged in one of these ways is asked for again at another address.
DAMAGE = frozenset({"truncated", "not_a_video", "undecodable"})
#: What a pause may mend; a limit of ours, or a folder without the file, it does not.
PASSING = frozenset({"unreadable", "unreachable"})


def first_to_serve(mirrors: Sequence[A], fetch: Callable[[A], object], last: Collection[str] = ()) -> A:
    """The first mirror that `fetch` raises nothing for; a trouble with a reason in `last` ends the search."""
    troubles: list[Unusable] = []
    try:
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
        raise next((trouble for trouble in troubles if trouble.reason in RETRYABLE), troubles[0])
    finally:
        troubles.clear()  # they know this call and its callers, and would keep alive what these hold: whole files


def rotate_mirrors(mirrors: Sequence[A], damaged: int) -> list[A]:
    """Begin with another address for each file that arrived damaged, without passing over the best for good."""
    start = damaged % len(mirrors)
    return [*mirrors[start:], *mirrors[:start]]
