"""Pages without what people asked to be erased: its rows are marked, and everything else is as it was received."""

import json
from datetime import UTC, date, datetime

import pytest

from gettok.collect.erased import NONE_ERASED, Erased, marked_digest, user_digest
from gettok.collect.search import StoredPage
from gettok.collect.tombstones import RefreshLists, sha256
from gettok.research_api import FIELDS, Page
from gettok.step import Answer

ONE, TWO, THREE = "7342600000000000315", "7342600000000000316", "7342600000000000317"
NOON = datetime(2023, 3, 15, 12, tzinfo=UTC)


def stored(text: str, path: str = f"/research/video/query/?fields={FIELDS}", **body) -> StoredPage:
    page = Page({"path": path, "body": body}, 200, {}, NOON, text)
    return StoredPage("video/query", "a", 0, 0, "key", Answer(page.to_json()), page)


def of(*videos: str, comments: tuple[str, ...] = (), users: tuple[str, ...] = ()) -> Erased:
    digests = (map(sha256, videos), map(sha256, comments), map(user_digest, users))
    return Erased(*map(frozenset, digests))


def mark(name: str) -> str:
    return json.dumps({"erased_sha256": sha256(name)})


def test_the_lists_of_a_folder_say_what_is_erased_and_not_what_is_gone(tmp_path):
    RefreshLists(tmp_path).add(dict.fromkeys(("round", "source", "method"), "a"), [sha256(TWO)])
    RefreshLists(tmp_path).erase([sha256(ONE)], date(2026, 12, 1))
    RefreshLists(tmp_path, "user").erase([user_digest("Ana")], date(2026, 12, 1))
    erased = Erased.of(tmp_path)
    assert erased == of(ONE, users=("ana",))
    assert erased
    assert not Erased.of(tmp_path / "none")


def test_a_row_is_replaced_by_a_mark_and_no_other_character_changes():
    one, two = f'{{"id": {ONE}, "video_description": "canary", "x": NaN}}', f'{{"id" : "{TWO}", "y":1.50}}'
    before = stored(f'{{"data": {{"videos": [{one} , {two}],  "cursor": 2}}}}')
    after = of(ONE).page(before)
    assert after.page.text == before.page.text.replace(one, mark(ONE))
    assert after.answer.body["text"] == after.page.text
    assert (after.key, after.cursor) == (before.key, before.cursor)
    assert marked_digest(after.page.videos[0]) == sha256(ONE)
    assert of(TWO).page(before).page.text == before.page.text.replace(two, mark(TWO))


def test_what_a_refresh_found_gone_has_a_mark_of_its_own_on_pages(tmp_path):
    RefreshLists(tmp_path).add(dict.fromkeys(("round", "source", "method"), "a"), [sha256(ONE), sha256(TWO)])
    RefreshLists(tmp_path, "comment").add(dict.fromkeys(("round", "source", "method"), "a"), [sha256("7")])
    RefreshLists(tmp_path).erase([sha256(TWO)], date(2026, 12, 1))
    left_out = Erased.or_gone(tmp_path)
    rows = json.dumps([{"id": ONE}, {"id": TWO}, {"id": THREE}])
    before = stored(f'{{"data": {{"videos": {rows}}}}}', ids=[ONE, TWO, int(THREE)])
    page = left_out.page(before).page
    gone = {"gone_sha256": sha256(ONE)}
    assert page.videos == [gone, {"erased_sha256": sha256(TWO)}, {"id": THREE}]
    assert [marked_digest(video) for video in page.videos] == [sha256(ONE), sha256(TWO), None]
    assert page.request["body"]["ids"] == [gone, {"erased_sha256": sha256(TWO)}, int(THREE)]
    comments = stored('{"data": {"comments": [{"id": 7}, {"id": 8}]}}', "/research/video/comment/list/?x")
    assert json.loads(left_out.page(comments).page.text)["data"]["comments"] == [
        {"gone_sha256": sha256("7")},
        {"id": 8},
    ]
    broken = stored(f"<html>{ONE}</html>")
    assert left_out.page(broken).page.text == ""
    assert Erased.of(tmp_path).page(broken) == broken


def test_a_user_s_videos_are_marked_whatever_capitals_their_name_has():
    rows = [
        {"id": int(ONE), "username": "Ana"},
        {"video_id": TWO, "username": "ana"},
        {"id": 3, "username": "anab"},
    ]
    page = of(users=("ANA",)).page(stored(json.dumps({"data": {"videos": rows}}))).page
    assert [marked_digest(video) for video in page.videos] == [sha256(ONE), sha256(TWO), None]
    assert of(users=("ANA",)).ids_on(stored(json.dumps({"data": {"videos": rows}})).page) == {ONE, TWO}


def test_a_row_of_a_user_without_an_id_is_marked_too():
    page = of(users=("ana",)).page(stored('{"data": {"videos": [{"username": "ana"}]}}')).page
    assert marked_digest(page.videos[0]) is not None
    assert "ana" not in page.text


def test_comments_are_marked_on_pages_of_comments_alone():
    text = json.dumps({"data": {"comments": [{"id": 17, "text": "canary"}, {"id": "18", "text": "b"}]}})
    after = of(comments=("17",)).page(
        stored(text, "/research/video/comment/list/?fields=id", video_id=int(ONE))
    )
    assert after.page.text == text.replace('{"id": 17, "text": "canary"}', mark("17"))
    assert of(comments=("17",)).page(stored(text)).page.text == text


def test_a_captured_video_is_marked_by_its_id_or_its_author():
    rows = [
        {
            "source_platform": "tiktok.com",
            "data": {"id": name, "createTime": 1670000000, "author": {"uniqueId": user}},
        }
        for name, user in ((ONE, "ana"), (TWO, "Beto"), (THREE, "carla"))
    ]
    text = json.dumps({"items": [*rows, {"data": {}}]})
    page = of(ONE, users=("beto",)).page(stored(text, "zeeschuimer", file="a.ndjson")).page
    assert [marked_digest(row) for row in json.loads(page.text)["items"]] == [
        sha256(ONE),
        sha256(TWO),
        None,
        None,
    ]


def test_a_request_that_asks_for_the_id_has_the_mark_instead():
    query = {"and": [{"field_name": "video_id", "operation": "IN", "field_values": [ONE, TWO, "golpe"]}]}
    after = of(ONE).page(stored('{"data": {"videos": []}}', query=query, max_count=100))
    assert after.page.request["body"]["query"]["and"][0]["field_values"] == [
        json.loads(mark(ONE)),
        TWO,
        "golpe",
    ]
    assert after.page.request["body"]["max_count"] == 100
    assert ONE not in after.answer.text


@pytest.mark.parametrize(
    "text", [f'{{"data": {{"videos": [{{"id": {ONE}, "video_description": "can', f"<p>{ONE}</p>"]
)
def test_of_a_page_that_cannot_be_parsed_nothing_is_left_if_it_may_name_what_is_erased(text):
    assert of(ONE).page(stored(text)).page.text == ""
    assert of(TWO).page(stored(text)).page.text == text
    assert of(users=("ana",)).page(stored(text)).page.text == ""


def test_a_page_without_anything_erased_is_the_same_object():
    before = stored(json.dumps({"data": {"videos": [{"id": TWO}]}}))
    assert of(ONE).page(before) is before
    assert NONE_ERASED.page(before) is before


@pytest.mark.parametrize("content", [None, [], "a", {}, {"id": 1}, {"erased_sha256": "a", "id": 1}])
def test_no_other_row_is_a_mark(content):
    assert marked_digest(content) is None
