"""The order in which items are handed out: of the next few, the longest first, so that none is left to the end."""

import heapq
from collections.abc import Iterable
from itertools import count
from typing import Any

from gettok.step import Item, Sendable


class LongestFirst:
    """Looks so many items ahead, and hands out the longest of these; of equal ones, the first."""

    def __init__(self, items: Iterable[Item[Any]], ahead: int) -> None:
        self._items, self._ahead = iter(items), ahead
        self._numbers = count()
        self._heap: list[tuple[int, int, Item[Any]]] = []
        self._is_over = False

    def pop(self) -> Item[Any] | None:
        """The next item; None if there are no more."""
        self._fill()
        return heapq.heappop(self._heap)[2] if self._heap else None

    def known(self) -> int:
        """How many items there still are, as far as it looks."""
        self._fill()
        return len(self._heap)

    def _fill(self) -> None:
        while not self._is_over and len(self._heap) < self._ahead:
            item = next(self._items, None)
            if item is None:
                self._is_over = True
            else:
                heapq.heappush(self._heap, (-_length(item.content), next(self._numbers), item))


def _length(content: Any) -> int:
    return content.length if isinstance(content, Sendable) else 0
