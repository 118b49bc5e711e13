"""Each form of a release has exactly the written columns, and no cell from any other column."""

from dataclasses import replace

import polars as pl
import pytest
from small_study import attacked, study_of

from gettok import release
from gettok.tables import TABLES

ANSWERED = "status reason answer_key"
ANNOTATION = (
    "variable label labels number abstained confidence confidence_by votes voters failed_votes tied_with evidence_in"
    " inputs_used clip_s first_model"
)
USAGE = "model finish_reason prompt_tokens cached_tokens completion_tokens cost_usd"
DERIVED = {
    "videos": "video_id created_at observed_at",
    "media": "video_id kind sha256 bytes backend duration_s frame_count frame_rate is_constant_rate bit_rate width"
    " height rotation is_mirrored pixel_aspect_ratio color_primaries color_transfer color_space color_range video_codec"
    " video_tracks video_track container has_audio audio_codec audio_channels sample_rate audio_tracks audio_track"
    f" loudness_lufs c2pa c2pa_ai c2pa_trust_list_sha256 {ANSWERED}",
    "captions": "video_id language source format",
    "frames": f"video_id frame_index time_s width height sha256 {ANSWERED}",
    "transcripts": "video_id speech text raw_text language language_share language_probability segments words sound_s"
    " speech_ratio avg_logprob no_speech_prob compression_ratio chars_per_s repeats hallucinations quality_flags"
    f" speech_model speech_model_revision speech_model_sha256 speech_compute_type {ANSWERED}",
    "descriptions": "video_id description on_screen_text on_screen_by_frame on_screen_language frame_indices clip_s"
    f" ocr_text ocr_cer ocr_cer_reason ocr_unread_scripts {USAGE} {ANSWERED}",
    "screen_texts": f"video_id frame_index text lines reader reader_sha256 {ANSWERED}",
    "annotations": f"video_id {ANNOTATION} label_order {USAGE} {ANSWERED}",
    "prompt_injection": "video_id attack_type clean_label wanted inserted inserted_into flipped complied"
    f" {ANNOTATION} {USAGE} {ANSWERED}",
    "pairs": "video_id left right created_at left_language right_language left_words right_words jaccard cosine wer cer"
    " capitalisation punctuation spelling",
}
#: Each column of the dataset with the table and the column that it comes from, by the first form that has it.
DATASET_IDS_ONLY = {"video_id": "videos.video_id"}
DATASET_DERIVED = {
    "whisper_voice_to_text": "transcripts.text",
    "description_video_gpt4": "descriptions.description",
    "on_screen_text": "descriptions.on_screen_text",
    "ocr_text": "descriptions.ocr_text",
    "ocr_cer": "descriptions.ocr_cer",
    "ocr_cer_reason": "descriptions.ocr_cer_reason",
    "transcript_language": "transcripts.language",
    "speech": "transcripts.speech",
    "no_media_because": "media.reason",
    "no_transcript_because": "transcripts.reason",
    "no_description_because": "descriptions.reason",
}
DATASET_FULL = {
    "created_at": "videos.created_at",
    "region_code": "videos.region_code",
    "username": "videos.username",
    "caption": "videos.description",
    "hashtags": "videos.hashtags",
    "voice_to_text": "videos.voice_to_text",
    "tiktok_captions": "captions.text",
    "view_count": "videos.view_count",
    "like_count": "videos.like_count",
    "comment_count": "videos.comment_count",
    "share_count": "videos.share_count",
    "duration_s": "videos.duration_s",
}
#: Those of the codebook's variables come last.
DATASET_CODED = {
    "stance": "annotations.label",
    "stance_confidence": "annotations.confidence",
    "stance_confidence_by": "annotations.confidence_by",
    "no_stance_because": "annotations.reason",
}
DATASET = {
    "ids_only": DATASET_IDS_ONLY,
    "derived": DATASET_IDS_ONLY | DATASET_DERIVED | DATASET_CODED,
    "full": DATASET_IDS_ONLY | DATASET_DERIVED | DATASET_FULL | DATASET_CODED,
}
#: Columns whose values a release checks, so that they cannot hold just anything.
CHECKED = {"video_id", "status", "reason", "model", "voters", "left", "right", "attack_type", "variable"}


def with_names_as_texts():
    """A study with every table, in which each cell of text is the name of its table and column."""
    of = attacked(study_of(3))
    ids = of.videos["video_id"].to_list()
    read = TABLES["screen_texts"].frame([{"video_id": video_id, "frame_index": 0} for video_id in ids])
    of = replace(of, screen_texts=read)
    return replace(of, **{name: _named(name, frame) for name, frame in of.named().items()})


def _named(table, frame):
    texts = [name for name, dtype in frame.schema.items() if dtype == pl.String and name not in CHECKED]
    lists = [name for name, dtype in frame.schema.items() if dtype == pl.List(pl.String)]
    return frame.with_columns(
        *(pl.lit(f"{table}.{name}").alias(name) for name in texts),
        *(pl.lit([f"{table}.{name}"]).alias(name) for name in lists if name not in CHECKED),
    )


def written(folder, form):
    release.write(folder, with_names_as_texts(), form, {})
    return {file.stem: pl.read_parquet(file) for file in folder.glob("*.parquet")}


def expected_columns(form):
    if form == "ids_only":
        return {}
    declared = {name: [column.name for column in TABLES[name].columns] for name in DERIVED}
    if form == "full":
        return {name: set(columns) - {"answer"} for name, columns in declared.items()}
    return {name: set(columns.split()) for name, columns in DERIVED.items()}


@pytest.mark.parametrize("form", ["ids_only", "derived", "full"])
def test_a_form_has_exactly_the_written_tables_and_columns(tmp_path, form):
    made = written(tmp_path / "r", form)
    assert list(made.pop("dataset").columns) == list(DATASET[form])
    assert {name: set(frame.columns) for name, frame in made.items()} == expected_columns(form)


def cells(frame):
    """Every text in the frame, also within lists and structures."""
    found = set()

    def collect(value):
        if isinstance(value, str):
            found.add(value)
        for part in value if isinstance(value, list) else value.values() if isinstance(value, dict) else ():
            collect(part)

    for row in frame.rows():
        collect(list(row))
    return found


@pytest.mark.parametrize("form", ["ids_only", "derived", "full"])
def test_no_cell_of_a_release_comes_from_a_column_that_its_form_withholds(tmp_path, form):
    made = written(tmp_path / "r", form)
    allowed = {f"{table}.{column}" for table, columns in expected_columns(form).items() for column in columns}
    names = {f"{name}.{column}" for name in DERIVED for column in TABLES[name].schema}
    for frame in made.values():
        assert cells(frame) & names <= allowed | set(DATASET[form].values())
    text = (tmp_path / "r" / "dataset.csv").read_text("utf-8")
    assert {name for name in names if f'"{name}"' in text} <= set(DATASET[form].values())


@pytest.mark.parametrize("form", ["ids_only", "derived", "full"])
def test_each_column_of_the_dataset_comes_from_the_written_one(tmp_path, form):
    made = written(tmp_path / "r", form)["dataset"].row(0, named=True)
    for column, value in made.items():
        origin = DATASET[form][column]
        if isinstance(value, str | list) and origin.partition(".")[2] not in CHECKED:
            assert value in (origin, [origin]), column


def test_each_reason_of_the_dataset_is_that_of_its_stage(tmp_path):
    """A reason is one of a closed list, so that it cannot be the name of its column."""
    of = study_of(2)
    lost = {
        "media": "private",
        "transcripts": "no_speech",
        "descriptions": "refused",
        "annotations": "no_inputs",
    }
    frames = {
        name: frame.with_columns(reason=pl.when(pl.col("status") != "ok").then(pl.lit(lost[name])))
        for name, frame in of.named().items()
        if name in lost
    }
    _, rows = release.dataset(replace(of, **frames), "derived")
    rows = pl.concat(rows)
    names = ("no_media_because", "no_transcript_because", "no_description_because", "no_stance_because")
    assert rows.select(names).rows() == [(None,) * 4, tuple(lost.values())]


def test_numbers_of_the_dataset_come_from_the_written_columns():
    numbers = {"view_count": 1, "like_count": 2, "comment_count": 3, "share_count": 4, "duration_s": 5}
    of = study_of(1)
    of = replace(
        of,
        videos=of.videos.with_columns(**{name: pl.lit(value) for name, value in numbers.items()}),
        descriptions=of.descriptions.with_columns(ocr_cer=pl.lit(0.25)),
        annotations=of.annotations.with_columns(confidence=pl.lit(0.75)),
    )
    _, rows = release.dataset(of, "full")
    rows = pl.concat(rows)
    wanted = numbers | {"ocr_cer": 0.25, "stance_confidence": 0.75}
    assert rows.select(wanted.keys()).rows(named=True) == [wanted]
