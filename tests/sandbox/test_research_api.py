"""The stand-in for the Research API against what is documented and what was seen of the real one."""

import json

import pytest
import requests

from sandbox.profiles import Profile
from sandbox.query import FIELDS

EVERYTHING = ("region_code", "IN", ["PE", "US"])


def error(answer):
    return answer.status_code, answer.json()["error"]["code"], answer.json()["error"]["message"]


def test_a_token_lives_for_its_time_and_no_longer(caller):
    assert caller.query().status_code == 200
    caller.sandbox.clock.advance(7199)
    assert caller.query().status_code == 200
    caller.sandbox.clock.advance(1)
    assert error(caller.query())[:2] == (401, "access_token_invalid")
    caller.headers = {"authorization": f"bearer {caller.token()}"}
    assert caller.query().status_code == 200


@pytest.mark.parametrize(
    ("form", "status", "code"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_secret": ""}, 400, "invalid_request"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ],
)
def test_a_refused_login_is_flat_json(caller, form, status, code):
    answer = caller.login(**form)
    assert (answer.status_code, answer.json()["error"]) == (status, code)
    assert set(answer.json()) == {"error", "error_description", "log_id"}


@pytest.mark.parametrize(
    "token", ["", "Bearer", "Bearer clt.", "Bearer clt.AAAAAGQRtsAAAAAAAAAAAAAAAAAAAAAA", "Basic x"]
)
def test_a_made_up_token_opens_nothing_and_costs_no_quota(caller, token):
    caller.headers = {"Authorization": token}
    assert error(caller.query())[:2] == (401, "access_token_invalid")
    health = caller.session.get(f"{caller.sandbox.base}/__sandbox__/health", timeout=10).json()
    assert health["quota_used"] == 0


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
def test_a_condition_finds_what_it_says(caller, condition, numbers):
    assert caller.found(condition) == numbers


def test_an_unknown_id_is_passed_over(caller, ids):
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


def test_fields_may_be_encoded_and_spaced(caller):
    assert caller.query("id%2C%20username").json()["data"]["videos"][0].keys() == {"id", "username"}


def test_null_is_absent_and_numbers_may_be_strings(caller):
    answer = caller.query(max_count="2", search_id=None, cursor="0")
    assert len(answer.json()["data"]["videos"]) == 2


def test_a_row_holds_the_known_values_of_what_was_asked_and_nothing_else(caller, ids, rows):
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


def test_the_order_of_keys_means_nothing(caller):
    rows = caller.query("id,create_time,username,region_code").json()["data"]["videos"]
    assert len({tuple(row) for row in rows}) > 1


def pages(caller, **body):
    """Follows the paging rules; yields the data of each page."""
    answer = caller.query(**body).json()["data"]
    yield answer
    while answer["has_more"]:
        place = {"cursor": answer["cursor"], "search_id": answer["search_id"]}
        answer = caller.query(**body, **place).json()["data"]
        yield answer


def test_pages_together_are_the_whole_in_descending_order(caller, ids):
    found = list(pages(caller, max_count=4))
    got = [video["id"] for page in found for video in page["videos"]]
    assert got == sorted((int(ids[number - 1]) for number in (1, 2, 3, 4, 6, 7)), reverse=True)
    assert [(page["cursor"], page["has_more"]) for page in found] == [(4, True), (6, False)]
    assert {len(page["search_id"]) for page in found} == {19}


def test_the_cursor_counts_what_is_hidden_too(calling, ids):
    caller = calling(profile=Profile(hidden=frozenset({ids[6], ids[5], ids[3]})))
    found = list(pages(caller, max_count=2))
    assert [len(page["videos"]) for page in found] == [0, 1, 2]
    assert [page["cursor"] for page in found] == [2, 4, 6]


def test_145_candidates_can_give_about_106_rows(tmp_path, rows, calling):
    many = [
        {"api": rows[0]["api"] | {"id": str(10**18 + number)}, "page": rows[0]["page"]}
        for number in range(145)
    ]
    (tmp_path / "videos.json").write_text(json.dumps(many))
    caller = calling(corpus=tmp_path, profile=Profile(drop_rate=0.27, lower_case_regions=True))
    found = list(pages(caller, max_count=100, fields="id,region_code"))
    assert [(page["cursor"], page["has_more"]) for page in found] == [(100, True), (145, False)]
    assert 90 < sum(len(page["videos"]) for page in found) < 125
    assert all(len({video["region_code"] for video in page["videos"]}) == 1 for page in found)


def test_an_empty_search_has_no_id(caller):
    data = caller.query(start_date="20220101", end_date="20220102").json()["data"]
    assert data == {"videos": [], "cursor": 0, "has_more": False}


def test_a_cursor_beyond_the_end_has_its_known_message(caller):
    search_id = caller.query().json()["data"]["search_id"]
    assert error(caller.query(cursor=7, search_id=search_id))[2] == "Invalid count or cursor"
    assert caller.query(cursor=6, search_id=search_id).json()["data"]["videos"] == []


def test_a_search_id_is_bound_to_its_query(caller):
    search_id = caller.query(max_count=2).json()["data"]["search_id"]
    lost = f"Search Id {search_id} is invalid or expired"
    assert error(caller.query(max_count=2, cursor=2, search_id=search_id, end_date="20221230")) == (
        400,
        "invalid_params",
        lost,
    )
    assert caller.query(max_count=2, cursor=2, search_id=search_id).status_code == 200


def test_a_search_goes_on_after_the_server_was_started_again(calling):
    first = calling().query(max_count=2).json()["data"]
    again = calling().query(max_count=2, cursor=first["cursor"], search_id=first["search_id"])
    assert again.json()["data"]["cursor"] == 4


def test_f05_a_fresh_search_id_is_refused_for_a_while_in_either_way(calling):
    caller = calling(profile=Profile(warmup_requests=2))
    search_id = caller.query(max_count=2).json()["data"]["search_id"]
    answers = [caller.query(max_count=2, cursor=2, search_id=search_id) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [400, 400, 200]
    messages = [error(answer)[2] for answer in answers[:2]]
    assert messages == [f"Search Id {search_id} is invalid or expired", "Invalid count or cursor"]


def test_f05_an_old_search_id_is_refused(calling):
    caller = calling(profile="search_expires")
    search_id = caller.query(max_count=2).json()["data"]["search_id"]
    assert caller.query(max_count=2, cursor=2, search_id=search_id).status_code == 200
    caller.sandbox.clock.advance(61)
    assert error(caller.query(max_count=2, cursor=2, search_id=search_id))[1] == "invalid_params"


def test_f05_a_lost_search_stays_lost_and_a_new_one_works(calling):
    caller = calling(script=["ok", "search_lost"])
    search_id = caller.query(max_count=2).json()["data"]["search_id"]
    again = [caller.query(max_count=2, cursor=2, search_id=search_id).status_code for _ in range(3)]
    assert again == [400, 400, 400]
    new = caller.query(max_count=2).json()["data"]["search_id"]
    assert new != search_id
    assert caller.query(max_count=2, cursor=2, search_id=new).status_code == 200


def test_the_day_is_over_after_1000_requests_and_failed_ones_count(calling):
    caller = calling(profile=Profile(daily_quota=4), script=["500", "504_html"])
    statuses = [caller.query(max_count=count).status_code for count in (5, 5, 0, 5, 5)]
    assert statuses == [500, 504, 400, 200, 429]
    answer = caller.query()
    assert answer.json()["error"]["code"] == "daily_quota_limit_exceeded"
    assert answer.json()["data"] == {}
    caller.sandbox.clock.advance(12 * 3600 - 1)
    caller.headers = {"Authorization": f"Bearer {caller.token()}"}
    assert caller.query().status_code == 429
    caller.sandbox.clock.advance(1)
    assert caller.query().status_code == 200


def test_others_may_have_used_the_quota(calling):
    caller = calling(profile="quota_edge")
    assert [caller.query().status_code for _ in range(11)] == [200] * 10 + [429]


@pytest.mark.parametrize(
    ("word", "status", "code"),
    [
        ("500", 500, "internal_error"),
        ("429_rate", 429, "rate_limit_exceeded"),
        ("429_quota", 429, "daily_quota_limit_exceeded"),
        ("401", 401, "access_token_invalid"),
        ("400_cursor", 400, "invalid_params"),
        ("200_error", 200, "unheard_of"),
    ],
)
def test_a_scripted_error_has_its_documented_shape(calling, word, status, code):
    caller = calling(script=[{"do": word, "headers": {"Retry-After": "7"}}])
    answer = caller.query()
    assert error(answer)[:2] == (status, code)
    assert set(answer.json()["error"]) == {"code", "message", "log_id"}
    assert answer.headers["Retry-After"] == "7"


def test_pages_that_are_not_json_come_when_the_script_says(calling):
    caller = calling(script=["504_html", "200_html", "truncated_json"])
    answers = [caller.query() for _ in range(4)]
    assert [answer.status_code for answer in answers] == [504, 200, 200, 200]
    kinds = [answer.headers["Content-Type"].partition(";")[0] for answer in answers]
    assert kinds == ["text/html", "text/html", "application/json", "application/json"]
    with pytest.raises(ValueError, match=r"Unterminated|Expecting|delimiter"):
        answers[2].json()
    assert answers[3].content.startswith(answers[2].content)


@pytest.mark.parametrize("word", ["reset", "cut", "cut_chunked"])
def test_f09_a_broken_connection_is_seen_by_the_client(calling, word):
    caller = calling(script=[word])
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        caller.query()
    assert caller.query().status_code == 200


def test_f09_a_close_delimited_cut_is_seen_by_nobody_but_the_parser(calling):
    answer = calling(script=["cut_close"]).query()
    assert answer.status_code == 200
    with pytest.raises(ValueError, match=r"Unterminated|Expecting|delimiter"):
        answer.json()


def test_f13_a_silent_server_ends_with_the_clients_patience(calling):
    caller = calling(script=["silent"])
    url = f"{caller.sandbox.research_api}/research/video/query/?fields=id"
    with pytest.raises(requests.ReadTimeout):
        caller.session.post(url, json={}, headers=caller.headers, timeout=0.2)


def test_chance_of_500_falls_the_same_way_each_time(calling):
    runs = []
    for _ in range(2):
        caller = calling(profile=Profile(p_500=0.5))
        runs.append([caller.query().status_code for _ in range(12)])
    assert runs[0] == runs[1]
    assert set(runs[0]) == {200, 500}


def test_young_videos_are_not_found_yet(calling):
    caller = calling(profile=Profile(lag_hours=48))
    caller.sandbox.clock.set(caller.sandbox.clock.now().replace(year=2022, month=12, day=11, hour=11))
    caller.headers = {"Authorization": f"Bearer {caller.token()}"}
    assert caller.found(EVERYTHING) == [1, 2, 3]


def test_a_random_page_is_drawn_anew_and_ends_at_once(caller):
    draws = [caller.query(is_random=True, max_count=3).json()["data"] for _ in range(6)]
    assert {len(draw["videos"]) for draw in draws} == {3}
    assert not any(draw["has_more"] for draw in draws)
    assert len({json.dumps(draw["videos"]) for draw in draws}) > 1


def test_only_post_and_only_known_paths_with_their_slash(caller):
    root = caller.sandbox.research_api
    assert caller.session.get(f"{root}/research/video/query/", timeout=10).status_code == 405
    assert caller.session.post(f"{root}/research/video/query", timeout=10).status_code == 404
    assert caller.session.post(f"{root}/research/nothing/", timeout=10).status_code == 404


def test_a_denied_endpoint_says_so(calling):
    caller = calling(profile=Profile(denied=frozenset({"/v2/research/video/query/"})))
    assert error(caller.query())[:2] == (401, "scope_not_authorized")
