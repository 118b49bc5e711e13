"""Users: followers, liked, pinned and reposted videos, and playlists."""

import pytest
from research_caller import error

from sandbox.profiles import Profile
from sandbox.research_api.users import FIELDS, FOLLOWER

INFO = f"user/info/?fields={','.join(FIELDS)}"
PATHS = (
    INFO,
    "user/followers/",
    "user/following/",
    "user/liked_videos/?fields=id",
    "user/pinned_videos/?fields=id",
    "user/reposted_videos/?fields=id",
)
LIKED, REPOSTED = "user/liked_videos/?fields=id,create_time", "user/reposted_videos/?fields=id"
POPULAR = 200
AUTHORS = [f"author_{number}" for number in range(300)]


@pytest.fixture
def many(corpus_of, calling):
    """A caller of a sandbox with 300 authors of one video each."""
    rows = [
        {"id": str(10**18 + number), "username": name, "like_count": 5}
        | ({"playlist_id": "7200000000000000001"} if number < 30 else {})
        for number, name in enumerate(AUTHORS)
    ]

    def start(**switches):
        return calling(corpus=corpus_of(rows), profile=Profile(**switches))

    return start


def test_a_user_is_flat_and_has_no_name(many):
    details = many().data(INFO, username="author_1")
    assert set(details) - {"bio_url"} == set(FIELDS) - {"bio_url"}
    assert details["likes_count"] % 2**32 == 5
    assert details["display_name"] == "Author 1"


def test_only_requested_user_fields_are_returned(many):
    assert set(many().data("user/info/?fields=video_count,is_verified", username="author_1")) == {
        "video_count",
        "is_verified",
    }


def test_counts_of_likes_can_need_more_than_32_bits(many):
    caller = many(daily_quota=10**6)
    counts = [caller.data("user/info/?fields=likes_count", username=name)["likes_count"] for name in AUTHORS]
    assert 5 in counts
    assert max(counts) > 2**32


@pytest.mark.parametrize("path", PATHS)
def test_an_unknown_user_has_the_recorded_message(many, path):
    details = error(many().ask(path, username="mysteriousreese"))
    assert details == (400, "invalid_params", "`username: mysteriousreese` is invalid: cannot find the user")


@pytest.mark.parametrize("path", PATHS)
def test_a_refused_user_has_the_recorded_message(many, path):
    details = error(many(refused_users=frozenset({"author_1"})).ask(path, username="author_1"))
    assert details == (400, "invalid_params", "API cannot return this user's information")


def test_users_are_deleted_or_refused_by_the_seed_or_by_name(many):
    caller = many(gone_rate=0.2, refused_rate=0.2, gone_users=frozenset({"author_1"}), daily_quota=10**6)
    details = {name: error(caller.ask(INFO, username=name))[2] for name in AUTHORS}
    found = [
        sum(words in message for message in details.values()) for words in ("cannot find", "cannot return")
    ]
    assert all(30 < count < 90 for count in found)
    assert "cannot find" in details["author_1"]
    assert details == {name: error(caller.ask(INFO, username=name))[2] for name in AUTHORS}


@pytest.mark.parametrize("body", [{}, {"username": ""}, {"username": 7}])
def test_a_username_is_required(many, body):
    assert error(many().ask(INFO, **body)) == (400, "invalid_params", "username is required")


def popular(caller, key="follower_count"):
    """An author with more than `POPULAR` users on a list."""
    fields = "user/info/?fields=follower_count,following_count"
    return next(name for name in AUTHORS if caller.data(fields, username=name)[key] > POPULAR)


@pytest.mark.parametrize(
    ("kind", "count"), [("followers", "follower_count"), ("following", "following_count")]
)
def test_lists_of_users_are_paged_by_time_and_repeat_rows_at_the_boundary(many, kind, count):
    caller = many()
    name, cursor, rows, pages = popular(caller, count), 0, [], 0
    while pages < 4:
        data = caller.data(f"user/{kind}/", username=name, max_count=50, cursor=cursor)
        assert data["cursor"] != cursor
        cursor, pages = data["cursor"], pages + 1
        rows += [row["username"] for row in data[f"user_{kind}"]]
    assert len(rows) == 200
    assert 190 <= len(set(rows)) < 200
    assert all(FOLLOWER.fullmatch(row) for row in rows)
    assert caller.data("user/info/?fields=display_name", username=rows[0])["display_name"].startswith(
        "Viewer "
    )


def test_a_list_of_users_ends(many):
    caller = many(daily_quota=10**6)
    for name in AUTHORS:
        count = caller.data("user/info/?fields=follower_count", username=name)["follower_count"]
        if 0 < count < 100:
            break
    data = caller.data("user/followers/", username=name, max_count=100)
    assert (len(data["user_followers"]), data["has_more"]) == (count, False)


def test_an_empty_list_of_users_is_a_missing_key(many):
    caller = many(daily_quota=10**6)
    fields = "user/info/?fields=follower_count"
    name = next(name for name in AUTHORS if caller.data(fields, username=name)["follower_count"] == 0)
    data = caller.data("user/followers/", username=name)
    assert "user_followers" not in data
    assert data["has_more"] is False


def test_most_users_show_no_likes(many):
    caller = many()
    answers = [caller.ask(LIKED, username=name) for name in AUTHORS[:60]]
    refused = [answer for answer in answers if answer.status_code == 403]
    assert 45 < len(refused) < 60
    assert "information cannot be returned" in error(refused[0])[2]


@pytest.mark.parametrize(("unit", "length"), [("ms", 13), ("s", 10)])
def test_likes_are_paged_by_a_time_in_either_unit(many, unit, length):
    caller = many(public_likes=1.0, liked_cursor_unit=unit)
    rows, cursor, more = [], 0, True
    while more:
        data = caller.data(LIKED, username="author_1", max_count=7, cursor=cursor)
        rows += [row["id"] for row in data["user_liked_videos"]]
        cursor, more = data["cursor"], data["has_more"]
        assert len(str(cursor)) == length
    whole = caller.data(LIKED, username="author_1", max_count=100)["user_liked_videos"]
    assert len(rows) == len(set(rows)) > 14
    assert rows[:100] == [row["id"] for row in whole]


def test_the_favourites_of_likes_are_spelt_in_two_ways(calling, corpus_of):
    corpus = corpus_of([{"id": str(10**18 + number), "favorites_count": number} for number in range(30)])
    caller = calling(corpus=corpus, profile=Profile(public_likes=1.0))
    path = "user/liked_videos/?fields=favorites_count,favourites_count"
    (row, *_) = caller.data(path, username="user_1")["user_liked_videos"]
    assert row["favorites_count"] == row["favourites_count"]


@pytest.mark.parametrize("field", ["effect_ids", "playlist_id", "voice_to_text"])
@pytest.mark.parametrize("kind", ["liked", "pinned", "reposted"])
def test_some_fields_are_for_queries_alone(many, kind, field):
    details = error(many(public_likes=1.0).ask(f"user/{kind}_videos/?fields={field}", username="author_1"))
    assert details == (400, "invalid_params", f"Invalid fields: {field}")


def test_pinned_videos_are_their_author_s_own(caller, corpus_of, calling):
    corpus = corpus_of([{"id": str(10**18 + number)} for number in range(9)])
    pinned = [
        calling(corpus=corpus, profile=Profile(seed=str(seed))).data(
            "user/pinned_videos/?fields=id", username="user_1"
        )
        for seed in range(8)
    ]
    assert {len(data["pinned_videos_list"]) for data in pinned} == {0, 1, 2, 3}
    assert all(set(data) == {"pinned_videos_list"} for data in pinned)


def test_the_cursor_of_reposts_also_counts_deleted_videos(many):
    caller = many(drop_rate=0.5)
    name = next(name for name in AUTHORS if caller.data(REPOSTED, username=name)["has_more"])
    data = caller.data(REPOSTED, username=name, max_count=20)
    assert data["cursor"] == 20
    assert 0 < len(data["reposted_videos"]) < 20
    assert error(caller.ask(REPOSTED, username=name, cursor=41))[2] == "Invalid count or cursor"


def test_a_playlist_lists_its_videos_and_counts_deleted_ones(many):
    caller = many(hidden=frozenset({str(10**18)}))
    first = caller.data("playlist/info/", playlist_id=7200000000000000001, max_count=20)
    assert first["playlist_item_total"] == 30
    assert first["playlist_video_ids"] == [10**18 + number for number in range(1, 20)]
    assert (first["cursor"], first["has_more"]) == (20, True)
    rest = caller.data("playlist/info/?fields=playlist_id", playlist_id="7200000000000000001", cursor=20)
    assert (len(rest["playlist_video_ids"]), rest["has_more"]) == (10, False)


@pytest.mark.parametrize(
    "body", [{}, {"playlist_id": 1}, {"playlist_id": "7200000000000000001", "cursor": 31}]
)
def test_an_unknown_playlist_is_refused(many, body):
    assert error(many().ask("playlist/info/", **body))[:2] == (400, "invalid_params")


def test_endpoints_of_users_can_answer_500_with_good_data(many):
    kind, bad = many(), many(user_500_with_data=True)
    for path, body in (
        (INFO, {"username": "author_1"}),
        ("playlist/info/", {"playlist_id": "7200000000000000001"}),
    ):
        answer = bad.ask(path, **body)
        assert answer.status_code == 500
        assert answer.json()["data"] == kind.data(path, **body)
        assert answer.json()["error"]["message"] == ""
    assert bad.query().status_code == 200


def test_one_endpoint_can_be_denied_and_the_others_not(many):
    caller = many(denied=frozenset({"/v2/research/user/followers/"}))
    assert error(caller.ask("user/followers/", username="author_1"))[:2] == (401, "scope_not_authorized")
    assert caller.ask("user/following/", username="author_1").status_code == 200
