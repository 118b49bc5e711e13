"""Searches: their pages, their ids, and the faults of both."""

import json

import pytest
from research_caller import error

from sandbox.profiles import Profile
from sandbox.research_api.query import FIELDS


def test_all_pages_together_are_the_result_in_descending_order(caller, ids):
    found = list(caller.pages(max_count=4))
    got = [video["id"] for page in found for video in page["videos"]]
    assert got == sorted((int(ids[number - 1]) for number in (1, 2, 3, 4, 6, 7)), reverse=True)
    assert [(page["cursor"], page["has_more"]) for page in found] == [(4, True), (6, False)]
    assert {len(page["search_id"]) for page in found} == {19}


def test_the_cursor_also_counts_hidden_videos(calling, ids):
    caller = calling(profile=Profile(hidden=frozenset({ids[6], ids[5], ids[3]})))
    found = list(caller.pages(max_count=2))
    assert [len(page["videos"]) for page in found] == [0, 1, 2]
    assert [page["cursor"] for page in found] == [2, 4, 6]


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


def test_a_search_continues_after_a_restart_of_the_server(calling):
    first = calling().query(max_count=2).json()["data"]
    again = calling().query(max_count=2, cursor=first["cursor"], search_id=first["search_id"])
    assert again.json()["data"]["cursor"] == 4


def test_f05_a_new_search_id_is_refused_for_a_while_with_either_message(calling):
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


def test_f05_an_expired_search_stays_expired_and_a_new_one_works(calling):
    caller = calling(script=["ok", "search_lost"])
    search_id = caller.query(max_count=2).json()["data"]["search_id"]
    again = [caller.query(max_count=2, cursor=2, search_id=search_id).status_code for _ in range(3)]
    assert again == [400, 400, 400]
    new = caller.query(max_count=2).json()["data"]["search_id"]
    assert new != search_id
    assert caller.query(max_count=2, cursor=2, search_id=new).status_code == 200


def test_a_random_page_is_a_new_sample_and_the_last_page(caller):
    draws = [caller.query(is_random=True, max_count=3).json()["data"] for _ in range(6)]
    assert {len(draw["videos"]) for draw in draws} == {3}
    assert not any(draw["has_more"] for draw in draws)
    assert len({json.dumps(draw["videos"]) for draw in draws}) > 1


def test_a_random_search_of_nothing_has_no_id(caller):
    data = caller.query(is_random=True, start_date="20220101", end_date="20220102").json()["data"]
    assert data == {"videos": [], "cursor": 0, "has_more": False}


def test_f05_a_search_id_can_be_too_young_in_virtual_seconds(calling):
    caller = calling(profile=Profile(warmup_s=3))
    search_id = caller.query(max_count=2).json()["data"]["search_id"]
    statuses = []
    for _ in range(4):
        statuses.append(caller.query(max_count=2, cursor=2, search_id=search_id).status_code)
        caller.sandbox.clock.advance(1)
    assert statuses == [400, 400, 400, 200]


def test_an_expired_search_starts_again_under_another_id(calling):
    caller = calling(profile="search_expires")
    first = caller.query(max_count=2).json()["data"]["search_id"]
    assert caller.query(max_count=2).json()["data"]["search_id"] == first
    caller.sandbox.clock.advance(61)
    second = caller.query(max_count=2).json()["data"]["search_id"]
    assert second != first
    assert caller.query(max_count=2, cursor=2, search_id=second).status_code == 200


def test_a_restarted_search_continues_on_another_server(calling):
    caller = calling(script=["ok", "search_lost"], profile=Profile(warmup_requests=1))
    first = caller.query(max_count=2).json()["data"]["search_id"]
    assert caller.query(max_count=2, cursor=2, search_id=first).status_code == 400
    second = caller.query(max_count=2).json()["data"]["search_id"]
    later = calling(profile=Profile(warmup_requests=1))
    assert later.query(max_count=2, cursor=2, search_id=second).json()["data"]["cursor"] == 4
    assert error(later.query(max_count=2, cursor=2, search_id=first))[2].startswith("Search Id")


def test_an_invented_search_id_is_refused(caller):
    refusal = error(caller.query(max_count=2, cursor=2, search_id="7123456789012345678"))
    assert refusal == (400, "invalid_params", "Search Id 7123456789012345678 is invalid or expired")


def test_a_changed_query_can_be_ignored_instead(calling):
    caller = calling(profile=Profile(changed_query="ignore"))
    search_id = caller.query(max_count=2).json()["data"]["search_id"]
    place = {"max_count": 2, "cursor": 2, "search_id": search_id}
    same, changed = caller.query(**place), caller.query(**place, end_date="20221207")
    assert changed.json()["data"] == same.json()["data"]
    assert len(same.json()["data"]["videos"]) == 2


def test_f10_the_next_page_can_repeat_a_row(calling, ids):
    caller = calling(profile=Profile(dup_rate=0.7))
    pages = [[video["id"] for video in page["videos"]] for page in caller.pages(max_count=2)]
    rows = [video_id for page in pages for video_id in page]
    assert set(rows) == {int(ids[number - 1]) for number in (1, 2, 3, 4, 6, 7)}
    assert len(rows) > 6
    assert all(len(page) == len(set(page)) <= 2 for page in pages)


def test_f10_the_cursor_can_be_stuck_for_a_page(calling):
    caller = calling(script=["ok", "stuck_cursor"])
    search_id = caller.query(max_count=2).json()["data"]["search_id"]
    answers = [caller.query(max_count=2, cursor=2, search_id=search_id).json()["data"] for _ in range(2)]
    assert [(answer["cursor"], answer["has_more"]) for answer in answers] == [(2, True), (4, True)]
    assert answers[0]["videos"] == answers[1]["videos"]


def test_f10_pages_can_overlap_and_nothing_is_lost(calling, ids):
    caller = calling(script=["ok", "overlap"])
    pages = list(caller.pages(max_count=2))
    assert [page["cursor"] for page in pages] == [2, 3, 5, 6]
    rows = [video["id"] for page in pages for video in page["videos"]]
    assert (len(rows), len(set(rows))) == (7, 6)


def test_f11_empty_pages_come_before_the_end(calling):
    caller = calling(profile=Profile(empty_pages=2))
    pages = list(caller.pages(max_count=4))
    assert [len(page["videos"]) for page in pages] == [4, 0, 0, 2]
    assert [page["cursor"] for page in pages] == [4, 8, 12, 14]


def test_the_pages_of_a_recorded_session(corpus_of, calling):
    """145 candidates gave 78 and 28 rows, `US` and then `us` (tiktok-library, session of 2024-07-12)."""
    noon, newest = 1709553600, 7342600000000000000
    some = {
        number: {"voice_to_text": "some words"}
        | ({"playlist_id": "7200000000000000001"} if number < 9 else {})
        for number in range(0, 120, 4)
    }
    rows = [
        {"id": str(newest - number), "create_time": noon, "region_code": "US"} | some.get(number, {})
        for number in range(145)
    ]
    gone = [*range(1, 45, 2), *range(101, 135, 2)]
    profile = Profile(
        seed="session 4",
        hidden=frozenset(str(newest - number) for number in gone),
        lower_case_regions=True,
    )
    caller = calling(corpus=corpus_of(rows), profile=profile)
    window = {"start_date": "20240303", "end_date": "20240304", "max_count": 100}
    pages = list(caller.pages(fields=",".join(FIELDS), **window))
    assert [(len(page["videos"]), page["cursor"], page["has_more"]) for page in pages] == [
        (78, 100, True),
        (28, 145, False),
    ]
    assert [{row["region_code"] for row in page["videos"]} for page in pages] == [{"US"}, {"us"}]
    found = [row for page in pages for row in page["videos"]]
    assert sum("voice_to_text" in row for row in found) == 30
    assert sum("playlist_id" in row for row in found) == 3
    assert not any("effect_ids" in row for row in found)
    assert [row["id"] for row in found] == sorted((row["id"] for row in found), reverse=True)


def test_many_searches_at_once_do_not_disturb_each_other(corpus_of, calling):
    rows = [
        {"id": str(10**18 + number), "region_code": "PE" if number % 3 else "US"} for number in range(300)
    ]
    caller = calling(corpus=corpus_of(rows))
    words = [{"field_name": "video_id", "operation": "IN", "field_values": [str(10**18)]}]
    first = caller.query(max_count=100).json()["data"]
    for day in range(1, 29):
        for month in ("01", "02", "03"):
            caller.query(query={"not": words}, start_date=f"2022{month}{day:02}", end_date="20220328")
    rest = caller.query(max_count=100, cursor=first["cursor"], search_id=first["search_id"]).json()["data"]
    assert json.dumps(rest["videos"][0]["id"]) == str(10**18 + 199)


@pytest.mark.parametrize("order", [1, -1])
def test_an_answer_does_not_depend_on_earlier_requests(calling, order):
    days = ["20221207", "20221208", "20221209", "20221212"][::order]
    expected = {day: calling().query("id,username", start_date=day).json() for day in days}
    caller = calling()
    assert {day: caller.query("id,username", start_date=day).json() for day in days} == expected
