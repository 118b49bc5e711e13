"""Made-up specifications for the tests."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import polars as pl
from small_study import CODEBOOK, EVERY_KIND, STUDY

from gettok.multiverse.compared_variable import ComparedVariable, compared_variable
from gettok.multiverse.specifications import SCHEMA, Specification

FIRST = date(2022, 12, 5)
#: The stance, by the share of `support`.
COMPARED = compared_variable(CODEBOOK, STUDY.stance.target, None, None)


def compared(name: str | None = None, label: str | None = None) -> ComparedVariable:
    """Of the codebook with a variable of every kind."""
    return compared_variable(EVERY_KIND, STUDY.stance.target, name, label)


def specification(
    name: str,
    labels: Mapping[str, str | None] | Sequence[str | None],
    settings: Mapping[str, Any] | None = None,
) -> Specification:
    """A video for each label, published a day after the previous one; a video without a label was filtered."""
    given = (
        labels if isinstance(labels, Mapping) else {str(place): label for place, label in enumerate(labels)}
    )
    rows = [
        (video_id, FIRST + timedelta(days=place), label, None if label else "filtered")
        for place, (video_id, label) in enumerate(given.items())
    ]
    return Specification(name, settings or {"llm.model": name}, pl.DataFrame(rows, SCHEMA, orient="row"))
