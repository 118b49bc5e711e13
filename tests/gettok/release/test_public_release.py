"""A public release: pseudonyms, days and magnitudes, and nothing by which a video can be found."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import openpyxl
import polars as pl
import pytest
from small_study import attacked, coded, shared, study_of, tables, video

from gettok import release
from gettok.errors import Damaged
from gettok.release.public import length, magnitude
from gettok.tables import TABLES, Column
from gettok.tables import dataset as declared
from gettok.tables.forms import FORM_OF

NAMES = shared("public").names


def written(folder, of, smallest_group=5, form="public"):
    release.write(folder, of, shared(form, smallest_group), {})
    return pl.read_parquet(folder / "dataset.parquet")


def everything(count=24):
    of = coded(attacked(study_of(count)))
    rows = [{"video_id": name, "frame_index": 0, "text": "NO"} for name in of.videos["video_id"]]
    return replace(of, screen_texts=TABLES["screen_texts"].frame(rows))


@pytest.mark.parametrize(
    ("count", "expected"),
    [(None, None), (0, 0), (1, 1), (9, 1), (10, 10), (999, 100), (1000, 1000), (10**15, 10**15)],
)
def test_a_count_is_shown_by_its_magnitude(count, expected):
    rows = pl.DataFrame({"count": [count]}, schema={"count": pl.Int64})
    assert rows.select(magnitude("count")).item() == expected


@pytest.mark.parametrize(
    ("seconds", "expected"), [(None, None), (0, 0), (14, 0), (15, 15), (59, 15), (60, 60), (3600, 300)]
)
def test_a_length_is_shown_by_its_range(seconds, expected):
    rows = pl.DataFrame({"seconds": [seconds]}, schema={"seconds": pl.Int64})
    assert rows.select(length("seconds")).item() == expected


def test_a_row_has_a_day_magnitudes_and_pseudonyms(tmp_path):
    counts = {"view_count": 4321, "like_count": 7, "comment_count": 3, "username": "Maria.P"}
    rows = [video(number, **counts) for number in (1, 10)]
    made = written(tmp_path, tables(*rows), 2)
    assert set(made["video_id"]) == {NAMES.of("video", row["video_id"]) for row in rows}
    assert made["account"].unique().to_list() == [NAMES.of("account", "maria.p")]
    assert made["day"].unique().to_list() == [rows[0]["created_at"].date()]
    assert made["view_count_at_least"].unique().to_list() == [1000]


def test_the_numbers_of_a_video_that_too_few_others_are_like_are_left_out(tmp_path):
    alike = [video(number, created_at=datetime(2022, 12, 5, number, tzinfo=UTC)) for number in range(1, 6)]
    same = {"view_count": 5000, "like_count": 7, "comment_count": 0, "share_count": 2, "duration_s": 20}
    other = video(6, created_at=datetime(2022, 12, 5, 20, tzinfo=UTC), **{**same, "view_count": 5_000_000})
    of = tables(*(row | same for row in alike), other)
    made = written(tmp_path / "five", of, 5)
    shown = made.select("view_count_at_least", "like_count_at_least", "duration_s_at_least")
    assert sorted(shown.unique().rows(), key=str) == [(1000, 1, 15), (None, None, None)]
    hidden = made.filter(pl.col("view_count_at_least").is_null())
    assert hidden["video_id"].to_list() == [NAMES.of("video", other["video_id"])]
    assert hidden["day"].is_not_null().all()
    assert written(tmp_path / "six", of, 6)["view_count_at_least"].is_null().all()


def test_the_rows_are_in_the_order_of_pseudonyms_in_every_table(tmp_path):
    of = replace(everything(), videos_at_once=5)
    written(tmp_path, of)
    for file in tmp_path.glob("*.parquet"):
        rows = pl.read_parquet(file)
        assert rows.equals(rows.sort(list(TABLES[file.stem].sort) if file.stem in TABLES else "video_id"))
    assert not (tmp_path / ".parts").exists()


def text_of(file):
    if file.suffix == ".parquet":
        return json.dumps(pl.read_parquet(file).to_dicts(), default=str, ensure_ascii=False)
    if file.suffix == ".xlsx":
        sheets = openpyxl.load_workbook(file, read_only=True)
        return "\n".join(str(cell.value) for sheet in sheets for row in sheet.iter_rows() for cell in row)
    return file.read_text("utf-8")


def test_no_id_name_or_text_is_in_any_file(tmp_path):
    of = everything()
    written(tmp_path, of)
    secrets = [*of.videos["video_id"], *of.videos["username"], *of.videos["description"].drop_nulls()]
    secrets += list(of.transcripts["text"].drop_nulls())
    for file in tmp_path.iterdir():
        content = text_of(file)
        assert not [secret for secret in secrets if secret in content], file.name


def finding(of):
    """What somebody who has all of TikTok's data knows of each video: each value as text, with its video."""
    found = []
    for name in ("videos", "transcripts", "descriptions", "captions"):
        rows = of.named()[name]
        for column, dtype in rows.schema.items():
            if not dtype.is_nested() and (column == "video_id" or FORM_OF[name].get(column) != "public"):
                found.append(rows.select(own="video_id", value=pl.col(column).cast(pl.String)).drop_nulls())
    every = pl.concat(found).unique().filter(pl.col("value").str.len_chars() > 3)
    return every.filter(pl.col("own").n_unique().over("value") == 1)


def test_joined_to_the_team_s_tables_no_value_of_a_few_rows_finds_its_video(tmp_path):
    of = everything(60)
    of = replace(of, videos=of.videos.with_columns(view_count=pl.int_range(pl.len()) + 54_321))
    written(tmp_path, of)
    real = {NAMES.of("video", name): name for name in of.videos["video_id"]}
    known, joined = finding(of), 0
    assert known["own"].n_unique() == 60
    for file in tmp_path.glob("*.parquet"):
        rows = pl.read_parquet(file).with_columns(pl.col("video_id").replace_strict(real))
        for column in rows.columns[1:]:
            values = rows.select(own="video_id", value=column)
            if isinstance(values.schema["value"], pl.List):
                values = values.explode("value")
            values = values.cast({"value": pl.String}).drop_nulls().unique()
            few = values.filter(pl.len().over("value") < 5)
            assert few.join(known, on=["own", "value"]).is_empty(), (file.name, column)
            joined += 1
    assert joined > 80


def test_numbers_that_were_measured_have_two_digits(tmp_path):
    of = everything()
    measured = of.transcripts.with_columns(avg_logprob=pl.lit(-0.123456))
    written(tmp_path, replace(of, transcripts=measured))
    made = pl.read_parquet(tmp_path / "transcripts.parquet")
    assert made["avg_logprob"].unique().to_list() == [-0.12]


@pytest.mark.parametrize(
    ("source", "column"),
    [
        ("videos.view_count", "view_count"),
        ("videos.username", "username"),
        ("videos.description", "caption"),
        ("transcripts.text", "whisper_voice_to_text"),
    ],
)
def test_a_column_that_finds_its_videos_is_refused(tmp_path, monkeypatch, source, column):
    """As if it were declared public by mistake."""
    rows = [video(number, view_count=98_765 + number, username=f"name{number}") for number in range(1, 13)]
    of = tables(*rows)
    spoken = of.transcripts.with_columns(text=pl.concat_str(pl.lit("say "), "video_id"))
    fields = tuple(
        replace(field, forms=("public",)) if field.column.name == column else field
        for field in declared.DATASET_FIELDS
    )
    monkeypatch.setattr(declared, "DATASET_FIELDS", fields)
    name = source.partition(".")[2]
    with pytest.raises(Damaged, match=f"a value of {column} of dataset is the {name} of its video alone"):
        written(tmp_path, replace(of, transcripts=spoken))
    assert not (tmp_path / "checksums.sha256").exists()


def test_exact_times_are_refused(tmp_path, monkeypatch):
    field = next(field for field in declared.DATASET_FIELDS if field.column.name == "day")
    wrong = replace(
        field, change="as_is", column=Column("day", TABLES["videos"].schema["created_at"], "When.")
    )
    fields = tuple(wrong if each is field else each for each in declared.DATASET_FIELDS)
    monkeypatch.setattr(declared, "DATASET_FIELDS", fields)
    with pytest.raises(Damaged, match="the column day of dataset has exact times"):
        written(tmp_path, everything())


def test_a_codebook_s_number_that_a_count_has_by_chance_is_not_refused(tmp_path):
    of = coded(study_of(12))
    number = pl.when(pl.col("variable") == "people").then(pl.lit(12.0))
    of = replace(
        of,
        videos=of.videos.with_columns(share_count=pl.int_range(pl.len()) + 1),
        annotations=of.annotations.with_columns(number=number),
    )
    assert written(tmp_path, of).height == 12


def test_a_controlled_release_has_pseudonyms_for_names_in_its_texts(tmp_path):
    rows = [video(number, username="maria.p") for number in range(1, 4)]
    of = tables(*rows)
    seen = of.descriptions.with_columns(
        on_screen_text=pl.lit("TikTok maria.p"),
        on_screen_by_frame=pl.lit(
            [{"frame_index": 0, "text": "@maria.p"}], of.descriptions.schema["on_screen_by_frame"]
        ),
    )
    made = written(tmp_path, replace(of, descriptions=seen), form="controlled")
    name = NAMES.of("account", "maria.p")
    assert made["on_screen_text"].unique().to_list() == [f"TikTok {name}"]
    assert made["account"].unique().to_list() == [name]
    table = pl.read_parquet(tmp_path / "descriptions.parquet")
    assert table["on_screen_by_frame"].explode().struct.field("text").unique().to_list() == [f"@{name}"]
    provenance = json.loads((tmp_path / "provenance.json").read_text("utf-8"))
    assert provenance["pseudonym_key"] == NAMES.key_check
