"""What refreshes no longer found: it is in no table, and in no list of rejects."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field

import polars as pl

from gettok.collect.tombstones import sha256
from gettok.step import Json
from gettok.tabulate.pages import PageObject


@dataclass(frozen=True)
class Gone:
    """The digests of the ids on a list of tombstones, and which of them were met."""

    digests: Collection[str] = frozenset()
    met: set[str] = field(default_factory=set)

    def __contains__(self, name: str | None) -> bool:
        return bool(self.digests) and name is not None and sha256(name) in self.digests

    def without(
        self, objects: Iterator[PageObject], id_of: Callable[[Json], str | None]
    ) -> Iterator[PageObject]:
        """The objects that are not gone; notes the ids of the others."""
        return self._without(objects, id_of) if self.digests else objects

    def _without(
        self, objects: Iterator[PageObject], id_of: Callable[[Json], str | None]
    ) -> Iterator[PageObject]:
        for received in objects:
            name = id_of(received.content)
            if name in self:
                self.met.add(sha256(str(name)))
            else:
                yield received

    def without_usernames(
        self, days: Iterable[tuple[object, pl.DataFrame]]
    ) -> Iterator[tuple[object, pl.DataFrame]]:
        """Each day's videos, with an empty `username` where that user is gone: the videos themselves may stay."""
        for day, videos in days:
            gone = [name for name in videos["username"].unique() if name in self]
            yield day, videos.with_columns(pl.when(~pl.col("username").is_in(gone)).then("username"))


NONE_GONE = Gone()
