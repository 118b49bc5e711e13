"""The columns of a release's dataset: a row for each video, each column with the forms of a release that have it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

import polars as pl

from gettok.tables import TABLES, Column, Table
from gettok.tables.forms import FORM_OF, FORMS, WITH_RESULTS, Form, forms_from
from gettok.tables.table import VIDEO_ID

#: How a column of the dataset is made of its source: `as_is`; `account`, a pseudonym; `day`; or `magnitude` and `length`,
#: the lower end of the range in which a number lies.
Change: TypeAlias = Literal["as_is", "account", "day", "magnitude", "length"]

#: The lower ends, in seconds, of the lengths that a public release tells apart.
LENGTHS = (0, 15, 60, 300)
#: Of these, TikTok shows the values, and shows them to everybody: together they may tell which video a row is about.
QUASI_IDENTIFIERS = (
    "day",
    "region_code",
    "view_count_at_least",
    "like_count_at_least",
    "comment_count_at_least",
    "share_count_at_least",
    "duration_s_at_least",
)


@dataclass(frozen=True)
class DatasetField:
    """A column of the dataset: its source column and table, the forms that have it, and how it is made."""

    column: Column
    table: str
    source: str
    forms: tuple[Form, ...]
    change: Change = "as_is"


_TYPES = {"account": pl.String, "day": pl.Date, "magnitude": pl.Int64, "length": pl.Int64}
#: From each of these forms on.
_PUBLIC, _CONTROLLED, _TEAM = map(forms_from, WITH_RESULTS)


def _field(
    name: str, origin: str, forms: tuple[Form, ...], sentence: str = "", change: Change = "as_is"
) -> DatasetField:
    table, source = origin.split(".")
    of_table = next(column for column in TABLES[table].columns if column.name == source)
    column = Column(name, _TYPES.get(change, of_table.dtype), sentence or of_table.sentence)
    return DatasetField(column, table, source, forms, change)


def _magnitude(count: str, what: str) -> DatasetField:
    sentence = (
        f"How many {what} TikTok counted, by magnitude: 0, 1, 10, 100 and so on, where 100 means 100 to 999. Empty for a"
        " row whose day, region and magnitudes too few other rows share."
    )
    return _field(f"{count}_at_least", f"videos.{count}", ("public",), sentence, "magnitude")


#: The kinds of variables whose values are words of the model or of the video.
_IN_WORDS = ("text", "span")

DATASET_FIELDS = (
    _field("video_id", "videos.video_id", FORMS),
    _field("whisper_voice_to_text", "transcripts.text", _CONTROLLED, "Our transcript of the speech."),
    _field(
        "description_video_gpt4",
        "descriptions.description",
        _CONTROLLED,
        "What happens in the video, as a model describes its frames. The column has the same name as in the"
        " published GET-Tok dataset; `provenance.json` names the model that answered.",
    ),
    _field("on_screen_text", "descriptions.on_screen_text", _CONTROLLED),
    _field("ocr_text", "descriptions.ocr_text", _CONTROLLED),
    _field("ocr_cer", "descriptions.ocr_cer", _PUBLIC),
    _field("ocr_cer_reason", "descriptions.ocr_cer_reason", _PUBLIC),
    _field("transcript_language", "transcripts.language", _PUBLIC),
    _field("speech", "transcripts.speech", _PUBLIC),
    _field(
        "no_media_because",
        "media.reason",
        _PUBLIC,
        "Why there is no media file; empty when there is one.",
    ),
    _field("no_transcript_because", "transcripts.reason", _PUBLIC, "Why there is no transcript."),
    _field("no_description_because", "descriptions.reason", _PUBLIC, "Why there is no description."),
    _field("created_at", "videos.created_at", _TEAM),
    _field("day", "videos.created_at", ("public",), "The day of publication (UTC).", "day"),
    _field("region_code", "videos.region_code", ("public", "team")),
    _field("username", "videos.username", _TEAM),
    _field(
        "account",
        "videos.username",
        ("public", "controlled"),
        "A pseudonym of the author's account: the same account has the same one in all releases with the same key.",
        "account",
    ),
    _field("caption", "videos.description", _TEAM),
    _field("hashtags", "videos.hashtags", _TEAM),
    _field("voice_to_text", "videos.voice_to_text", _TEAM),
    _field("tiktok_captions", "captions.text", _TEAM),
    _field("view_count", "videos.view_count", _TEAM),
    _field("like_count", "videos.like_count", _TEAM),
    _field("comment_count", "videos.comment_count", _TEAM),
    _field("share_count", "videos.share_count", _TEAM),
    _field("duration_s", "videos.duration_s", _TEAM),
    _magnitude("view_count", "views"),
    _magnitude("like_count", "likes"),
    _magnitude("comment_count", "comments"),
    _magnitude("share_count", "shares"),
    _field(
        "duration_s_at_least",
        "videos.duration_s",
        ("public",),
        f"The length in seconds, by its range: the ranges begin at {', '.join(map(str, LENGTHS))}. Empty for a row whose"
        " day, region and magnitudes too few other rows share.",
        "length",
    ),
)

#: Every column of the dataset in any form; those of the codebook's variables come after them.
DATASET = Table(
    "dataset", "One video of the study.", tuple(field.column for field in DATASET_FIELDS), ("video_id",)
)

#: The key of a public release.
PSEUDONYM = Column(
    VIDEO_ID.name,
    VIDEO_ID.dtype,
    "A pseudonym of the video: the same video has the same one in all releases with the same key.",
)


def fields_in(form: Form) -> list[DatasetField]:
    """The fields that the dataset has in this form, but for those of the codebook's variables."""
    return [field for field in DATASET_FIELDS if form in field.forms]


def forms_of(table: str, column: str) -> tuple[Form, ...]:
    """The forms of a release that have a column of a table, or of the dataset."""
    if table == DATASET.name:
        return next(field.forms for field in DATASET_FIELDS if field.column.name == column)
    first = FORM_OF.get(table, {}).get(column)
    return forms_from(first) if first else ()


def variable_column_names(variable: str) -> dict[str, str]:
    """The dataset's columns about a variable of the codebook: the value, and what `annotations` says of it."""
    return {
        "value": variable,
        "abstained": f"{variable}_abstained",
        "confidence": f"{variable}_confidence",
        "confidence_by": f"{variable}_confidence_by",
        "reason": f"no_{variable}_because",
    }


def without_value(kind: str, form: Form) -> bool:
    """Whether a form has no values of the variables of this kind: words of the model or of the video are the team's."""
    return form != "team" and kind in _IN_WORDS


def taken_names(variables: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each variable that has a column of a name that the dataset has already, with that name."""
    taken = set(DATASET.schema.names())
    for variable in variables:
        names = set(variable_column_names(variable).values())
        if both := names & taken:
            yield variable, min(both)
        taken |= names
