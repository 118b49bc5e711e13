"""The contents of each form of a release. A column that a form does not list is withheld, and so is a new one.

`ids_only`  the ids of the videos, for people who may ask TikTok for them again.
`derived`   the ids, and what the pipeline made: facts about the files, transcripts, descriptions, on-screen text,
            annotations, prompt injection variants, and comparisons of transcripts; no captions, names, TikTok's texts,
            counts or images, and no texts or quotations as the values of annotations, as they may repeat all these.
`full`      every column except `answer`; the answers are in the tables that `dvc pull` brings.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

import polars as pl

from gettok.annotate.values import COLUMN_OF
from gettok.release.inputs import Tables
from gettok.settings import Codebook, Variable
from gettok.settings.codebook import Kind
from gettok.tables import ANNOTATIONS, TABLES, Column, Table
from gettok.tables.dataset import DATASET, DATASET_FIELDS, DatasetField, Form, variable_column_names
from gettok.tables.stored_rows import IdRange

_ANSWERED = "status reason answer_key"
_VALUE = "variable label labels number abstained"
_JUDGEMENT = (
    "confidence confidence_by votes voters failed_votes tied_with evidence_in inputs_used clip_s first_model"
)
_USAGE = "model finish_reason prompt_tokens cached_tokens completion_tokens cost_usd"

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
            " clip_s ocr_text ocr_cer ocr_cer_reason ocr_unread_scripts"
            f" {_USAGE} {_ANSWERED}",
            "screen_texts": f"video_id frame_index text lines reader reader_sha256 {_ANSWERED}",
            "annotations": f"video_id {_VALUE} {_JUDGEMENT} label_order {_USAGE} {_ANSWERED}",
            "prompt_injection": "video_id attack_type clean_label wanted inserted inserted_into flipped complied"
            f" {_VALUE} {_JUDGEMENT} {_USAGE} {_ANSWERED}",
            "pairs": "video_id left right created_at left_language right_language left_words right_words jaccard cosine"
            " wer cer capitalisation punctuation spelling",
        }.items()
    }
)


_ORDER: tuple[Form, ...] = ("ids_only", "derived", "full")

#: In a file of a release: few enough that one group fits into memory wherever the file is written or read.
_ROWS_PER_GROUP = 20_000
#: The tables with votes.
_VOTED = ("annotations", "prompt_injection")
#: The kinds whose values are words of the model or of the video.
_IN_WORDS: tuple[Kind, ...] = ("text", "span")


def variable_columns(name: str, variable: Variable, form: Form) -> dict[str, Column]:
    """The dataset's columns about a variable, each by its source among the columns of `annotations`."""
    if form == "ids_only":
        return {}
    value, names = COLUMN_OF[variable.kind], variable_column_names(name)
    columns = {
        value: Column(
            names["value"], ANNOTATIONS.schema[value], f"The value of `{name}`: {variable.question}"
        ),
        "abstained": Column(
            names["abstained"], pl.Boolean, f"Whether the model says that it cannot tell `{name}`."
        ),
        "confidence": Column(
            names["confidence"], pl.Float64, f"How well the value of `{name}` is supported, from 0 to 1."
        ),
        "confidence_by": Column(
            names["confidence_by"],
            pl.String,
            f"How the confidence of `{name}` was measured: `votes`, `models` or `logprobs`.",
        ),
        "reason": Column(names["reason"], pl.String, f"Why there is no value of `{name}`."),
    }
    if not variable.abstain:
        del columns["abstained"]
    if form == "derived" and variable.kind in _IN_WORDS:
        del columns[value]
    return columns


def dataset(tables: Tables, form: Form) -> tuple[Table, Iterator[pl.DataFrame]]:
    """One row for each video, with the columns that the form allows: the table's declaration and its rows, in parts."""
    fields = [field for field in DATASET_FIELDS if _ORDER.index(field.form) <= _ORDER.index(form)]
    of_variables = {
        name: variable_columns(name, variable, form) for name, variable in tables.codebook.variables.items()
    }
    declared = [field.column for field in fields]
    declared += [column for columns in of_variables.values() for column in columns.values()]
    table = replace(DATASET, columns=tuple(declared), rows_per_group=_ROWS_PER_GROUP)
    parts = (_joined(tables, ids, fields, of_variables) for ids in tables.ranges)
    return table, (part.select(table.schema.names()).sort("video_id").collect() for part in parts)


def _joined(
    tables: Tables,
    ids: IdRange,
    fields: Iterable[DatasetField],
    of_variables: Mapping[str, Mapping[str, Column]],
) -> pl.LazyFrame:
    """The rows of the videos of a range, with the columns of all tables."""
    joined = tables.rows("videos", ids).select("video_id")
    facts = [field for field in fields if field.column.name != "video_id"]
    for name in dict.fromkeys(field.table for field in facts):
        columns = {field.column.name: pl.col(field.source) for field in facts if field.table == name}
        joined = joined.join(tables.rows(name, ids).select("video_id", **columns), on="video_id", how="left")
    sources = {source for columns in of_variables.values() for source in columns}
    annotations = tables.rows("annotations", ids).select("video_id", "variable", *sorted(sources)).collect()
    for name, of_variable in of_variables.items():
        rows = annotations.lazy().filter(pl.col("variable") == name)
        columns = {column.name: pl.col(source) for source, column in of_variable.items()}
        joined = joined.join(rows.select("video_id", **columns), on="video_id", how="left")
    return joined


def released(tables: Tables, form: Form) -> list[tuple[Table, Iterator[pl.DataFrame]]]:
    """The tables beside the dataset, with the columns that the form allows: declarations and rows, in parts."""
    if form == "ids_only":
        return []
    return [_cut(tables, name, form) for name in sorted(tables.named())]


def _cut(tables: Tables, name: str, form: Form) -> tuple[Table, Iterator[pl.DataFrame]]:
    there = tables.rows(name).collect_schema()
    columns = [
        column
        for column in TABLES[name].columns
        if column.name in there and (form == "full" or column.name in DERIVED[name])
        if column.name != "answer"
    ]
    table = replace(TABLES[name], columns=tuple(columns))
    if "image" not in table.schema:
        table = replace(table, rows_per_group=_ROWS_PER_GROUP)
    kept = _without_words(tables.codebook) if form == "derived" and name in _VOTED else ()
    parts = (tables.rows(name, ids).with_columns(kept) for ids in tables.ranges)
    return table, (part.select(table.schema.names()).sort(table.sort).collect() for part in parts)


def _without_words(codebook: Codebook) -> pl.Expr:
    """Without the votes that are words of the model or of the video."""
    in_words = [name for name, variable in codebook.variables.items() if variable.kind in _IN_WORDS]
    return pl.when(~pl.col("variable").is_in(in_words)).then(pl.col("votes", "tied_with"))
