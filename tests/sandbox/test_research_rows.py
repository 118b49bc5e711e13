"""Rows of videos: their known form, and their possible oddities."""

import json

import pytest

from sandbox.profiles import Profile
from sandbox.research_api.query import FIELDS

ALL = ",".join(FIELDS)


def test_a_row_has_the_known_values_of_the_requested_fields_and_nothing_else(caller, ids, rows):
    sixth = {"field_name": "video_id", "operation": "EQ", "field_values": [ids[5]]}
    answer = caller.query(",".join(FIELDS), query={"and": [sixth]})
    (row,) = answer.json()["data"]["videos"]
    known = {name: value for name, value in rows[5]["api"].items() if value is not None}
    assert row == known | {"id": int(ids[5]), "music_id": int(known["music_id"])}
    assert "view_count" not in row
    assert f'"id":{ids[5]}' in answer.text
    assert "\\u0000" in answer.text


def test_an_empty_list_of_hashtags_is_sent(caller):
    rows = caller.query("id,hashtag_names").json()["data"]["videos"]
    assert [] in [row["hashtag_names"] for row in rows]


def test_the_order_of_keys_is_arbitrary(caller):
    rows = caller.query("id,create_time,username,region_code").json()["data"]["videos"]
    assert len({tuple(row) for row in rows}) > 1


def rows_of(caller, fields=ALL):
    return caller.query(fields, max_count=100).json()["data"]["videos"]


def test_ids_can_have_their_other_documented_name(calling, ids):
    (row, *_) = rows_of(calling(profile=Profile(id_key="video_id")), "id")
    assert row == {"video_id": int(ids[6])}


def test_f12_keys_can_be_missing_but_never_the_id(calling):
    whole, cut = rows_of(calling()), rows_of(calling(profile=Profile(p_missing=0.4)))
    assert all("id" in row for row in cut)
    assert all(row.items() <= full.items() for row, full in zip(cut, whole, strict=True))
    assert 0.4 < sum(map(len, cut)) / sum(map(len, whole)) < 0.8


def test_f12_an_undocumented_field_can_be_in_every_row(calling):
    assert all("shop_info" in row for row in rows_of(calling(profile=Profile(new_field="shop_info")), "id"))


@pytest.mark.parametrize(
    ("field", "kind"), [("view_count", str), ("hashtag_names", list), ("username", list), ("id", str)]
)
def test_f12_a_field_can_come_as_another_type(calling, field, kind):
    whole = rows_of(calling())
    spoiled = rows_of(calling(profile=Profile(retyped_field=field)))
    pairs = [(new, old) for new, old in zip(spoiled, whole, strict=True) if field in old]
    assert all(type(new[field]) is kind and new[field] != old[field] for new, old in pairs)
    assert sum(field in row for row in spoiled) == sum(field in row for row in whole) > 0


def test_f12_a_field_without_a_value_can_come_as_null(calling):
    playlists = [
        row.get("playlist_id", 0) for row in rows_of(calling(profile=Profile(null_field="playlist_id")))
    ]
    assert playlists == [7200000000000000007, None, None, None, None, None]
    assert "playlist_id" not in rows_of(calling(profile=Profile(null_field="playlist_id")), "id")[0]


def test_f16_an_id_can_be_beyond_63_bits(calling, ids):
    shown = [row["id"] for row in rows_of(calling(profile=Profile(huge_ids=0.5)), "id")]
    huge = [number for number in shown if number >= 2**63]
    assert 0 < len(huge) < len(shown)
    assert all(str(number - 2**63) in ids for number in huge)


def test_f17_f18_f19_authors_can_have_names_and_captions_of_every_kind(calling):
    caller = calling(profile=Profile(odd_users=1.0))
    answer = caller.query("id,username,video_description", max_count=1)
    (row,) = answer.json()["data"]["videos"]
    assert row["username"] == "user_7\x00\x00\x00\x00\x00\x004"
    for strange in ("\ud83d ", "\u200d", "\u202e", "\n", "\x00", "\x1b"):
        assert strange in row["video_description"]
    assert b"\\ud83d " in answer.content
    assert caller.data("user/info/?fields=display_name", username=row["username"])["display_name"] == "User 7"


def test_only_some_authors_are_odd(calling):
    names = [row["username"] for row in rows_of(calling(profile=Profile(odd_users=0.4)), "username")]
    assert 0 < sum(name.endswith("\x004") for name in names) - 1 < 5, "one is odd in the corpus"


def test_the_letter_case_of_regions_differs_between_pages(calling):
    caller = calling(profile=Profile(lower_case_regions=True))
    pages = [
        {row["region_code"] for row in page["videos"]}
        for page in caller.pages(fields="region_code", max_count=1)
    ]
    assert {text.islower() for page in pages for text in page} == {True, False}


def test_counts_change_over_the_days_and_some_fall(calling):
    caller = calling(profile=Profile(counts_drift=0.3))
    before = rows_of(caller, "id,view_count,like_count,share_count")
    caller.advance(3 * 86400)
    after = rows_of(caller, "id,view_count,like_count,share_count")
    moved = [
        new[name] - old[name]
        for old, new in zip(before, after, strict=True)
        for name in ("view_count", "like_count")
        if name in old
    ]
    assert min(moved) < 0 < max(moved)
    assert [row["id"] for row in before] == [row["id"] for row in after]
    caller.switch(counts_drift=0)
    assert rows_of(caller, "id,view_count,like_count,share_count") == before


def test_dropped_rows_are_a_share_and_always_the_same(corpus_of, calling):
    corpus = corpus_of([{"id": str(10**18 + number)} for number in range(100)])
    runs = [rows_of(calling(corpus=corpus, profile=Profile(drop_rate=0.22)), "id") for _ in range(2)]
    assert json.dumps(runs[0]) == json.dumps(runs[1])
    assert 65 < len(runs[0]) < 90
