"""The Research API: authentication, the order of its checks, and quotas."""

import pytest
from research_caller import error

from sandbox.profiles import Profile

INFO = "user/info/?fields=display_name"


def test_a_token_is_valid_for_its_lifetime_only(caller):
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
def test_an_invented_token_is_refused_and_costs_no_quota(caller, token):
    caller.headers = {"Authorization": token}
    assert error(caller.query())[:2] == (401, "access_token_invalid")
    health = caller.session.get(f"{caller.sandbox.base}/__sandbox__/health", timeout=10).json()
    assert health["quota_used"] == 0


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


def test_others_can_have_used_the_quota(calling):
    caller = calling(profile="quota_edge")
    assert [caller.query().status_code for _ in range(11)] == [200] * 10 + [429]


def test_only_post_and_only_known_paths_with_their_slash(caller):
    root = caller.sandbox.research_api
    assert caller.session.get(f"{root}/research/video/query/", timeout=10).status_code == 405
    assert caller.session.post(f"{root}/research/video/query", timeout=10).status_code == 404
    assert caller.session.post(f"{root}/research/nothing/", timeout=10).status_code == 404


def test_a_denied_endpoint_says_so(calling):
    caller = calling(profile=Profile(denied=frozenset({"/v2/research/video/query/"})))
    assert error(caller.query())[:2] == (401, "scope_not_authorized")


@pytest.mark.parametrize("status", [200, 400, 401, 500])
def test_the_status_of_a_refused_login_is_a_switch(calling, status):
    caller = calling(profile=Profile(oauth_error_status=status))
    answer = caller.login(client_secret="wrong")
    assert (answer.status_code, answer.json()["error"]) == (status, "invalid_client")


def test_f04_a_token_is_refused_after_a_number_of_requests(calling):
    caller = calling(profile=Profile(revoke_after=2))
    assert [caller.query().status_code for _ in range(4)] == [200, 200, 401, 401]
    caller.log_in()
    assert caller.query().status_code == 200


def test_an_expired_token_is_expired_from_the_start(calling):
    caller = calling(profile="expired_token")
    assert error(caller.query())[:2] == (401, "access_token_invalid")


@pytest.mark.parametrize(("switch", "used"), [(False, 0), (True, 1)])
def test_whether_a_bad_token_costs_quota_is_a_switch(calling, switch, used):
    caller = calling(profile=Profile(unauthorized_uses_quota=switch))
    caller.headers = {"Authorization": "Bearer clt.nothing"}
    assert caller.query().status_code == 401
    assert caller.quota()["used"] == used


def test_the_checks_have_a_fixed_order(calling, ids):
    """Each request also fails every later check; the first one is reported."""
    query = "/v2/research/video/query/"
    caller = calling(
        profile=Profile(denied=frozenset({query}), requests_per_s=0, daily_quota=0, p_500=1.0, p_504_html=1.0)
    )
    good, caller.headers = caller.headers, {"Authorization": "Bearer clt.nothing"}

    def outcome():
        answer = caller.query("nonsense", cursor=2)
        return (
            error(answer)[:2]
            if answer.headers["Content-Type"].startswith("application/json")
            else answer.status_code
        )

    caller.switch(daily_quota=10)
    assert outcome() == 504
    caller.switch(p_504_html=0)
    assert outcome() == (401, "access_token_invalid")
    caller.headers = good
    assert outcome() == (401, "scope_not_authorized")
    caller.switch(denied=[])
    assert outcome() == (429, "rate_limit_exceeded")
    caller.switch(requests_per_s=100, daily_quota=0)
    assert outcome() == (429, "daily_quota_limit_exceeded")
    caller.switch(daily_quota=10)
    assert outcome() == (500, "internal_error")
    caller.switch(p_500=0)
    assert error(caller.query("nonsense", cursor=2))[2] == "Invalid fields: nonsense"
    assert error(caller.query(cursor=2))[2] == "Invalid count or cursor"


def test_requests_beyond_the_limit_per_virtual_second_cost_nothing(calling):
    caller = calling(profile=Profile(requests_per_s=2))
    assert [caller.query().status_code for _ in range(4)] == [200, 200, 429, 429]
    assert caller.quota()["used"] == 2
    caller.sandbox.clock.advance(1)
    assert error(caller.query())[:2] == (200, "ok")


def test_followers_have_a_quota_of_their_own(calling):
    caller = calling(profile=Profile(daily_quota=1, daily_follow_quota=2))
    follows = [caller.ask("user/followers/", username="user_1").status_code for _ in range(3)]
    assert follows == [200, 200, 429]
    assert [caller.ask(INFO, username="user_1").status_code for _ in range(2)] == [200, 429]
    quota = caller.quota()
    assert quota == {"day": "20230315", "used": 2, "limit": 1, "follow_used": 3, "follow_limit": 2}


def test_json_without_its_content_type_is_refused_in_strict_mode_only(calling):
    caller = calling()
    url = f"{caller.sandbox.research_api}/research/{INFO}"
    plain = caller.headers | {"Content-Type": "text/plain"}
    statuses = []
    for strict in (False, True):
        caller.switch(strict_content_type=strict)
        answer = caller.session.post(url, data=b'{"username": "user_1"}', headers=plain, timeout=10)
        statuses.append(answer.status_code)
    assert statuses == [200, 400]
    assert caller.ask(INFO, username="user_1").status_code == 200


def test_the_last_slash_can_be_made_optional(calling):
    caller = calling(profile=Profile(slash_optional=True))
    assert caller.ask("user/info?fields=display_name", username="user_1").status_code == 200
    assert caller.ask("user/followers", username="user_1").status_code == 200
    assert caller.quota()["follow_used"] == 1
    caller.switch(denied=["/v2/research/user/info/"])
    assert caller.ask("user/info?fields=display_name", username="user_1").status_code == 401


def test_answers_can_be_delayed(calling):
    caller = calling(profile=Profile(delay_s=0.05))
    assert caller.query().elapsed.total_seconds() >= 0.05


@pytest.mark.parametrize(
    ("path", "body", "subject"),
    [
        ("video/query/?fields=id", {"start_date": "20221201", "end_date": "20221202"}, "20221201/20221202/0"),
        ("video/query/?fields=id", {"start_date": "1", "end_date": "2", "cursor": 7}, "1/2/7"),
        (INFO, {"username": "user_1"}, "user_1"),
        ("video/comment/list/?fields=id", {"video_id": "12"}, "12"),
        ("video/comment/list/?fields=id", {"comment_id": 13}, "13"),
        ("playlist/info/", {"playlist_id": 14}, "14"),
        ("validation_task_status/get/", {"task_id": 15}, "15"),
    ],
)
def test_the_log_has_the_subject_of_each_request(caller, path, body, subject):
    caller.ask(path, **body)
    assert caller.sandbox.requests()[-1]["subject"] == subject
