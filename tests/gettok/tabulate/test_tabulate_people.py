"""Comments and authors: each as last observed, and every refusal with its reason."""

import json
from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tabulated import CREATED, ID, SEEN, answer, page, tabulate, video

from gettok.collect.tombstones import sha256
from gettok.research_api import Page
from gettok.tabulate import Gone, KeyedPage, Rejects
from gettok.tabulate import comments as tabulate_comments

LATER = SEEN + timedelta(days=5)
BIG = 7342600000000000999


def comments(*found, video_id=ID, observed_at=SEEN) -> Page:
    return answer(
        json.dumps({"data": {"comments": list(found), "cursor": 1}}), observed_at, video_id=video_id
    )


def comment(**fields):
    return {
        "id": BIG,
        "video_id": ID,
        "parent_comment_id": ID,
        "create_time": CREATED,
        "text": "sí",
        **fields,
    }


def below(*pages: Page):
    return tabulate([page(video())], of_comments=pages)


def user(username="a", status=200, observed_at=SEEN, text=None, **profile) -> Page:
    content = {"data": profile, "error": {"code": "ok", "message": ""}} if text is None else text
    return answer(
        content if isinstance(content, str) else json.dumps(content), observed_at, status, username=username
    )


def refusal(message: str, status=400, **asked) -> Page:
    content = {"data": {}, "error": {"code": "invalid_params", "message": message}}
    return answer(json.dumps(content), SEEN, status, **asked)


def people(*pages: Page):
    return tabulate([], of_users=pages)


def test_f16_a_comment_s_ids_are_exact_and_its_text_too():
    (made,) = below(comments(comment(text="a\0b 👩🏽‍🚀", new=1))).comments.to_dicts()
    assert (made["comment_id"], made["video_id"], made["text"]) == (str(BIG), str(ID), "a\0b 👩🏽‍🚀")
    assert made["other_fields"] == '{"new": 1}'


def test_a_comment_on_the_video_is_not_a_reply_and_one_on_a_comment_is():
    made = below(comments(comment(), comment(id=BIG + 1, parent_comment_id=BIG))).comments
    assert made["is_reply"].to_list() == [False, True]
    assert made["parent_comment_id"].to_list() == [str(ID), str(BIG)]


def test_a_comment_seen_twice_is_one_row_with_its_latest_values():
    made = below(comments(comment(like_count=2), observed_at=LATER), comments(comment(like_count=5))).comments
    assert made.select("like_count", "observed_at").rows() == [(2, LATER)]


def test_a_comment_that_does_not_name_its_video_is_on_the_one_that_was_asked_about():
    made = below(comments({"id": BIG, "text": ""}, video_id=str(ID))).comments
    assert made.select("video_id", "text").rows() == [(str(ID), "")]


def test_a_comment_on_no_video_of_the_study_is_rejected():
    found = below(comments(comment(video_id=5), comment()))
    assert found.comments.height == 1
    assert found.rejects.select("answer_key", "position", "reason").rows() == [
        ("c000000", 0, "outside_study")
    ]


def test_a_comment_without_an_id_and_one_of_another_type_are_rejected():
    found = below(comments({"text": "a"}, comment(text=7), "x"))
    assert found.rejects.select("position", "reason").rows() == [
        (0, "no_id"),
        (1, "retyped"),
        (2, "not_an_object"),
    ]
    assert found.comments["other_fields"].to_list() == ['{"text": 7}']


def test_a_video_whose_comments_are_refused_leaves_a_line_and_no_more():
    found = below(
        refusal("the video is private", video_id=ID), comments(), answer('{"data": {}}', video_id=ID)
    )
    assert found.comments.height == 0
    assert found.rejects.select("position", "reason", "detail").rows() == [
        (None, "refused", "the video is private")
    ]


def test_a_user_s_row_has_the_name_that_was_asked_about():
    (made,) = people(
        user("a", display_name="Á\0", follower_count=2**40, is_verified=True, new=[1])
    ).users.to_dicts()
    assert (made["username"], made["status"], made["reason"]) == ("a", "ok", None)
    assert (made["display_name"], made["follower_count"], made["is_verified"]) == ("Á\0", 2**40, True)
    assert (made["other_fields"], made["accepted_despite_500"]) == ('{"new": [1]}', False)


def test_a_user_asked_about_twice_is_one_row_with_the_latest_values():
    made = people(user("a", video_count=2, observed_at=LATER), user("a", video_count=5), user("b")).users
    assert made.select("username", "video_count").rows() == [("a", 2), ("b", None)]


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("`username: a` is invalid: cannot find the user", "user_gone"),
        ("API cannot return this user's information", "user_refused"),
        ("the account is private", "user_refused"),
    ],
)
def test_a_user_about_whom_the_api_gives_nothing_has_a_row_with_the_reason(message, reason):
    found = people(refusal(message, username="a"), user("b"))
    assert found.users.select("username", "status", "reason", "detail").rows() == [
        ("a", "unusable", reason, message),
        ("b", "ok", None, None),
    ]
    assert found.fields.filter(table="users", field="bio_url")["rows"].to_list() == [0]


def test_a_profile_that_comes_with_status_500_is_used_and_marked():
    found = people(user("a", 500, video_count=5), answer('{"data": {}}', status=500, username="b"))
    assert found.users.select("username", "video_count", "accepted_despite_500").rows() == [("a", 5, True)]
    assert found.reasons() == ["no_page"]


def test_f21_a_user_page_that_cannot_be_read_is_rejected():
    found = people(user(text="<html>"), answer('{"data": {"video_count": 1}}'), user("c"))
    assert found.users["username"].to_list() == ["c"]
    assert found.reasons() == ["no_page", "no_page"]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=5), inside, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(_JSON, st.sampled_from([200, 400, 500]))
def test_f21_any_answer_about_comments_or_a_user_is_a_row_or_a_reject(content, status):
    texts = [
        json.dumps(content),
        json.dumps({"data": content}),
        json.dumps({"data": {"comments": [content]}}),
    ]
    pages = [answer(text, status=status, username="a", video_id=ID) for text in texts]
    for received in pages:
        found = tabulate([page(video())], of_comments=[received], of_users=[received])
        assert found.users.height + found.reasons().count("no_page") >= 1


def test_a_reply_to_a_comment_that_is_gone_stays_without_the_comment_s_id(tmp_path):
    rows = [
        {"id": 1, "video_id": ID, "parent_comment_id": ID, "text": "a"},
        {"id": 2, "video_id": ID, "parent_comment_id": 1, "text": "b"},
        {"id": 3, "video_id": ID, "parent_comment_id": 2, "text": "c"},
        {"erased_sha256": sha256("4")},
    ]
    pages = [KeyedPage("c0", answer(json.dumps({"data": {"comments": rows}}), video_id=ID))]
    study = pl.DataFrame({"video_id": [str(ID)], "day": [date(2022, 12, 7)]})
    rejects = Rejects()
    found = tabulate_comments.gather(pages, study, tmp_path, rejects, Gone({sha256("1")}))
    ((_, table),) = found.days()
    assert table["comment_id", "parent_comment_id", "is_reply"].rows() == [
        ("2", None, True),
        ("3", "2", True),
    ]
    assert rejects.frame().height == 0
