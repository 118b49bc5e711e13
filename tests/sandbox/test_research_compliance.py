"""Batch Compliance: a file of ids in, a file of the valid ones out."""

import pytest
from research_caller import error

from sandbox.profiles import Profile
from sandbox.research_api.comments import Comments

CREATE, STATUS, DOWNLOAD = (
    "validation_task/create/",
    "validation_task_status/get/",
    "validation_task/download/",
)


def create(caller, ids, category="video"):
    url = f"{caller.sandbox.research_api}/research/{CREATE}"
    files = {"file_data": ("ids.txt", "\n".join(ids), "text/plain")}
    return caller.session.post(
        url, files=files, data={"category": category}, headers=caller.headers, timeout=10
    )


def task_of(answer):
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]["task_id"]


def valid(caller, ids, category="video"):
    answer = caller.ask(DOWNLOAD, task_id=task_of(create(caller, ids, category)))
    assert answer.headers["Content-Type"].startswith("text/plain")
    return answer.text.splitlines()


def test_the_ids_of_existing_videos_come_back_in_order(caller, ids):
    assert valid(caller, [ids[3], "123", ids[0], "99999999999999999999"]) == [ids[3], ids[0]]
    assert valid(caller, ["123"]) == []


def test_deleted_videos_are_not_valid(calling, ids):
    caller = calling(profile=Profile(hidden=frozenset({ids[0]}), vanish_rate=0.5))
    assert valid(caller, ids) == ids[1:]
    caller.advance(86400)
    found = [
        str(row["id"])
        for row in caller.query(query={"not": [_nobody()]}, max_count=100).json()["data"]["videos"]
    ]
    assert valid(caller, ids) == sorted(found)
    assert 0 < len(found) < 6


def _nobody():
    return {"field_name": "username", "operation": "EQ", "field_values": ["nobody"]}


def test_videos_that_no_query_finds_are_valid(calling, ids):
    assert valid(calling(profile=Profile(hide_rate=1.0)), ids) == ids


def test_comments_and_replies_are_known_by_their_ids(corpus_of, calling):
    video = "7000000000000000001"
    caller = calling(corpus=corpus_of([{"id": video, "comment_count": 60}, {"id": "7000000000000000002"}]))
    listed = "video/comment/list/?fields=id,reply_count"
    comments = caller.data(listed, video_id=video, max_count=60)["comments"]
    parent = next(comment["id"] for comment in comments if "reply_count" in comment)
    replies = caller.data(listed, comment_id=parent)["comments"]
    known = [str(comment["id"]) for comment in [*comments, *replies]]
    wrong = [str(int(number) + 1) for number in known if str(int(number) + 1) not in known]
    assert valid(caller, known + wrong, "comment") == known
    assert valid(caller, [video], "comment") == []
    caller.switch(hidden=[video])
    assert valid(caller, known, "comment") == []


def test_comments_that_never_existed_are_not_valid(corpus_of, calling):
    """Their ids are from another corpus, where the video has more comments, or a comment more replies."""
    video, listed = "7000000000000000001", "video/comment/list/?fields=id,reply_count"
    more = calling(corpus=corpus_of([{"id": video, "comment_count": 100}]))
    comments = more.data(listed, video_id=video, max_count=100)["comments"]
    fewer = calling(corpus=corpus_of([{"id": video, "comment_count": 60}]))
    ids = [str(comment["id"]) for comment in comments]
    assert valid(fewer, ids, "comment") == ids[:60]
    number = next(place for place, comment in enumerate(comments[:60]) if comment.get("reply_count") == 2)
    world = fewer.sandbox._world
    replies = [Comments(world)._comment(world.corpus.videos[video], number, reply).id for reply in (1, 2, 3)]
    assert valid(fewer, replies, "comment") == replies[:2]


def test_a_task_is_in_progress_for_a_number_of_polls(calling, ids):
    caller = calling(profile=Profile(compliance_polls=2))
    task = task_of(create(caller, ids))
    assert error(caller.ask(DOWNLOAD, task_id=task))[:2] == (400, "invalid_params")
    states = [caller.data(STATUS, task_id=task)["task_status"] for _ in range(3)]
    assert states == ["Processing", "Processing", "Completed"]
    assert caller.ask(DOWNLOAD, task_id=str(task)).text.splitlines() == ids


def test_a_task_can_fail_permanently(calling, ids):
    caller = calling(script=[{"do": "task_failed", "match": STATUS}])
    task = task_of(create(caller, ids))
    assert [caller.data(STATUS, task_id=task)["task_status"] for _ in range(2)] == ["Failed"] * 2
    assert caller.ask(DOWNLOAD, task_id=task).status_code == 400
    assert task_of(create(caller, ids)) == task
    assert caller.data(STATUS, task_id=task)["task_status"] == "Completed"


def test_the_envelope_repeats_the_status(caller, ids):
    assert create(caller, ids).json()["error"]["http_status_code"] == 200
    assert caller.ask(STATUS, task_id=1).json()["error"]["http_status_code"] == 400


@pytest.mark.parametrize(
    ("lines", "category", "code"),
    [
        ([], "video", "invalid_file_upload"),
        (["x"], "video", "invalid_file_upload"),
        (["1"] * 10_001, "video", "invalid_file_upload"),
        (["1"], "user", "invalid_params"),
    ],
)
def test_an_invalid_file_is_refused(caller, lines, category, code):
    assert error(create(caller, lines, category))[:2] == (400, code)


def test_ten_thousand_ids_are_accepted_at_once(caller, ids):
    assert valid(caller, [*map(str, range(9_999)), ids[0]]) == [ids[0]]


def test_json_is_not_a_file(caller):
    assert error(caller.ask(CREATE, file_data="1", category="video"))[:2] == (400, "invalid_file_upload")


@pytest.mark.parametrize("body", [{}, {"task_id": 5}, {"task_id": "five"}])
@pytest.mark.parametrize("path", [STATUS, DOWNLOAD])
def test_an_unknown_task_is_refused(caller, path, body):
    assert error(caller.ask(path, **body))[:2] == (400, "invalid_params")


def test_a_task_id_can_be_beyond_63_bits(calling, ids):
    caller = calling(profile=Profile(huge_ids=0.1))
    task = task_of(create(caller, ids))
    assert task >= 2**63
    assert caller.data(STATUS, task_id=task)["task_status"] == "Completed"


def test_every_step_costs_one_request_and_is_logged_by_its_task(caller, ids):
    task = task_of(create(caller, ids))
    caller.ask(STATUS, task_id=task)
    caller.ask(DOWNLOAD, task_id=task)
    assert caller.quota()["used"] == 3
    assert [entry["subject"] for entry in caller.sandbox.requests()[-3:]] == [str(task)] * 3
