"""Texts against what was truly said, as people wrote it down: error rates by condition."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from gettok.compare.text_sources import WAYS
from gettok.errors import BadInput
from gettok.stats.bootstrap import Estimate, ratio
from gettok.text.tokens import errors, normalise

#: Why a sound that was listened to has no text.
NOBODY_HEARD = ("no_speech", "music")
COLUMNS = ("video_id", "text", "condition")
#: How the rates are made, for whoever reads them.
MEANING = (
    "all wrong words (or characters) over all that were truly said, on normalised words; a video in which our"
    " recogniser found no speech counts as wholly missed; a video whose sound we do not have, or for which TikTok gives"
    " no text, is left out and counted as not_heard"
)


@dataclass(frozen=True)
class Against:
    """How right the texts are for the videos of one condition. `wholly_missed` are those heard without one word.

    `spoken` videos have words in truth; `not_heard` of them could not be listened to and are in no rate. In a `silent`
    video nobody speaks: what is heard there are `words_where_nobody_speaks`.
    """

    spoken: int
    not_heard: int
    wholly_missed: int
    wer: Estimate
    cer: Estimate
    silent: int
    words_where_nobody_speaks: int


def by_condition(true: pl.DataFrame, heard: Mapping[str, str]) -> dict[str, Against]:
    """Rates for each condition, in order of name. A video may be in several conditions, or in none.

    `true` has `COLUMNS`; `heard` holds the text of each video that was listened to, empty where nothing was heard.
    """
    conditions = sorted(true["condition"].drop_nulls().unique())
    return {name: against(true.filter(pl.col("condition") == name), heard) for name in conditions}


def against(true: pl.DataFrame, heard: Mapping[str, str]) -> Against:
    """Rates over all videos of `true`, each once."""
    texts = dict(true.select("video_id", "text").iter_rows())
    spoken = {video: text for video, text in texts.items() if text and normalise(text)}
    silent = texts.keys() - spoken.keys()
    listened = sorted(spoken.keys() & heard.keys())
    found = [errors(spoken[video], heard[video]) for video in listened]
    return Against(
        spoken=len(spoken),
        not_heard=len(spoken) - len(listened),
        wholly_missed=sum(not normalise(heard[video]) for video in listened),
        wer=ratio([one.wrong_words for one in found], [one.words for one in found]),
        cer=ratio([one.wrong_characters for one in found], [one.characters for one in found]),
        silent=len(silent),
        words_where_nobody_speaks=sum(len(normalise(heard.get(video, ""))) for video in silent),
    )


def heard_by_us(transcripts: pl.DataFrame) -> dict[str, str]:
    """Our text of each video that we could listen to: empty where no speech was found."""
    listened = (pl.col("status") == "ok") | pl.col("reason").is_in(NOBODY_HEARD)
    return dict(transcripts.filter(listened).select("video_id", pl.col("text").fill_null("")).iter_rows())


def of_ways(true: pl.DataFrame, of_videos: pl.DataFrame, transcripts: pl.DataFrame) -> dict[str, Any]:
    """What `summary.json` holds as `truth`: rates by way and condition. Videos that the study lacks are counted."""
    known = true.filter(pl.col("video_id").is_in(of_videos["video_id"].implode()))
    heard = {way: dict(of_videos.select("video_id", way).drop_nulls().iter_rows()) for way in WAYS}
    heard["whisper"] = heard_by_us(transcripts)
    return {
        "meaning": MEANING,
        "not_in_study": true["video_id"].n_unique() - known["video_id"].n_unique(),
        "ways": {way: _rates(known, heard[way]) for way in WAYS},
    }


def _rates(true: pl.DataFrame, heard: Mapping[str, str]) -> dict[str, Any]:
    conditions = by_condition(true, heard)
    return {
        "all": asdict(against(true, heard)),
        "conditions": {name: asdict(rates) for name, rates in conditions.items()},
    }


def read_spoken(path: Path) -> pl.DataFrame:
    """What people wrote down, out of a CSV with `COLUMNS`. Raises `BadInput`."""
    try:
        table = pl.read_csv(path, infer_schema=False, columns=list(COLUMNS))
    except (OSError, pl.exceptions.PolarsError) as error:
        raise _unfit(
            path, f"cannot be read as a table with the columns {', '.join(COLUMNS)}: {error}"
        ) from error
    if wrong := _no_ids(table["video_id"].to_list()):
        raise _unfit(path, f"has {wrong[0]!r} as a video_id, which is no number of digits")
    for columns, what in (
        (("video_id", "condition"), "in one condition twice"),
        (("video_id",), "with two texts"),
    ):
        key = (
            table.select(columns) if len(columns) > 1 else table.unique(["video_id", "text"]).select(columns)
        )
        if doubled := key.filter(key.is_duplicated())["video_id"].to_list():
            raise _unfit(path, f"has the video {min(doubled)} {what}")
    return table


def _no_ids(names: Sequence[str | None]) -> list[str | None]:
    return [name for name in names if name is None or not (name.isascii() and name.isdigit())]


def _unfit(path: Path, what: str) -> BadInput:
    return BadInput(
        f"{path} {what}",
        "stopped before comparing anything",
        "write a line for each video and condition, separated by commas, with video_id as text; or take the file away",
    )
