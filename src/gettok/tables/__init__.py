"""The schema of every table, with a sentence for each column; the data dictionary is made from it.

Rows are written sorted, with exactly the declared columns in the declared order, so that the same rows give the same
bytes. Tables by day have one Parquet file for each day of publication: a new day leaves the old files unchanged.
"""

from collections.abc import Mapping

from gettok.tables import annotations, collected, media, transcripts
from gettok.tables.annotations import ANNOTATIONS, CASCADE, DESCRIPTIONS, PROMPT_INJECTION, SCREEN_TEXTS
from gettok.tables.collected import (
    COMMENTS,
    COMMENTS_BY_DAY,
    COMMENTS_BY_VIDEO,
    COUNTS,
    COVERAGE,
    FIELDS,
    IDS,
    PAGES,
    REJECTS,
    USERS,
    VIDEOS,
    WINDOWS,
)
from gettok.tables.image_columns import IMAGE
from gettok.tables.media import CAPTIONS, FRAMES, MEDIA, SEGMENT
from gettok.tables.table import Column, Table
from gettok.tables.transcripts import PAIRS, TRANSCRIPTS

#: Every table that these modules declare, in the order of the data dictionary.
TABLES: Mapping[str, Table] = {
    table.name: table
    for module in (collected, media, transcripts, annotations)
    for table in vars(module).values()
    if isinstance(table, Table)
}

__all__ = [
    "ANNOTATIONS",
    "CAPTIONS",
    "CASCADE",
    "COMMENTS",
    "COMMENTS_BY_DAY",
    "COMMENTS_BY_VIDEO",
    "COUNTS",
    "COVERAGE",
    "DESCRIPTIONS",
    "FIELDS",
    "FRAMES",
    "IDS",
    "IMAGE",
    "MEDIA",
    "PAGES",
    "PAIRS",
    "PROMPT_INJECTION",
    "REJECTS",
    "SCREEN_TEXTS",
    "SEGMENT",
    "TABLES",
    "TRANSCRIPTS",
    "USERS",
    "VIDEOS",
    "WINDOWS",
    "Column",
    "Table",
]
