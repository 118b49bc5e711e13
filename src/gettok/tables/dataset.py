"""The columns of a release's dataset: a row for each video, with a form that says from which release on it is shared."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from gettok.tables import TABLES, Column, Table

Form = Literal["ids_only", "derived", "full"]


@dataclass(frozen=True)
class DatasetField:
    """A column of the dataset: its source column and table, and the first form that has it."""

    column: Column
    table: str
    source: str
    form: Form


def _field(name: str, origin: str, form: Form, sentence: str = "") -> DatasetField:
    table, source = origin.split(".")
    of_table = next(column for column in TABLES[table].columns if column.name == source)
    return DatasetField(Column(name, of_table.dtype, sentence or of_table.sentence), table, source, form)


DATASET_FIELDS = (
    _field("video_id", "videos.video_id", "ids_only"),
    _field("whisper_voice_to_text", "transcripts.text", "derived", "Our transcript of the speech."),
    _field(
        "description_video_gpt4",
        "descriptions.description",
        "derived",
        "What happens in the video, as a model describes its frames. The column has the same name as in the"
        " published GET-Tok dataset; `provenance.json` names the model that answered.",
    ),
    _field("on_screen_text", "descriptions.on_screen_text", "derived"),
    _field("ocr_text", "descriptions.ocr_text", "derived"),
    _field("ocr_cer", "descriptions.ocr_cer", "derived"),
    _field("ocr_cer_reason", "descriptions.ocr_cer_reason", "derived"),
    _field("transcript_language", "transcripts.language", "derived"),
    _field("speech", "transcripts.speech", "derived"),
    _field(
        "no_media_because", "media.reason", "derived", "Why there is no media file; empty when there is one."
    ),
    _field("no_transcript_because", "transcripts.reason", "derived", "Why there is no transcript."),
    _field("no_description_because", "descriptions.reason", "derived", "Why there is no description."),
    _field("created_at", "videos.created_at", "full"),
    _field("region_code", "videos.region_code", "full"),
    _field("username", "videos.username", "full"),
    _field("caption", "videos.description", "full"),
    _field("hashtags", "videos.hashtags", "full"),
    _field("voice_to_text", "videos.voice_to_text", "full"),
    _field("tiktok_captions", "captions.text", "full"),
    _field("view_count", "videos.view_count", "full"),
    _field("like_count", "videos.like_count", "full"),
    _field("comment_count", "videos.comment_count", "full"),
    _field("share_count", "videos.share_count", "full"),
    _field("duration_s", "videos.duration_s", "full"),
)

#: The columns that every dataset has; those of the codebook's variables come after them.
DATASET = Table(
    "dataset", "One video of the study.", tuple(field.column for field in DATASET_FIELDS), ("video_id",)
)


def variable_column_names(variable: str) -> dict[str, str]:
    """The dataset's columns about a variable of the codebook: the value, and what `annotations` says of it."""
    return {
        "value": variable,
        "abstained": f"{variable}_abstained",
        "confidence": f"{variable}_confidence",
        "confidence_by": f"{variable}_confidence_by",
        "reason": f"no_{variable}_because",
    }


def taken_names(variables: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each variable that has a column of a name that the dataset has already, with that name."""
    taken = set(DATASET.schema.names())
    for variable in variables:
        names = set(variable_column_names(variable).values())
        if both := names & taken:
            yield variable, min(both)
        taken |= names
