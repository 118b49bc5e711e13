"""Texts of a controlled release, in which accounts have pseudonyms: a watermark on a picture names its author."""

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from gettok.release.pseudonyms import Pseudonyms

#: The columns with words of the video or of the model, in any table; in lists and structures, all texts are such words.
_TEXTS = (
    "whisper_voice_to_text",
    "description_video_gpt4",
    "text",
    "raw_text",
    "segments",
    "words",
    "description",
    "on_screen_text",
    "on_screen_by_frame",
    "ocr_text",
    "lines",
)


def without_names(rows: pl.DataFrame, authors: Mapping[str, str], names: Pseudonyms) -> pl.DataFrame:
    """The rows with pseudonyms in place of names in their texts. `authors` has the author's name by video."""
    of_row = [authors.get(video) for video in rows["video_id"]]
    replaced = [_column(rows[name], of_row, names) for name in _TEXTS if _has_text(rows.schema.get(name))]
    return rows.with_columns(replaced)


def _has_text(dtype: pl.DataType | None) -> bool:
    if isinstance(dtype, pl.List):
        return _has_text(dtype.inner)  # type: ignore[arg-type]  # polars also allows the class of a type here
    if isinstance(dtype, pl.Struct):
        return any(_has_text(field.dtype) for field in dtype.fields)  # type: ignore[arg-type]
    return dtype == pl.String


def _column(values: pl.Series, authors: Iterable[str | None], names: Pseudonyms) -> pl.Series:
    replaced = [
        _within(value, author, names) for value, author in zip(values.to_list(), authors, strict=True)
    ]
    return pl.Series(values.name, replaced, values.dtype)


def _within(value: Any, author: str | None, names: Pseudonyms) -> Any:
    if isinstance(value, str):
        return names.in_text(value, author)
    if isinstance(value, list):
        return [_within(part, author, names) for part in value]
    if isinstance(value, dict):
        return {key: _within(part, author, names) for key, part in value.items()}
    return value
