"""Comments and replies: in pages, with a limit, and deleted with their video."""

import pytest
from research_caller import error

from sandbox.profiles import Profile
from sandbox.research_api.comments import FIELDS

LIST = f"video/comment/list/?fields={','.join(FIELDS)}"
BUSY = "7000000000000000001"


@pytest.fixture
def busy(corpus_of, calling):
    """A caller of a sandbox with one video of 240 comments and one of none."""

    def start(**settings):
        corpus = corpus_of(
            [{"id": BUSY, "comment_count": 240}, {"id": "7000000000000000002", "comment_count": 0}]
        )
        return calling(corpus=corpus, **settings)

    return start


def every(caller, **body):
    """All comments, page after page."""
    found, cursor = [], 0
    while True:
        data = caller.data(LIST, max_count=100, cursor=cursor, **body)
        found += data["comments"]
        if not data["has_more"]:
            return found
        cursor = data["cursor"]


def test_a_video_has_as_many_comments_as_its_count(busy):
    comments = every(busy(), video_id=BUSY)
    assert len({comment["id"] for comment in comments}) == 240
    assert every(busy(), video_id="7000000000000000002") == []


def test_comments_have_the_documented_form(busy):
    comments = every(busy(), video_id=BUSY)
    assert (
        {comment["parent_comment_id"] for comment in comments}
        == {int(BUSY)}
        == {c["video_id"] for c in comments}
    )
    texts = {comment["text"] for comment in comments}
    assert "" in texts
    assert any("***" in text for text in texts)
    times = [comment["create_time"] for comment in comments]
    assert times != sorted(times)
    assert {comment.get("reply_count", 0) for comment in comments} == {0, 1, 2, 3}
    assert all("reply_count" not in comment or comment["reply_count"] for comment in comments)


def test_replies_name_their_parent_comment(busy):
    caller = busy()
    parent = next(comment for comment in every(caller, video_id=BUSY) if comment.get("reply_count") == 2)
    replies = every(caller, comment_id=parent["id"])
    assert [reply["parent_comment_id"] for reply in replies] == [parent["id"]] * 2
    assert all(reply["create_time"] > parent["create_time"] for reply in replies)
    assert every(caller, comment_id=replies[0]["id"]) == []


def test_a_page_has_ten_comments_by_default_and_its_cursor_is_an_index(busy):
    first = busy().data(LIST, video_id=BUSY)
    assert (len(first["comments"]), first["cursor"], first["has_more"]) == (10, 10, True)
    last = busy().data(LIST, video_id=int(BUSY), cursor="235", max_count="10")
    assert (len(last["comments"]), last["cursor"], last["has_more"]) == (5, 240, False)


def test_only_requested_fields_are_returned(busy):
    (comment,) = busy().data("video/comment/list/?fields=text,id", video_id=BUSY, max_count=1)["comments"]
    assert set(comment) == {"text", "id"}


@pytest.mark.parametrize(
    "body", [{}, {"video_id": BUSY, "comment_id": BUSY}, {"video_id": "x"}, {"video_id": True}]
)
def test_one_id_must_be_given(busy, body):
    assert error(busy().ask(LIST, **body))[:2] == (400, "invalid_params")


@pytest.mark.parametrize("place", [{"cursor": 241}, {"cursor": -1}, {"max_count": 101}, {"max_count": 0}])
def test_a_wrong_place_has_its_known_message(busy, place):
    assert error(busy().ask(LIST, video_id=BUSY, **place)) == (
        400,
        "invalid_params",
        "Invalid count or cursor",
    )


def test_comments_beyond_the_cap_are_refused(busy):
    caller = busy(profile=Profile(comment_cap=200))
    page = caller.data(LIST, video_id=BUSY, cursor=100, max_count=100)
    assert (page["cursor"], page["has_more"]) == (200, True)
    assert error(caller.ask(LIST, video_id=BUSY, cursor=200))[2] == "Invalid count or cursor"


def test_comments_are_deleted_with_their_video(busy):
    caller = busy()
    comments = every(caller, video_id=BUSY)
    parent = next(comment["id"] for comment in comments if comment.get("reply_count"))
    caller.switch(vanish_rate=1.0)
    assert every(caller, video_id=BUSY) == comments
    caller.advance(86400)
    assert every(caller, video_id=BUSY) == []
    assert every(caller, comment_id=parent) == []


def test_comments_are_the_same_on_every_server(busy):
    assert every(busy(), video_id=BUSY) == every(busy(), video_id=BUSY)
    assert every(busy(profile=Profile(seed="other")), video_id=BUSY) != every(busy(), video_id=BUSY)
