"""The contents of each form of a release. A column that a form does not list is withheld, and so is a new one.

`ids_only`  the ids of the videos, for people who may ask TikTok for them again.
`derived`   the ids, and what the pipeline made: facts about the files, transcripts, descriptions, on-screen text,
            stances, prompt injection variants, and comparisons of transcripts; no captions, names, TikTok's texts,
            counts or images.
`full`      every column except `answer`; the answers are in the tables that `dvc pull` brings.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

import polars as pl

from gettok.release.inputs import Tables
from gettok.tables import TABLES, Column, Table

Form = Literal["ids_only", "derived", "full"]

_ANSWERED = "status reason answer_key"
_STANCE = "label confidence confidence_by votes voters abstentions tied_with evidence_in inputs_used"
_USAGE = "model finish_reason prompt_tokens completion_tokens cost_usd"

#: The columns of each table in the form `derived`. `detail` is not among them, as it may quote a page.
DERIVED: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        name: frozenset(columns.split())
        for name, columns in {
            "videos": "video_id created_at observed_at",
            "media": "video_id kind sha256 bytes backend duration_s frame_count frame_rate is_constant_rate bit_rate"
            " width height rotation is_mirrored pixel_aspect_ratio color_primaries color_transfer color_space"
            " color_range video_codec video_tracks video_track container has_audio audio_codec audio_channels"
            " sample_rate audio_tracks audio_track loudness_lufs c2pa c2pa_ai"
            " c2pa_trust_list_sha256"
            f" {_ANSWERED}",
            "captions": "video_id language source format",
            "frames": f"video_id frame_index time_s width height sha256 {_ANSWERED}",
            "transcripts": "video_id speech text raw_text language language_share language_probability segments words"
            " sound_s speech_ratio avg_logprob no_speech_prob compression_ratio chars_per_s repeats hallucinations"
            f" quality_flags speech_model speech_model_revision speech_model_sha256 speech_compute_type"
            f" {_ANSWERED}",
            "descriptions": "video_id description on_screen_text on_screen_by_frame on_screen_language frame_indices"
            " ocr_text ocr_cer ocr_cer_reason ocr_unread_scripts"
            f" {_USAGE} {_ANSWERED}",
            "screen_texts": f"video_id frame_index text lines reader reader_sha256 {_ANSWERED}",
            "stances": f"video_id {_STANCE} {_USAGE} {_ANSWERED}",
            "prompt_injection": "video_id attack_type clean_label wanted inserted inserted_into flipped complied"
            f" {_STANCE} {_USAGE} {_ANSWERED}",
            "pairs": "video_id left right created_at left_language right_language left_words right_words jaccard cosine"
            " wer cer capitalisation punctuation spelling",
        }.items()
    }
)


@dataclass(frozen=True)
class _Field:
    """A column of the dataset: its source column and table, and the first form that has it."""

    column: Column
    table: str
    source: str
    form: Form


def _field(name: str, origin: str, form: Form, sentence: str = "") -> _Field:
    table, source = origin.split(".")
    of_table = next(column for column in TABLES[table].columns if column.name == source)
    return _Field(Column(name, of_table.dtype, sentence or of_table.sentence), table, source, form)


_FIELDS = (
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
    _field("stance", "stances.label", "derived"),
    _field("stance_confidence", "stances.confidence", "derived"),
    _field("stance_confidence_by", "stances.confidence_by", "derived"),
    _field("transcript_language", "transcripts.language", "derived"),
    _field("speech", "transcripts.speech", "derived"),
    _field(
        "no_media_because", "media.reason", "derived", "Why there is no media file; empty when there is one."
    ),
    _field("no_transcript_because", "transcripts.reason", "derived", "Why there is no transcript."),
    _field("no_description_because", "descriptions.reason", "derived", "Why there is no description."),
    _field("no_stance_because", "stances.reason", "derived", "Why there is no stance."),
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

_ORDER: tuple[Form, ...] = ("ids_only", "derived", "full")

DATASET = Table("dataset", "One video of the study.", tuple(field.column for field in _FIELDS), ("video_id",))


def _fields(form: Form) -> list[_Field]:
    return [field for field in _FIELDS if _ORDER.index(field.form) <= _ORDER.index(form)]


def dataset(tables: Tables, form: Form) -> tuple[Table, pl.DataFrame]:
    """One row for each video, with the columns that the form allows: the table's declaration and its rows."""
    fields = _fields(form)
    frames = tables.named()
    joined = frames["videos"].select("video_id")
    facts = [field for field in fields if field.column.name != "video_id"]
    for name in dict.fromkeys(field.table for field in facts):
        columns = {field.column.name: pl.col(field.source) for field in facts if field.table == name}
        joined = joined.join(frames[name].select("video_id", **columns), on="video_id", how="left")
    table = replace(DATASET, columns=tuple(field.column for field in fields))
    return table, joined.select(table.schema.names()).sort("video_id")


def released(tables: Tables, form: Form) -> list[tuple[Table, pl.DataFrame]]:
    """The tables released beside the dataset, with the columns that the form allows: declarations and rows."""
    if form == "ids_only":
        return []
    cut = [_cut(TABLES[name], frame, form) for name, frame in tables.named().items()]
    return sorted(cut, key=lambda part: part[0].name)


def _cut(table: Table, frame: pl.DataFrame, form: Form) -> tuple[Table, pl.DataFrame]:
    columns = [
        column
        for column in table.columns
        if column.name in frame.columns and (form == "full" or column.name in DERIVED[table.name])
        if column.name != "answer"
    ]
    return replace(table, columns=tuple(columns)), frame.select(column.name for column in columns).sort(
        table.sort
    )
