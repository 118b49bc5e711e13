"""Each form of a release has exactly the written columns, and no cell from any other column."""

from dataclasses import replace
from datetime import UTC, datetime

import polars as pl
import pytest
from small_study import attacked, shared, study_of

from gettok import release
from gettok.tables import TABLES
from gettok.tables.forms import FORM_OF

ANSWERED = "status reason"
VALUE = "variable label labels number abstained"
JUDGEMENT = (
    "confidence confidence_by votes voters failed_votes tied_with evidence_in inputs_used first_model model"
)
USAGE = "clip_s finish_reason prompt_tokens cached_tokens completion_tokens cost_usd answer_key"
PUBLIC = {
    "transcripts": "video_id speech language language_share language_probability avg_logprob no_speech_prob"
    f" quality_flags speech_model speech_model_revision speech_model_sha256 speech_compute_type {ANSWERED}",
    "descriptions": f"video_id on_screen_language ocr_cer ocr_cer_reason ocr_unread_scripts model {ANSWERED}",
    "annotations": f"video_id {VALUE} {JUDGEMENT} label_order {ANSWERED}",
    "prompt_injection": "video_id attack_type clean_label wanted inserted_into flipped complied"
    f" {VALUE} {JUDGEMENT} {ANSWERED}",
    "pairs": "video_id left right left_language right_language jaccard cosine wer cer capitalisation punctuation"
    " spelling",
    "comments_by_day": "day videos comments_at_least",
}
CONTROLLED = {
    "videos": "video_id created_at observed_at",
    "media": "video_id kind sha256 bytes backend duration_s frame_count frame_rate is_constant_rate bit_rate width"
    " height rotation is_mirrored pixel_aspect_ratio color_primaries color_transfer color_space color_range video_codec"
    " video_tracks video_track container has_audio audio_codec audio_channels sample_rate audio_tracks audio_track"
    f" loudness_lufs c2pa c2pa_ai c2pa_trust_list_sha256 answer_key {ANSWERED}",
    "captions": "video_id language source format",
    "frames": f"video_id frame_index time_s width height sha256 answer_key {ANSWERED}",
    "transcripts": "text raw_text segments words sound_s speech_ratio compression_ratio chars_per_s repeats"
    f" hallucinations answer_key {PUBLIC['transcripts']}",
    "descriptions": "description on_screen_text on_screen_by_frame frame_indices ocr_text"
    f" {USAGE} {PUBLIC['descriptions']}",
    "screen_texts": f"video_id frame_index text lines reader reader_sha256 answer_key {ANSWERED}",
    "annotations": f"{USAGE} {PUBLIC['annotations']}",
    "prompt_injection": f"inserted {USAGE} {PUBLIC['prompt_injection']}",
    "pairs": f"created_at left_words right_words left_characters wrong_characters {PUBLIC['pairs']}",
    "comments_by_day": f"comments replies {PUBLIC['comments_by_day']}",
    "comments_by_video": "video_id comments replies days liked liked_10 liked_100",
}
#: In no form; the words of models and strangers are in the form `team` alone.
NEVER = {"answer"}
TEAM_ALONE = ("counts", "comments")
#: Each column of the dataset with the table and the column that it comes from.
DATASET_IDS_ONLY = {"video_id": "videos.video_id"}
DATASET_TEXTS = {
    "whisper_voice_to_text": "transcripts.text",
    "description_video_gpt4": "descriptions.description",
    "on_screen_text": "descriptions.on_screen_text",
    "ocr_text": "descriptions.ocr_text",
}
DATASET_QUALITY = {
    "ocr_cer": "descriptions.ocr_cer",
    "ocr_cer_reason": "descriptions.ocr_cer_reason",
    "transcript_language": "transcripts.language",
    "speech": "transcripts.speech",
    "no_media_because": "media.reason",
    "no_transcript_because": "transcripts.reason",
    "no_description_because": "descriptions.reason",
}
DATASET_ACCOUNT = {"account": "videos.username"}
DATASET_DAY = {"day": "videos.created_at", "region_code": "videos.region_code"}
DATASET_MAGNITUDES = {
    f"{name}_at_least": f"videos.{name}"
    for name in ("view_count", "like_count", "comment_count", "share_count", "duration_s")
}
DATASET_TEAM = {
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
    "public": DATASET_IDS_ONLY
    | DATASET_QUALITY
    | DATASET_DAY
    | DATASET_ACCOUNT
    | DATASET_MAGNITUDES
    | DATASET_CODED,
    "controlled": DATASET_IDS_ONLY | DATASET_TEXTS | DATASET_QUALITY | DATASET_ACCOUNT | DATASET_CODED,
    "team": DATASET_IDS_ONLY | DATASET_TEXTS | DATASET_QUALITY | DATASET_TEAM | DATASET_CODED,
}
AT = datetime(2023, 3, 1, tzinfo=UTC)
#: Columns whose values a release checks, so that they cannot hold just anything.
CHECKED = {
    "video_id",
    "comment_id",
    "status",
    "reason",
    "model",
    "voters",
    "left",
    "right",
    "attack_type",
    "variable",
}


def with_names_as_texts():
    """A study with every table, in which each cell of text is the name of its table and column."""
    of = attacked(study_of(3))
    ids = of.videos["video_id"].to_list()
    read = TABLES["screen_texts"].frame([{"video_id": video_id, "frame_index": 0} for video_id in ids])
    counts = TABLES["counts"].frame([{"video_id": video_id, "observed_at": AT} for video_id in ids])
    said = [{"video_id": video_id, "comment_id": f"7{video_id}"} for video_id in ids]
    of = replace(of, screen_texts=read, counts=counts, comments=TABLES["comments"].frame(said))
    return replace(of, **{name: _named(name, frame) for name, frame in of.named().items()})


def _named(table, frame):
    texts = [name for name, dtype in frame.schema.items() if dtype == pl.String and name not in CHECKED]
    lists = [name for name, dtype in frame.schema.items() if dtype == pl.List(pl.String)]
    return frame.with_columns(
        *(pl.lit(f"{table}.{name}").alias(name) for name in texts),
        *(pl.lit([f"{table}.{name}"]).alias(name) for name in lists if name not in CHECKED),
    )


def written(folder, form):
    release.write(folder, with_names_as_texts(), shared(form), {})
    return {file.stem: pl.read_parquet(file) for file in folder.glob("*.parquet")}


def expected_columns(form):
    if form == "ids_only":
        return {}
    if form == "team":
        return {name: set(TABLES[name].schema) - NEVER for name in (*CONTROLLED, *TEAM_ALONE)}
    listed = PUBLIC if form == "public" else CONTROLLED
    return {name: set(columns.split()) for name, columns in listed.items()}


@pytest.mark.parametrize("form", ["ids_only", "public", "controlled", "team"])
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


@pytest.mark.parametrize("form", ["ids_only", "public", "controlled", "team"])
def test_no_cell_of_a_release_comes_from_a_column_that_its_form_withholds(tmp_path, form):
    made = written(tmp_path / "r", form)
    allowed = {f"{table}.{column}" for table, columns in expected_columns(form).items() for column in columns}
    names = {f"{name}.{column}" for name in CONTROLLED for column in TABLES[name].schema}
    for frame in made.values():
        assert cells(frame) & names <= allowed | set(DATASET[form].values())
    text = (tmp_path / "r" / "dataset.csv").read_text("utf-8")
    assert {name for name in names if f'"{name}"' in text} <= set(DATASET[form].values())


@pytest.mark.parametrize("form", ["ids_only", "public", "controlled", "team"])
def test_each_column_of_the_dataset_comes_from_the_written_one(tmp_path, form):
    made = written(tmp_path / "r", form)["dataset"].row(0, named=True)
    for column, value in made.items():
        origin = DATASET[form][column]
        if column == "account":
            assert value == shared(form).names.of("account", origin)
        elif isinstance(value, str | list) and origin.partition(".")[2] not in CHECKED:
            assert value in (origin, [origin]), column


def test_every_column_of_a_released_table_has_a_form_or_is_in_none():
    """A new column is in no release until it is given a form; then it belongs into the lists above, too."""
    for name, forms in FORM_OF.items():
        assert set(TABLES[name].schema) - forms.keys() <= NEVER, name
        assert set(forms) <= set(TABLES[name].schema), name


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
    _, rows = release.dataset(replace(of, **frames), shared("controlled"))
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
    _, rows = release.dataset(of, shared("team"))
    rows = pl.concat(rows)
    wanted = numbers | {"ocr_cer": 0.25, "stance_confidence": 0.75}
    assert rows.select(wanted.keys()).rows(named=True) == [wanted]
