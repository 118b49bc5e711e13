"""Pages to rows: ids exact, texts exact, undocumented fields kept, and no input makes it fail."""

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, date, datetime

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tabulated import CREATED, ID, SEEN, answer, page, raw_page, tabulate, video

from gettok.collect.windows import Window
from gettok.tables import VIDEOS

EVER = Window(date.min, date.max)
CAPTIONS = (
    "a\0b\x01\x1b[31m\r\nc\x7f\x85",
    "👩🏽‍🚀👨‍👩‍👧‍👦🏳️‍🌈 🇵🇪",
    "\u202egnp.exe\u202c \u2067שלום\u2069 \u200bnull\u200dwidth\ufeff",
    "Z\u0351\u036b\u0343a\u0363\u0369l\u0348g\u0352o\u0310",
    "=1+1,\"'; DROP TABLE",
    "ñ n\u0303",
)


def row(**fields) -> dict:
    (row,) = tabulate([page(video(**fields))]).rows
    return {name: value for name, value in row.items() if value is not None}


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**20 - 1) | st.integers(2**53 - 2, 2**53 + 2) | st.integers(2**63 - 2, 2**63 + 2))
@example(7213456789012345678)
@example(2**63)
@example(72895611234045119775)
def test_f16_an_id_comes_through_json_parquet_and_csv_to_the_last_digit(tmp_path_factory, number):
    file = tmp_path_factory.getbasetemp() / "ids.parquet"
    VIDEOS.write([row(id=number, music_id=number)], file)
    read = VIDEOS.read(file)
    assert read.select("video_id", "music_id").row(0) == (str(number), str(number))
    (line,) = csv.DictReader(io.StringIO(read.select("video_id").write_csv(quote_style="always")))
    assert line["video_id"] == str(number)


def test_f16_an_id_that_is_not_one_is_never_rounded_into_one():
    found = tabulate(
        [page(*(video(id=wrong) for wrong in (7.2e18, True, "7e18", "-7", "٣", 10**20, "", [7])))]
    )
    assert found.rows == []
    assert found.reasons() == ["no_id"] * 8


@settings(deadline=None)
@given(st.text())
@example(CAPTIONS[0])
@example(CAPTIONS[1])
@example(CAPTIONS[2])
@example(CAPTIONS[3])
@example(CAPTIONS[4])
@example(CAPTIONS[5])
def test_f18_f19_any_caption_name_and_tag_is_kept_exactly(tmp_path_factory, text):
    file = tmp_path_factory.getbasetemp() / "captions.parquet"
    VIDEOS.write([row(video_description=text, username=text, hashtag_names=[text, ""])], file)
    read = VIDEOS.read(file).row(0, named=True)
    assert (read["description"], read["username"], read["hashtags"]) == (text, text, [text, ""])
    assert read["mended"] is None


def test_f19_a_caption_of_a_megabyte_is_kept_exactly():
    caption = "👩🏽‍🚀ñ\0" * 60_000
    assert len(caption.encode()) > 1_000_000
    assert row(video_description=caption)["description"] == caption


def test_f17_half_a_character_becomes_a_mark_and_the_row_names_the_field():
    made = row(
        video_description="roto \ud83d fin",
        hashtag_names=["a", "\udc00"],
        voice_to_text="entero 🇵🇪 fin",
        new="\ud83d",
    )
    assert (made["description"], made["hashtags"]) == ("roto \ufffd fin", ["a", "\ufffd"])
    assert made["mended"] == ["hashtag_names", "video_description"]
    assert made["voice_to_text"] == "entero 🇵🇪 fin"
    assert made["other_fields"] == '{"new": "\\ud83d"}', "what no column is for stays as it was sent"


def test_f17_a_field_whose_name_is_half_a_character_is_counted():
    found = tabulate([page(video(**{"\ud83d": 1}), video(id=2, **{"\udc00": 1}))])
    assert found.fields.filter(field="\ufffd").row(0, named=True)["rows"] == 2


@pytest.mark.parametrize(
    ("field", "value", "column", "expected"),
    [
        ("region_code", "us", "region_code", "US"),
        ("region_code", "us", "region_code_sent", "us"),
        ("favourites_count", 3, "favorites_count", 3),
        ("view_count", 2**63 - 1, "view_count", 2**63 - 1),
        ("view_count", "12", "view_count", 12),
        ("hashtag_names", [], "hashtags", []),
        ("hashtag_names", [], "hashtags_folded", []),
        ("hashtag_names", ["Perú", "PERU"], "hashtags_folded", ["peru", "peru"]),
        ("voice_to_text", "a\0b", "voice_to_text", "a\0b"),
        ("video_label", {"content": "x"}, "video_label", '{"content": "x"}'),
        ("create_time", str(CREATED), "created_at", datetime(2022, 12, 7, 18, tzinfo=UTC)),
    ],
)
def test_a_documented_field_is_read_in_each_of_its_spellings(field, value, column, expected):
    assert row(**{field: value})[column] == expected


def test_another_spelling_counts_only_where_the_first_has_no_value():
    (made,) = tabulate([page({"video_id": ID, "create_time": CREATED})]).rows
    assert made["video_id"] == str(ID)
    both = row(favorites_count=4, favourites_count=5)
    assert (both["favorites_count"], both["other_fields"]) == (4, '{"favourites_count": 5}')


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("view_count", "many"),
        ("view_count", 1.5),
        ("view_count", 2**63),
        ("like_count", True),
        ("hashtag_names", "castillo"),
        ("hashtag_names", [1]),
        ("hashtag_names", ["\ud83d", 1]),
        ("is_stem_verified", 1),
        ("username", 12),
        ("music_id", 7.2e18),
        ("favourites_count", "few"),
    ],
)
def test_f12_what_is_of_another_type_is_kept_as_received_and_listed(field, value):
    found = tabulate([page(video(**{field: value}))])
    (made,) = found.rows
    assert json.loads(made["other_fields"]) == {field: value}
    assert made["retyped"] == [field]
    reject = found.rejects.row(0, named=True)
    assert (reject["reason"], reject["detail"], json.loads(reject["row"])) == (
        "retyped",
        field,
        {field: value},
    )
    assert found.fields.filter(table="videos", field=field)["retyped"].to_list() == [1]


def test_f12_what_is_new_is_kept_and_counted():
    found = tabulate([page(video(brand_new=[1]), video(id=2, brand_new={}), video(id=3, brand_new=None))])
    assert [made["other_fields"] for made in found.rows] == ['{"brand_new": {}}', None, '{"brand_new": [1]}']
    (counted,) = found.fields.filter(field="brand_new").to_dicts()
    assert (counted["rows"], counted["share"], counted["documented"]) == (2, 0.666667, False)
    assert found.reasons() == []


def test_f12_null_is_the_same_as_missing():
    assert row(view_count=None) == row()


def test_every_documented_field_has_its_fill_rate_even_if_nothing_was_sent():
    found = tabulate([page(video(voice_to_text="a")), page(video(id=2))])
    rates = {row["field"]: row["share"] for row in found.fields.filter(table="videos").to_dicts()}
    assert (rates["id"], rates["voice_to_text"], rates["playlist_id"]) == (1.0, 0.5, 0.0)


def test_what_has_no_id_or_no_time_is_rejected_whole():
    found = tabulate(
        [page({"create_time": CREATED}, {"id": 1, "create_time": "yesterday"}, {"id": 1.5}, 7, video())]
    )
    assert found.rejects.select("position", "reason").rows() == [
        (0, "no_id"),
        (1, "no_time"),
        (2, "no_id"),
        (3, "not_an_object"),
    ]
    assert json.loads(found.rejects["row"][1]) == {"id": 1, "create_time": "yesterday"}
    assert found.rejects["detail"][1] == "its create_time is of another type"
    assert found.rejects["answer_key"].unique().to_list() == ["v000000"]
    assert len(found.rows) == 1


@pytest.mark.parametrize("seconds", [2**62, -(2**62), 253402300800, 1670436000.5])
def test_a_time_that_no_calendar_has_is_not_a_time(seconds):
    assert tabulate([page(video(create_time=seconds))]).reasons() == ["no_time"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<html>maintenance</html>",
        '{"data": {"videos": [' + "[" * 100_000,
        '{"data": {"videos": [{"id": 1, "create',
        '{"data": {"videos": null}}',
        '{"data": []}',
        "[]",
        '{"data": {}, "data": {"videos": []}}',
    ],
)
def test_f21_a_page_that_cannot_be_read_is_rejected_and_the_rest_goes_on(text):
    found = tabulate([answer(text), page(video())])
    assert len(found.rows) == 1
    assert found.rejects.select("answer_key", "position", "reason").rows() == [("v000000", None, "no_page")]
    assert found.rejects["detail"][0]


@pytest.mark.parametrize("wild", ["NaN", "-Infinity", "1e999", "9" * 5000])
def test_f21_an_invalid_number_costs_a_field_and_not_the_page(wild):
    wild_row = f'{{"id": 1, "create_time": {CREATED}, "view_count": {wild}, "new": {wild}}}'
    found = tabulate([raw_page(wild_row, json.dumps(video(id=2)))])
    first, second = found.rows
    assert (first["video_id"], first["view_count"], first["retyped"]) == ("1", None, ["view_count"])
    assert json.loads(first["other_fields"]) == {"view_count": wild, "new": wild}
    assert second["video_id"] == "2"
    assert found.reasons() == ["retyped"]


@pytest.mark.parametrize(
    "invalid",
    [
        '{"id": 1, "create_time": 1670436000, "id": 2}',
        '{"id": 1, "create_time": 1670436000, "video_label": {"a": 1, "a": 2}}',
        '{"id": 1, "create_time": 1670436000, "new": ' + "[" * 60 + "]" * 60 + "}",
        '{"id": 1, "create_time": 1670436000, "username": ' + "[" * 60 + "]" * 60 + "}",
    ],
)
def test_f21_an_invalid_row_costs_itself_and_not_the_page(invalid):
    found = tabulate([raw_page(invalid, json.dumps(video(id=2)))])
    assert [row["video_id"] for row in found.rows] == ["2"]
    assert found.rejects.select("position", "reason", "row").rows() == [(0, "not_an_object", None)]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=5), inside, max_size=3),
    max_leaves=8,
)
_FIELD = st.sampled_from(
    ["id", "video_id", "create_time", "username", "hashtag_names", "view_count", "video_tag", "new"]
)


@settings(max_examples=200, deadline=None)
@given(st.lists(_JSON | st.dictionaries(_FIELD, _JSON | st.just(CREATED)), max_size=4))
def test_f12_f21_any_row_ends_in_the_videos_or_the_rejects(rows):
    found = tabulate([page(*rows)], EVER)
    lost = found.rejects.filter(pl.col("reason") != "retyped")
    assert found.videos["observations"].sum() + lost.height == len(rows)
    for row in found.rows:
        json.loads(row["other_fields"] or "{}")


@settings(max_examples=150, deadline=None)
@given(_FIELD.filter(lambda name: name not in ("id", "create_time")), _JSON)
def test_f12_any_value_of_a_field_ends_in_its_column_or_as_received(field, value):
    (made,) = tabulate([page(video(**{field: value}))]).rows
    others = json.loads(made["other_fields"] or "{}")
    if field in others and value == value:  # noqa: PLR0124 - NaN is kept as its name
        assert json.dumps(others[field], sort_keys=True).replace('"', "") == json.dumps(
            value, sort_keys=True
        ).replace('"', "")
    assert (field in (made["retyped"] or [])) == (field in others and field not in ("new", "video_id"))


def test_a_video_outside_the_study_s_days_is_left_out():
    inside = {"id": 1, "create_time": int(datetime(2023, 3, 1, 23, 59, 59, tzinfo=UTC).timestamp())}
    outside = {"id": 2, "create_time": inside["create_time"] + 1}
    found = tabulate([page(inside, outside)])
    assert [row["video_id"] for row in found.rows] == ["1"]
    assert found.seen == 2


def test_zeeschuimer_s_videos_are_read_like_the_api_s():
    seen_ms = int(SEEN.timestamp() * 1000) + 5
    about = {"source_platform": "tiktok.com", "timestamp_collected": seen_ms}
    item = {"id": str(ID), "createTime": CREATED, "desc": "Perú", "author": {"uniqueId": "a"}}
    text = json.dumps({"items": [{**about, "data": item}, {**about, "data": {}}, 7]})
    found = tabulate([replace(answer(text), request={"path": "zeeschuimer"})])
    (made,) = found.rows
    assert (made["video_id"], made["description"], made["username"]) == (str(ID), "Perú", "a")
    assert made["observed_at"] == SEEN
    assert found.reasons() == ["not_an_object", "not_an_object"]
