"""Captures of Zeeschuimer become videos in the Research API's names, from its own file and from 4CAT's."""

import json
from datetime import UTC, datetime

import pytest

from gettok.collect.zeeschuimer import as_video, observed_at, read
from gettok.errors import BadInput

#: Made up; the shape is that of TikTok's web page.
VIDEO = {
    "id": "7213456789012345678",
    "desc": "¡El pueblo unido! #golpedeestado #Perú @user.2",
    "createTime": 1670414400,
    "author": {"id": "1", "uniqueId": "user.1", "nickname": "User One"},
    "authorStats": {"followerCount": 5},
    "challenges": [{"id": "2", "title": "golpedeestado"}, {"id": "3", "title": "perú"}],
    "textExtra": [
        {"hashtagName": "golpedeestado"},
        {"hashtagName": "Perú"},
        {"hashtagName": "lima"},
        {"hashtagName": "", "userUniqueId": "user.2"},
    ],
    "music": {"id": "7111111111111111111", "title": "original sound"},
    "effectStickers": [{"ID": "123", "name": "Glow"}, {"name": "no id"}],
    "stats": {
        "playCount": 16000,
        "diggCount": 160,
        "commentCount": 16,
        "shareCount": 1,
        "collectCount": "7",
    },
    "statsV2": {"playCount": "15955", "diggCount": "161", "commentCount": "16"},
    "video": {"duration": 31, "playAddr": "https://v16.example/x"},
    "locationCreated": "US",
}
ABOUT = {
    "id": 1,
    "nav_index": "1:2:3",
    "item_id": VIDEO["id"],
    "timestamp_collected": 1678883696789,
    "source_platform": "tiktok.com",
    "source_platform_url": "https://www.tiktok.com/tag/golpedeestado",
    "source_url": "https://www.tiktok.com/api/challenge/item_list/",
    "user_agent": "Mozilla/5.0",
}
SEEN = datetime(2023, 3, 15, 12, 34, 56, tzinfo=UTC)


def own(about: dict | None = None, **changes) -> dict:
    """A line as Zeeschuimer exports it."""
    return {**ABOUT, **(about or {}), "data": {**VIDEO, **changes}}


def by_4cat(about: dict | None = None, **changes) -> dict:
    """The same line as 4CAT exports it."""
    return {**VIDEO, **changes, "__import_meta": {**ABOUT, **(about or {})}}


def without(*keys: str) -> dict:
    return {**ABOUT, "data": {key: value for key, value in VIDEO.items() if key not in keys}}


@pytest.fixture
def written(tmp_path):
    def all_of(*lines: dict | str | bytes):
        path = tmp_path / "zeeschuimer.ndjson"
        texts = [json.dumps(line) if isinstance(line, dict) else line for line in lines]
        path.write_bytes(b"\n".join(text.encode() if isinstance(text, str) else text for text in texts))
        return list(read(path))

    return all_of


@pytest.mark.parametrize("form", [own, by_4cat])
def test_a_capture_becomes_a_video_in_the_api_s_names(form):
    assert as_video(form()) == {
        "id": "7213456789012345678",
        "create_time": 1670414400,
        "username": "user.1",
        "video_description": "¡El pueblo unido! #golpedeestado #Perú @user.2",
        "hashtag_names": ["golpedeestado", "perú", "lima"],
        "music_id": "7111111111111111111",
        "effect_ids": ["123"],
        "video_duration": 31,
        "view_count": 15955,
        "like_count": 161,
        "comment_count": 16,
        "share_count": 1,
        "favorites_count": 7,
    }
    assert observed_at(form()) == SEEN


@pytest.mark.parametrize("form", [own, by_4cat])
@pytest.mark.parametrize(
    ("changes", "field", "value"),
    [
        ({"createTime": "1670414400"}, "create_time", 1670414400),
        ({"id": 7213456789012345678}, "id", "7213456789012345678"),
        ({"author": "user.1"}, "username", "user.1"),
        ({"challenges": None}, "hashtag_names", ["golpedeestado", "Perú", "lima"]),
        ({"textExtra": None}, "hashtag_names", ["golpedeestado", "perú"]),
        ({"textExtra": None, "challenges": []}, "hashtag_names", []),
        (
            {"challenges": [{"title": "\u03b1\u0345\u0301"}], "textExtra": [{"hashtagName": "\u1fb4"}]},
            "hashtag_names",
            ["\u03b1\u0345\u0301"],
        ),
        ({"music": {"id": 7111111111111111111}}, "music_id", "7111111111111111111"),
        ({"statsV2": None}, "view_count", 16000),
        ({"statsV2": {"playCount": ""}}, "view_count", 16000),
        ({"statsV2": {"playCount": "0"}}, "view_count", 0),
        ({"stats": {}}, "like_count", 161),
    ],
)
def test_the_same_fact_is_read_in_each_of_its_shapes(form, changes, field, value):
    assert as_video(form(**changes))[field] == value


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"author": {}}, "username"),
        ({"author": ""}, "username"),
        ({"author": 1}, "username"),
        ({"desc": 5}, "video_description"),
        ({"music": {"id": ""}}, "music_id"),
        ({"music": "x"}, "music_id"),
        ({"effectStickers": []}, "effect_ids"),
        ({"video": None}, "video_duration"),
        ({"video": {"duration": True}}, "video_duration"),
        ({"stats": {"collectCount": "1.2K"}}, "favorites_count"),
        ({"stats": [], "statsV2": "x"}, "view_count"),
    ],
)
def test_what_is_not_there_or_of_another_type_is_left_out(changes, field):
    assert field not in as_video(own(**changes))
    assert as_video(own(**changes))["id"] == VIDEO["id"]


def test_every_key_but_id_and_time_may_be_missing():
    assert as_video(without(*VIDEO.keys() - {"id", "createTime"})) == {
        "id": "7213456789012345678",
        "create_time": 1670414400,
        "hashtag_names": [],
    }


def test_where_a_video_was_made_is_not_taken_for_the_account_s_region():
    assert "region_code" not in as_video(own())


@pytest.mark.parametrize(
    ("item", "why"),
    [
        (own({"source_platform": "instagram.com"}), "was captured on 'instagram.com'"),
        (own({"source_platform": "tiktok-comments"}), "was captured on 'tiktok-comments'"),
        (by_4cat({"source_platform": "x.com"}), "was captured on 'x.com'"),
        (own({"source_platform": None}), "was captured on None"),
        (without("id"), "has no id"),
        (own(id="abc"), "has no id"),
        (own(id=True), "has no id"),
        (without("createTime"), "has no time of publication"),
        (own(createTime="0"), "has no time of publication"),
        ({**ABOUT, "data": None}, "is not a video in the form of Zeeschuimer or 4CAT"),
        (dict(VIDEO), "is not a video in the form of Zeeschuimer or 4CAT"),
    ],
)
def test_what_is_not_a_tiktok_video_is_refused_with_the_reason(written, item, why):
    with pytest.raises(ValueError, match=why):
        as_video(item)
    (lines,) = written(item, own())
    assert (len(lines.items), lines.refused[0].line) == (1, 1)
    assert why in lines.refused[0].why


@pytest.mark.parametrize("seen", [None, "", "yesterday", 0, 10**19, True])
def test_a_capture_without_its_time_is_refused(written, seen):
    item = own({"timestamp_collected": seen})
    with pytest.raises(ValueError, match="does not say when"):
        observed_at(item)
    (lines,) = written(own(), item)
    assert [refused.line for refused in lines.refused] == [2]


def test_a_file_is_read_in_pieces_and_its_objects_stay_as_they_are(written):
    items = [own(id=str(int(VIDEO["id"]) + number), stats={"n": 2**60 + number}) for number in range(250)]
    pieces = written(*items)
    assert [(piece.first, len(piece.items)) for piece in pieces] == [(1, 100), (101, 100), (201, 50)]
    assert [item for piece in pieces for item in piece.items] == items


def test_damaged_lines_are_refused_by_number_and_the_others_are_kept(written):
    whole = json.dumps(own())
    (lines,) = written(
        b"\xef\xbb\xbf" + whole.encode(),  # with a byte order mark
        "",
        whole[:-40],
        whole + "\r",
        "[1]",
        whole.replace("31", "NaN", 1),
        b'{"desc": "\xff"}',
        "[" * 100_000,
        whole,
    )
    assert len(lines.items) == 3
    assert [(refused.line, refused.why.split(":")[0]) for refused in lines.refused] == [
        (3, "is not JSON"),
        (5, "is not a JSON object"),
        (6, "is not JSON"),
        (7, "is not JSON"),
        (8, "is not JSON"),
    ]
    assert all(len(refused.text) <= 200 for refused in lines.refused)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "has no TikTok video"),
        ([own({"source_platform": "x.com"})], "line 1: .* was captured on 'x.com'"),
        ([""] * 150 + ["{"], "line 151: '{' is not JSON"),
        (["}", *[""] * 150, "{"], "line 1: '}' is not JSON"),
    ],
)
def test_a_file_without_a_video_is_reported_in_three_parts(written, lines, message):
    with pytest.raises(BadInput, match=message) as error:
        written(*lines)
    assert "source.file" in error.value.can


def test_a_capture_file_that_does_not_exist_is_reported(tmp_path):
    with pytest.raises(BadInput, match="cannot be read"):
        next(read(tmp_path / "none.ndjson"))
