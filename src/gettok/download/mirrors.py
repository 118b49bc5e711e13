"""Several URLs of one file: the first that serves it is enough."""

from collections.abc import Callable, Collection, Sequence
from typing import TypeVar

from gettok.errors import RETRYABLE, Unusable

A = TypeVar("A")

#: A file that arrives damaged in one of these ways is fetched again from another URL.
DAMAGE = frozenset({"truncated", "not_a_video", "undecodable"})
#: What waiting may cure, unlike a limit of ours or a file that is not in the folder.
TRANSIENT = frozenset({"unreadable", "unreachable"})


def first_to_serve(mirrors: Sequence[A], fetch: Callable[[A], object], last: Collection[str] = ()) -> A:
    """The first mirror for which `fetch` succeeds; a failure with a reason in `last` ends the search."""
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
        # a mirror that may work later outweighs those that never will
        raise next((trouble for trouble in troubles if trouble.reason in RETRYABLE), troubles[0])
    finally:
        # a traceback refers to this call and its callers, and so would keep whole files in memory
        troubles.clear()


def rotate_mirrors(mirrors: Sequence[A], damaged: int) -> list[A]:
    """Begin with the next mirror after each damaged file. All are kept, so the best one gets another chance."""
    start = damaged % len(mirrors)
    return [*mirrors[start:], *mirrors[:start]]
