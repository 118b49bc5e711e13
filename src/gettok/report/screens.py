"""How far the model's reading of the screen is from a reader of text, and the videos where it is farthest."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from gettok.stats.bootstrap import Estimate, mean

_MOST_SHOWN = 10


@dataclass(frozen=True)
class Compared:
    """The videos that both have read; `cer` is the mean over those in which at least one of the two found text."""

    videos: int
    cer: Estimate
    #: Descriptions' rows, the farthest apart first; none where the two agree.
    worst: Sequence[dict[str, Any]]


def compared(descriptions: pl.DataFrame) -> Compared:
    both = descriptions.drop_nulls("ocr_cer")
    with_text = both.filter((pl.col("ocr_text") != "") | (pl.col("on_screen_text") != ""))
    apart = with_text.filter(pl.col("ocr_cer") > 0).sort(["ocr_cer", "video_id"], descending=[True, False])
    return Compared(both.height, mean(with_text["ocr_cer"].to_list()), apart.head(_MOST_SHOWN).to_dicts())
