"""What refreshes no longer found, and what people asked to be erased: it is in no table, and in no list of rejects."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field

import polars as pl

from gettok.collect.erased import NONE_ERASED, Erased, marked_digest, user_digest
from gettok.collect.tombstones import sha256
from gettok.step import Json
from gettok.tabulate.pages import PageObject


@dataclass(frozen=True)
class Gone:
    """The digests of the ids on a list of tombstones, and which of them were met."""

    digests: Collection[str] = frozenset()
    #: Of videos: whose authors may be erased.
    erased: Erased = NONE_ERASED
    met: set[str] = field(default_factory=set)

    def __contains__(self, name: str | None) -> bool:
        return bool(self.digests) and name is not None and not self._digests_of(name).isdisjoint(self.digests)

    @staticmethod
    def _digests_of(name: str) -> set[str]:
        """As refreshes list a name, and as erasures do: the same for an id."""
        return {sha256(name), user_digest(name)}

    def without(
        self, objects: Iterator[PageObject], id_of: Callable[[Json], str | None]
    ) -> Iterator[PageObject]:
        """The objects that are not gone; notes the digests of the others."""
        for received in objects:
            if (digest := self._digest_if_gone(received.content, id_of)) is None:
                yield received
            else:
                self.met.add(digest)

    def _digest_if_gone(self, content: Json, id_of: Callable[[Json], str | None]) -> str | None:
        if (digest := marked_digest(content)) is not None:
            return digest
        if self.digests and (name := id_of(content)) is not None and name in self:
            return sha256(name)
        return self.erased.video_digest(content) if self.erased else None

    def without_usernames(
        self, days: Iterable[tuple[object, pl.DataFrame]]
    ) -> Iterator[tuple[object, pl.DataFrame]]:
        """Each day's videos, with an empty `username` where that user is gone: the videos themselves may stay."""
        for day, videos in days:
            gone = [name for name in videos["username"].unique() if name in self]
            yield day, videos.with_columns(pl.when(~pl.col("username").is_in(gone)).then("username"))

    def without_parents(self, comments: pl.DataFrame) -> pl.DataFrame:
        """Comments with an empty `parent_comment_id` where that comment is gone."""
        parents = [name for name in comments["parent_comment_id"].unique() if name in self]
        return comments.with_columns(
            pl.when(~pl.col("parent_comment_id").is_in(parents)).then("parent_comment_id")
        )


def without_mentions(
    days: Iterable[tuple[object, pl.DataFrame]], erased: Erased
) -> Iterator[tuple[object, pl.DataFrame]]:
    """Each day's videos, whose `mentions` do not name erased users."""
    for day, videos in days:
        names = [name for name in videos["mentions"].explode().unique() if erased.has_user(name)]
        others = pl.col("mentions").list.eval(pl.element().filter(~pl.element().is_in(names)))
        yield day, videos.with_columns(others) if names else videos


NONE_GONE = Gone()
