"""Texts against the words that people wrote down: error rates by condition."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from gettok.compare.text_sources import TEXT_SOURCES
from gettok.errors import BadInput
from gettok.stats.bootstrap import Estimate, ratio
from gettok.text.tokens import errors, normalise

#: Why a sound that was transcribed has no text.
NO_SPEECH_REASONS = ("no_speech", "music")
COLUMNS = ("video_id", "text", "condition")
#: How the rates are made, for their readers.
MEANING = (
    "all wrong words (or characters) over all that were spoken, on normalised words; a video in which our recogniser"
    " found no speech counts as missed entirely; a video whose sound we do not have, or for which TikTok gives no text,"
    " is left out and counted as not_compared"
)


@dataclass(frozen=True)
class ErrorRates:
    """How right the texts are for the videos of one condition.

    `spoken` videos have words. `not_compared` of them have no sound or no text to compare, and are in no rate;
    `missed_entirely` of them have an empty text. In a `silent` video no one speaks: words of its text are
    `words_without_speech`.
    """

    spoken: int
    not_compared: int
    missed_entirely: int
    wer: Estimate
    cer: Estimate
    silent: int
    words_without_speech: int


def by_condition(truth: pl.DataFrame, hypotheses: Mapping[str, str]) -> dict[str, ErrorRates]:
    """Rates for each condition, in order of name. A video may be in several conditions, or in none.

    `truth` has `COLUMNS`; `hypotheses` has the text of each video that was transcribed, empty without speech.
    """
    conditions = sorted(truth["condition"].drop_nulls().unique())
    return {name: error_rates(truth.filter(pl.col("condition") == name), hypotheses) for name in conditions}


def error_rates(truth: pl.DataFrame, hypotheses: Mapping[str, str]) -> ErrorRates:
    """Rates over all videos of `truth`, each counted once."""
    texts = dict(truth.select("video_id", "text").iter_rows())
    spoken = {video: text for video, text in texts.items() if text and normalise(text)}
    silent = texts.keys() - spoken.keys()
    compared = sorted(spoken.keys() & hypotheses.keys())
    counts = [errors(spoken[video], hypotheses[video]) for video in compared]
    return ErrorRates(
        spoken=len(spoken),
        not_compared=len(spoken) - len(compared),
        missed_entirely=sum(not normalise(hypotheses[video]) for video in compared),
        wer=ratio([count.wrong_words for count in counts], [count.words for count in counts]),
        cer=ratio([count.wrong_characters for count in counts], [count.characters for count in counts]),
        silent=len(silent),
        words_without_speech=sum(len(normalise(hypotheses.get(video, ""))) for video in silent),
    )


def our_texts(transcripts: pl.DataFrame) -> dict[str, str]:
    """Our text of each video that could be transcribed: empty where no speech was found."""
    transcribed = (pl.col("status") == "ok") | pl.col("reason").is_in(NO_SPEECH_REASONS)
    return dict(transcripts.filter(transcribed).select("video_id", pl.col("text").fill_null("")).iter_rows())


def truth_summary(truth: pl.DataFrame, texts: pl.DataFrame, transcripts: pl.DataFrame) -> dict[str, Any]:
    """The entry `truth` of `summary.json`: rates by text source and condition; videos outside the study are counted."""
    known = truth.filter(pl.col("video_id").is_in(texts["video_id"].implode()))
    hypotheses = {
        source: dict(texts.select("video_id", source).drop_nulls().iter_rows()) for source in TEXT_SOURCES
    }
    hypotheses["whisper"] = our_texts(transcripts)
    return {
        "meaning": MEANING,
        "not_in_study": truth["video_id"].n_unique() - known["video_id"].n_unique(),
        "text_sources": {source: _rates(known, hypotheses[source]) for source in TEXT_SOURCES},
    }


def _rates(truth: pl.DataFrame, hypotheses: Mapping[str, str]) -> dict[str, Any]:
    conditions = by_condition(truth, hypotheses)
    return {
        "all": asdict(error_rates(truth, hypotheses)),
        "conditions": {name: asdict(rates) for name, rates in conditions.items()},
    }


def read_truth(path: Path) -> pl.DataFrame:
    """The words that people wrote down, from a CSV with `COLUMNS`. Raises `BadInput`."""
    try:
        table = pl.read_csv(path, infer_schema=False, columns=list(COLUMNS))
    except (OSError, pl.exceptions.PolarsError) as error:
        raise _invalid(
            path, f"cannot be read as a table with the columns {', '.join(COLUMNS)}: {error}"
        ) from error
    if wrong := _not_ids(table["video_id"].to_list()):
        raise _invalid(path, f"has {wrong[0]!r} as a video_id, which is not a number in digits")
    for columns, what in (
        (("video_id", "condition"), "in one condition twice"),
        (("video_id",), "with two texts"),
    ):
        key = (
            table.select(columns) if len(columns) > 1 else table.unique(["video_id", "text"]).select(columns)
        )
        if duplicates := key.filter(key.is_duplicated())["video_id"].to_list():
            raise _invalid(path, f"has the video {min(duplicates)} {what}")
    return table


def _not_ids(values: Sequence[str | None]) -> list[str | None]:
    return [value for value in values if value is None or not (value.isascii() and value.isdigit())]


def _invalid(path: Path, what: str) -> BadInput:
    return BadInput(
        f"{path} {what}",
        "stopped before comparing anything",
        "write a line for each video and condition, separated by commas, with video_id as text; or delete the file",
    )
