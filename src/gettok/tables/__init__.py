"""Every table's schema, in one place, with a sentence for each column: the data dictionary is made from it.

Rows are written sorted, with the declared columns in the declared order and nothing else, so that the same rows give
the same bytes. Tables by day hold one Parquet file for each publication day: a new day leaves the old files untouched.
"""

from collections.abc import Mapping

from gettok.tables.collected import (
    COMMENTS,
    COUNTS,
    COVERAGE,
    FIELDS,
    PAGES,
    REJECTS,
    USERS,
    VIDEOS,
    WINDOWS,
)
from gettok.tables.image_columns import IMAGE
from gettok.tables.made import (
    DESCRIPTIONS,
    PAIRS,
    PROMPT_INJECTION,
    SCREEN_TEXTS,
    STANCES,
    TRANSCRIPTS,
)
from gettok.tables.media import CAPTIONS, FRAMES, MEDIA, SEGMENT
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
        REJECTS,
        FIELDS,
        MEDIA,
        CAPTIONS,
        FRAMES,
        TRANSCRIPTS,
        DESCRIPTIONS,
        SCREEN_TEXTS,
        STANCES,
        PROMPT_INJECTION,
        PAIRS,
    )
}

__all__ = [
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
    "PROMPT_INJECTION",
    "REJECTS",
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
