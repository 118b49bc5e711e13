"""Pages to rows: ids exact, texts exact, nothing undocumented lost."""

import json
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gettok.research_api import Page
from gettok.tables import VIDEOS
from gettok.tabulate import tabulate
from gettok.windows import Window

STUDY = Window(date(2022, 11, 20), date(2023, 3, 1))
CREATED = int(datetime(2022, 12, 7, 18, tzinfo=UTC).timestamp())
SEEN = datetime(2023, 3, 15, 12, tzinfo=UTC)


def page(*videos: dict, observed_at: datetime = SEEN) -> Page:
    content = {"data": {"videos": list(videos), "cursor": len(videos), "has_more": False}}
    return Page({}, 200, {}, observed_at, json.dumps(content))


def row(**fields) -> dict:
    (row,) = tabulate([page({"id": 7342600000000000315, "create_time": CREATED} | fields)], STUDY).rows
    return row


@given(st.integers(0, 2**70))
def test_f16_an_id_comes_through_json_and_parquet_to_the_last_digit(tmp_path_factory, number):
    file = tmp_path_factory.getbasetemp() / "ids.parquet"
    VIDEOS.write([row(id=number)], file)
    assert VIDEOS.read(file)["video_id"].to_list() == [str(number)]


@given(st.text())
def test_f18_f19_any_caption_is_kept_exactly(tmp_path_factory, caption):
    file = tmp_path_factory.getbasetemp() / "captions.parquet"
    VIDEOS.write([row(video_description=caption)], file)
    assert VIDEOS.read(file)["description"].to_list() == [caption]


def test_f17_a_lone_surrogate_becomes_a_mark_that_a_table_can_hold():
    assert row(video_description="roto \ud83d fin")["description"] == "roto \ufffd fin"
    assert row(video_description="entero 🇵🇪 fin")["description"] == "entero 🇵🇪 fin"


@pytest.mark.parametrize(
    ("field", "value", "column", "expected"),
    [
        ("region_code", "pe", "region_code", "PE"),
        ("video_id", 7342600000000000315, "video_id", "7342600000000000315"),
        ("favourites_count", 3, "favorites_count", 3),
        ("view_count", 2**40, "view_count", 2**40),
        ("view_count", "12", "view_count", 12),
        ("hashtag_names", [], "hashtags", []),
        ("voice_to_text", "a\0b", "voice_to_text", "a\0b"),
        ("video_label", {"content": "x"}, "video_label", '{"content": "x"}'),
    ],
)
def test_a_documented_field_is_read_in_each_of_its_spellings(field, value, column, expected):
    assert row(**{field: value})[column] == expected


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("brand_new_field", [1, 2]),
        ("view_count", "many"),
        ("view_count", 1.5),
        ("view_count", 2**80),
        ("like_count", True),
        ("hashtag_names", "castillo"),
        ("hashtag_names", [1]),
        ("is_stem_verified", 1),
        ("username", 12),
    ],
)
def test_f12_what_is_new_or_of_another_type_is_kept_as_it_came(field, value):
    made = row(**{field: value})
    assert json.loads(made["other_fields"]) == {field: value}
    VIDEOS.frame([made])


def test_f12_null_is_the_same_as_missing():
    assert row(view_count=None) == row()


def test_f10_a_video_on_two_pages_is_one_row_with_its_latest_counts():
    later = SEEN.replace(day=20)
    pages = [
        page({"id": 1, "create_time": CREATED, "view_count": 10}, observed_at=later),
        page({"id": 1, "create_time": CREATED, "view_count": 7}),
    ]
    (made,) = tabulate(pages, STUDY).rows
    assert (made["view_count"], made["observed_at"], made["observations"]) == (10, later, 2)


def test_a_video_outside_the_study_s_days_is_left_to_its_own_day():
    inside = {"id": 1, "create_time": int(datetime(2023, 3, 1, 23, 59, 59, tzinfo=UTC).timestamp())}
    outside = {"id": 2, "create_time": inside["create_time"] + 1}
    assert [row["video_id"] for row in tabulate([page(inside, outside)], STUDY).rows] == ["1"]


def test_what_has_no_id_is_counted():
    table = tabulate(
        [page({"create_time": CREATED}, {"id": 1, "create_time": "yesterday"}, {"id": 1.5})], STUDY
    )
    assert (table.rows, table.unidentified) == ([], 3)
