"""Every table's schema, in one place, with a sentence for each column: the data dictionary is made from it.

Rows are written sorted, with the declared columns in the declared order and nothing else, so that the same rows give
the same bytes. Tables by day hold one Parquet file for each publication day: a new day leaves the old files untouched.
"""

from collections.abc import Mapping

from gettok.tables.collected import (
    ASIDE,
    COMMENTS,
    COUNTS,
    COVERAGE,
    FIELDS,
    PAGES,
    USERS,
    VIDEOS,
    WINDOWS,
)
from gettok.tables.images import IMAGE
from gettok.tables.made import (
    ATTACKS,
    CAPTIONS,
    DESCRIPTIONS,
    FRAMES,
    MEDIA,
    PAIRS,
    SCREEN_TEXTS,
    SEGMENT,
    STANCES,
    TRANSCRIPTS,
)
from gettok.tables.table import Column, Table

TABLES: Mapping[str, Table] = {
    table.name: table
    for table in (
        PAGES,
        WINDOWS,
        COVERAGE,
        VIDEOS,
        COUNTS,
        COMMENTS,
        USERS,
        ASIDE,
        FIELDS,
        MEDIA,
        CAPTIONS,
        FRAMES,
        TRANSCRIPTS,
        DESCRIPTIONS,
        SCREEN_TEXTS,
        STANCES,
        ATTACKS,
        PAIRS,
    )
}

__all__ = [
    "ASIDE",
    "ATTACKS",
    "CAPTIONS",
    "COMMENTS",
    "COUNTS",
    "COVERAGE",
    "DESCRIPTIONS",
    "FIELDS",
    "FRAMES",
    "IMAGE",
    "MEDIA",
    "PAGES",
    "PAIRS",
    "SCREEN_TEXTS",
    "SEGMENT",
    "STANCES",
    "TABLES",
    "TRANSCRIPTS",
    "USERS",
    "VIDEOS",
    "WINDOWS",
    "Column",
    "Table",
]
