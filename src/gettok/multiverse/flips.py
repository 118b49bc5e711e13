"""Which videos get another label under another specification."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from gettok.multiverse.label_agreement import side_by_side
from gettok.multiverse.specifications import Specification


@dataclass(frozen=True)
class Flip:
    """A video with more than one label. `dissenting` specifications do not give it its most frequent label."""

    video_id: str
    different_labels: int
    dissenting: int
    judged: int
    labels: tuple[str | None, ...]


def flips(specifications: Sequence[Specification]) -> list[Flip]:
    """Most contested first: by different labels, then by the share that dissents, then by id.

    `labels` are in the order of the specifications, null where the video has none.
    """
    rows = side_by_side(specifications).rows()
    contested = [flip for video_id, *labels in rows if (flip := _flip(video_id, labels)).different_labels > 1]
    return sorted(
        contested, key=lambda flip: (-flip.different_labels, -flip.dissenting / flip.judged, flip.video_id)
    )


def _flip(video_id: str, labels: Sequence[str | None]) -> Flip:
    counts = Counter(label for label in labels if label is not None)
    most_frequent = max(counts.values(), default=0)
    return Flip(video_id, len(counts), counts.total() - most_frequent, counts.total(), tuple(labels))


def as_frame(contested: Sequence[Flip], specifications: Sequence[Specification]) -> pl.DataFrame:
    """One row for each video, and a column `label_<name>` for each specification."""
    columns = [f"label_{specification.name}" for specification in specifications]
    numbers = ("different_labels", "dissenting", "judged")
    schema = {"video_id": pl.String, **dict.fromkeys(numbers, pl.Int64), **dict.fromkeys(columns, pl.String)}
    rows = [(flip.video_id, *(getattr(flip, name) for name in numbers), *flip.labels) for flip in contested]
    return pl.DataFrame(rows, schema=schema, orient="row")
