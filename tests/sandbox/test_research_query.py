"""Video queries: what they find, and which are refused."""

from datetime import UTC, datetime

import pytest
from research_caller import error

from sandbox.profiles import Profile

EVERYTHING = ("region_code", "IN", ["PE", "US"])


def test_both_ends_of_the_window_are_inside(caller):
    assert caller.found(EVERYTHING, start_date="20221207", end_date="20221207") == [1, 2]
    assert caller.found(EVERYTHING, start_date="20221208", end_date="20221209") == [3, 4]


def test_a_window_has_at_most_31_days(caller):
    assert caller.query(start_date="20221201", end_date="20221231").status_code == 200
    assert error(caller.query(start_date="20221201", end_date="20230101"))[:2] == (400, "invalid_params")


@pytest.mark.parametrize(
    ("condition", "numbers"),
    [
        (("create_date", "EQ", ["20221209"]), [4]),
        (("create_date", "GT", ["20221210"]), [6, 7]),
        (("create_date", "LTE", ["20221208"]), [1, 2, 3]),
        (("username", "EQ", ["user_1"]), [1]),
        (("username", "EQ", ["USER_1"]), []),
        (("region_code", "EQ", ["PE"]), [1, 2, 3, 4, 5, 6]),
        (("hashtag_name", "EQ", ["CASTILLO"]), [1, 2, 3, 5, 6, 7]),
        (("keyword", "EQ", ["castillo"]), [1, 2, 3, 4, 6, 7]),
        (("keyword", "EQ", ["casti"]), []),
        (("keyword", "EQ", ["stillo"]), []),
        (("keyword", "EQ", ["dijo  NADA"]), [5]),
        (("keyword", "EQ", ["nada dijo"]), []),
        (("keyword", "EQ", ["nádie"]), []),
        (("keyword", "IN", ["nadie", "3"]), [3, 5]),
        (("music_id", "EQ", ["7000000000000000002"]), [2]),
        (("effect_id", "EQ", ["77"]), [7]),
        (("video_length", "EQ", ["SHORT"]), [1, 2, 3, 4, 5, 6, 7]),
        (("video_length", "IN", ["MID", "LONG", "EXTRA_LONG"]), []),
        (("view_count", "GTE", ["50"]), [5, 7]),
        (("view_count", "LT", ["20"]), [1]),
        (("comment_count", "EQ", ["0"]), [1, 2, 3, 4, 5, 6, 7]),
    ],
)
def test_a_condition_finds_the_matching_videos(caller, condition, numbers):
    assert caller.found(condition) == numbers


def test_an_unknown_id_is_ignored(caller, ids):
    assert caller.found(("video_id", "IN", [ids[0], "123456"])) == [1]


def test_groups_are_all_and_any_and_none(caller):
    one, two = ("username", "EQ", ["user_1"]), ("username", "EQ", ["user_2"])
    assert caller.found(one, two, group="and") == []
    assert caller.found(one, two, group="or") == [1, 2]
    assert caller.found(one, two, group="not") == [3, 4, 5, 6, 7]


@pytest.mark.parametrize(
    "body",
    [
        {"query": {}},
        {"query": {"and": [], "or": [], "not": []}},
        {"query": {"and": [{"field_name": "keyword", "operation": "EQ"}]}},
        {"query": {"and": [{"field_name": "create_time", "operation": "EQ", "field_values": ["1"]}]}},
        {"query": {"and": [{"field_name": "keyword", "operation": "LIKE", "field_values": ["a"]}]}},
        {"query": {"and": [{"field_name": "username", "operation": "GT", "field_values": ["a"]}]}},
        {"query": {"and": [{"field_name": "keyword", "operation": "EQ", "field_values": []}]}},
        {"query": {"and": [{"field_name": "keyword", "operation": "EQ", "field_values": ["a", "b"]}]}},
        {"query": {"and": [{"field_name": "view_count", "operation": "GT", "field_values": [10]}]}},
        {"query": {"and": [{"field_name": "region_code", "operation": "EQ", "field_values": ["UK"]}]}},
        {"query": {"and": [{"field_name": "video_length", "operation": "EQ", "field_values": ["TINY"]}]}},
        {"start_date": "2022-12-01"},
        {"start_date": "20221231", "end_date": "20221201"},
        {"end_date": "20221232"},
        {"search_id": 7},
        {"is_random": "yes"},
    ],
)
def test_a_malformed_query_is_refused(caller, body):
    assert error(caller.query(**body))[:2] == (400, "invalid_params")


@pytest.mark.parametrize(
    "body", [{"max_count": 0}, {"max_count": 101}, {"cursor": -1}, {"cursor": 2}, {"max_count": 2.5}]
)
def test_a_wrong_count_or_cursor_has_its_known_message(caller, body):
    assert error(caller.query(**body)) == (400, "invalid_params", "Invalid count or cursor")


@pytest.mark.parametrize("fields", ["", "id,nonsense", "favourites_count"])
def test_fields_are_required_and_known(caller, fields):
    assert error(caller.query(fields))[:2] == (400, "invalid_params")


def test_fields_can_be_encoded_and_spaced(caller):
    assert caller.query("id%2C%20username").json()["data"]["videos"][0].keys() == {"id", "username"}


def test_null_means_absent_and_numbers_can_be_strings(caller):
    answer = caller.query(max_count="2", search_id=None, cursor="0")
    assert len(answer.json()["data"]["videos"]) == 2


def test_young_videos_are_not_found_until_they_are_old_enough(calling):
    caller = calling(profile=Profile(lag_hours=48))
    caller.sandbox.clock.set(datetime(2022, 12, 9, 23, 59, 59, tzinfo=UTC))
    caller.log_in()
    assert caller.found(EVERYTHING) == [1, 2]
    caller.advance(1)
    assert caller.found(EVERYTHING) == [1, 2, 3]


def test_a_switch_also_applies_to_a_search_that_began_earlier(caller):
    assert caller.found(("keyword", "EQ", ["nadie"])) == [5]
    caller.switch(keyword_blackout=True)
    assert caller.found(("keyword", "EQ", ["nadie"])) == []


def test_groups_are_joined_by_and(caller, ids):
    lines = {
        "and": [{"field_name": "region_code", "operation": "EQ", "field_values": ["PE"]}],
        "or": [{"field_name": "video_id", "operation": "IN", "field_values": [ids[0], ids[1], ids[6]]}],
        "not": [{"field_name": "username", "operation": "EQ", "field_values": ["user_2"]}],
    }
    rows = caller.query(query=lines).json()["data"]["videos"]
    assert [row["id"] for row in rows] == [int(ids[0])]


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"query": 1}', b"[" * 10**5])
def test_a_body_that_is_not_a_query_is_refused(caller, body):
    url = f"{caller.sandbox.research_api}/research/video/query/?fields=id"
    assert error(caller.session.post(url, data=body, headers=caller.headers, timeout=10))[:2] == (
        400,
        "invalid_params",
    )


def test_a_window_can_end_in_the_future(caller):
    assert caller.found(EVERYTHING, start_date="20400101", end_date="20400102") == []


def test_hidden_videos_are_not_candidates_and_still_exist(calling, ids):
    caller = calling(profile=Profile(hide_rate=0.5))
    data = caller.query().json()["data"]
    assert 0 < data["cursor"] == len(data["videos"]) < 6


def test_f12_keyword_conditions_can_silently_find_nothing(calling):
    caller = calling(profile=Profile(keyword_blackout=True))
    assert caller.found(("keyword", "EQ", ["castillo"])) == []
    assert caller.found(
        ("keyword", "EQ", ["castillo"]), ("hashtag_name", "EQ", ["castillo"]), group="or"
    ) == [
        1,
        2,
        3,
        5,
        6,
        7,
    ]
    assert caller.found(("username", "EQ", ["user_1"])) == [1]


def test_some_videos_are_found_although_the_words_do_not_match(calling):
    caller = calling(profile=Profile(fuzzy_rate=1.0))
    assert caller.found(("keyword", "EQ", ["nowhere"]), ("region_code", "EQ", ["US"])) == [7]
    assert caller.found(("region_code", "EQ", ["US"])) == [7]
    assert caller.found(("keyword", "EQ", ["nowhere"]), start_date="20221207", end_date="20221207") == [1, 2]
    caller.switch(fuzzy_rate=0)
    assert caller.found(("keyword", "EQ", ["nowhere"])) == []


def test_vanished_videos_are_deleted_after_a_day_and_not_before(calling, ids):
    caller = calling(profile=Profile(vanish_rate=0.5))
    assert caller.found(EVERYTHING) == [1, 2, 3, 4, 5, 6, 7]
    caller.advance(86399)
    assert caller.found(EVERYTHING) == [1, 2, 3, 4, 5, 6, 7]
    caller.advance(1)
    left = caller.found(EVERYTHING)
    assert 0 < len(left) < 7
    gone = [number for number in range(1, 8) if number not in left]
    assert caller.found(("video_id", "IN", [ids[number - 1] for number in gone])) == []
    caller.advance(40 * 86400)
    assert caller.found(EVERYTHING) == left
