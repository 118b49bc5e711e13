"""Switches and the profiles that set them."""

import http.client
import json
from urllib.parse import urlsplit

import pytest

from sandbox.profiles import PROFILES, Profile, switched


@pytest.mark.parametrize(
    "switches",
    [
        {"p_500": "high"},
        {"p_500": True},
        {"daily_quota": 1.5},
        {"daily_quota": None},
        {"daily_quota": True},
        {"hidden": "7"},
        {"hidden": [7]},
        {"keyword_blackout": 1},
        {"lag_hours": "48"},
        {"new_field": None},
        {"gravity": 1},
    ],
)
def test_a_value_of_the_wrong_type_is_refused(caller, switches):
    url = f"{caller.sandbox.base}/__sandbox__/switches"
    answer = caller.session.post(url, json=switches, timeout=10)
    assert answer.status_code == 400
    assert next(iter(switches)) in answer.json()["error"]


def test_values_of_the_right_type_are_accepted():
    switches = {
        "p_500": 1,
        "p_504_html": 0.5,
        "lag_hours": None,
        "hidden": ["7"],
        "keyword_blackout": True,
        "seed": "x",
    }
    profile = switched(Profile(lag_hours=48), switches)
    assert (profile.p_500, profile.p_504_html, profile.lag_hours, profile.keyword_blackout) == (
        1,
        0.5,
        None,
        True,
    )
    assert profile.hidden == frozenset({"7"})


def test_all_switches_can_be_read_and_set_again(caller):
    url = f"{caller.sandbox.base}/__sandbox__/switches"
    switches = caller.session.get(url, timeout=10).json()
    assert caller.session.post(url, json=switches, timeout=10).status_code == 200
    assert caller.session.get(url, timeout=10).json() == switches


def test_on_a_bad_day_one_attempt_in_twenty_succeeds(calling):
    caller = calling(profile=PROFILES["bad_day"])
    caller.switch(daily_quota=10**6)
    statuses = [caller.query().status_code for _ in range(300)]
    assert 3 <= statuses.count(200) <= 30
    assert set(statuses) == {200, 500}


def test_a_patient_client_gets_everything_from_a_realistic_server(corpus_of, calling):
    corpus = corpus_of([{"id": str(10**18 + number)} for number in range(400)])
    caller = calling(corpus=corpus, profile="realistic")
    rows, place, tries = [], {}, 0
    while place is not None:
        answer = caller.query("id,region_code", max_count=50, **place)
        tries += 1
        if answer.status_code == 200:
            data = answer.json()["data"]
            rows += data["videos"]
            place = {"cursor": data["cursor"], "search_id": data["search_id"]} if data["has_more"] else None
        else:
            assert answer.status_code in {400, 500}
    assert 10 <= tries < 20
    assert 260 < len(rows) < 360
    assert {row["region_code"] for row in rows} == {"PE", "pe"}
    assert caller.quota()["used"] == tries


def test_a_tenth_of_the_videos_vanishes_in_the_refresh_profile(corpus_of, calling):
    corpus = corpus_of([{"id": str(10**18 + number)} for number in range(100)])
    caller = calling(corpus=corpus, profile="refresh")
    counts = [len(caller.query(max_count=100).json()["data"]["videos"])]
    caller.advance(86400)
    counts.append(len(caller.query(max_count=100).json()["data"]["videos"]))
    assert counts[0] == 100
    assert 80 <= counts[1] <= 97


def test_one_connection_serves_many_pages(caller):
    connection = http.client.HTTPConnection(urlsplit(caller.sandbox.base).netloc, timeout=10)
    connection.connect()
    first = connection.sock
    body = {"query": {"not": [{"field_name": "username", "operation": "EQ", "field_values": ["a"]}]}}
    for day in range(10, 31):
        window = {"start_date": f"202212{day}", "end_date": f"202212{day}"}
        path = "/v2/research/video/query/?fields=id"
        connection.request("POST", path, json.dumps(body | window), caller.headers)
        assert json.loads(connection.getresponse().read())["error"]["code"] == "ok"
    assert connection.sock is first
    connection.close()
