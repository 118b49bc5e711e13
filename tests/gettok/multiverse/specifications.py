"""Made-up specifications for the tests."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import polars as pl

from gettok.multiverse.specifications import SCHEMA, Specification

FIRST = date(2022, 12, 5)


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
