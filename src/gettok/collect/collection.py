"""How a study's videos were collected: the stage's books, and the days that are covered.

Not how many pages that took: a study that grew day by day took more than one that was collected at once, and has the
same videos.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import polars as pl

from gettok.books import Books
from gettok.collect.origin import Origin, SourceKind
from gettok.step import Json

#: What the two books of a collection count, by the kind of the source: the stage's, and the source's.
_COUNTS: Mapping[SourceKind, tuple[str, str]] = MappingProxyType(
    {
        "research_api": ("days of the study", "candidates of the searches"),
        "ids": ("ids of the list", "ids of the list"),
        "zeeschuimer": ("captured videos", "captured videos"),
    }
)


@dataclass(frozen=True)
class CollectionSummary:
    """Where the videos are from.

    `books` are those of the stage; `days` counts the study's days by their state of coverage, and has none unless a
    query found the videos.
    """

    origin: Origin
    books: Books
    days: Mapping[str, int] = field(default_factory=dict)

    def check(self) -> None:
        """Raise `Damaged` unless both books balance."""
        for books in (self.books, self.origin.books):
            books.check("collect")

    def stored(self) -> dict[str, Json]:
        """As the books of a release have it."""
        of_stage, of_source = _COUNTS[self.origin.kind]
        return {
            "kind": self.origin.kind,
            "collect_counts": of_stage,
            "source_counts": of_source,
            "days": dict(self.days),
            **self.origin.books.stored(),
        }


def collection(found: Origin, collected: Books, coverage: pl.DataFrame) -> CollectionSummary:
    """From the books of `collect` and its table `coverage`."""
    return CollectionSummary(found, collected, dict(sorted(Counter(coverage["state"].to_list()).items())))
