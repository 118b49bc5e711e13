"""What a capture says in more than one shape: the time of its counts, numbers, titles, hashtags and labels."""

import unicodedata
from datetime import UTC, datetime

import pytest
from test_zeeschuimer import ABOUT, SEEN, VIDEO, by_4cat, own

from gettok.collect.zeeschuimer import as_video, observed_at

FORMS = pytest.mark.parametrize("form", [own, by_4cat])
LATER_MS = ABOUT["timestamp_collected"] + 3_600_000


@FORMS
@pytest.mark.parametrize("updated", [LATER_MS, str(LATER_MS), float(LATER_MS), LATER_MS + 0.5])
def test_the_time_of_the_counts_is_that_of_the_last_update(form, updated):
    assert observed_at(form({"last_updated": updated})) == datetime(2023, 3, 15, 13, 34, 56, tzinfo=UTC)


@FORMS
@pytest.mark.parametrize("updated", [None, 0, "", "now", True, -5, 10**19, float("inf"), {}])
def test_an_update_that_has_no_time_leaves_that_of_the_first_sight(form, updated):
    assert observed_at(form({"last_updated": updated})) == SEEN


@FORMS
@pytest.mark.parametrize("before_ms", [1, 3_600_000, ABOUT["timestamp_collected"] - 1])
def test_an_update_before_the_first_sight_does_not_count(form, before_ms):
    assert observed_at(form({"last_updated": ABOUT["timestamp_collected"] - before_ms})) == SEEN


@FORMS
def test_a_time_of_update_alone_is_enough(form):
    assert observed_at(form({"last_updated": LATER_MS, "timestamp_collected": None})) > SEEN


@FORMS
@pytest.mark.parametrize(
    "created", [1670414400.0, "1670414400.0", "1670414400", 1670414400.75, "1670414400.75", "1.6704144E+9"]
)
def test_a_time_of_publication_is_read_from_a_float_and_from_text(form, created):
    assert as_video(form(createTime=created))["create_time"] == 1670414400


@pytest.mark.parametrize("created", [0.0, "0.0", -1.5, float("inf"), float("nan"), "soon", True, None])
def test_what_is_no_time_of_publication_is_still_refused(created):
    with pytest.raises(ValueError, match="has no time of publication"):
        as_video(own(createTime=created))


def test_an_id_that_a_float_has_rounded_is_no_id():
    with pytest.raises(ValueError, match="has no id"):
        as_video(own(id=7.213456789012346e18))


@FORMS
def test_the_title_of_a_photo_post_is_kept_beside_its_caption(form):
    video = as_video(form(desc="#perú", imagePost={"images": [], "title": "¿Quién disolvió el Congreso?"}))
    assert (video["title"], video["video_description"]) == ("¿Quién disolvió el Congreso?", "#perú")


@pytest.mark.parametrize("post", [None, {}, {"title": ""}, {"title": None}, {"title": 5}, "x", []])
def test_a_post_without_a_title_has_none(post):
    assert "title" not in as_video(own(imagePost=post))


@pytest.mark.parametrize("first", ["NFC", "NFD"])
@pytest.mark.parametrize("tag", ["perú", "Perú", "ação", "한국", "ﬁesta"])
def test_one_hashtag_in_two_unicode_forms_is_one_and_stays_as_first_received(first, tag):
    second = "NFD" if first == "NFC" else "NFC"
    challenge, typed = unicodedata.normalize(first, tag), unicodedata.normalize(second, tag.upper())
    names = as_video(own(challenges=[{"title": challenge}], textExtra=[{"hashtagName": typed}]))[
        "hashtag_names"
    ]
    assert names == [challenge]


def test_hashtags_that_differ_in_an_accent_are_two():
    names = as_video(own(challenges=[{"title": "peru"}], textExtra=[{"hashtagName": "perú"}]))[
        "hashtag_names"
    ]
    assert names == ["peru", "perú"]


@FORMS
@pytest.mark.parametrize(
    ("label", "is_labelled", "number"),
    [
        ({"aigcLabelType": 1, "IsAigc": True}, True, 1),
        ({"aigcLabelType": "2"}, True, 2),
        ({"aigcLabelType": 2.0, "IsAigc": False}, True, 2),
        ({"IsAigc": True}, True, None),
        ({"isAigc": "true"}, True, None),
        ({"aigcInfo": {"aigcLabelType": 1}}, True, 1),
        ({"aigcLabelType": 0, "aigcInfo": {"aigcLabelType": 1}}, True, 1),
        ({"aigcLabelType": 2, "aigcInfo": {"aigcLabelType": 0}}, True, 2),
        ({"aigcLabelType": 0, "aigcInfo": 1}, True, 1),
        ({"aigcLabelType": None, "AigcInfo": {"AIGCLabelType": "2"}}, True, 2),
        ({"IsAigc": False, "aigcInfo": {"IsAigc": True}}, True, None),
        ({"aigcLabelType": 0, "aigcInfo": {"aigcLabelType": 0}}, False, 0),
        ({"aigcInfo": {}}, None, None),
        ({"aigcLabelType": 0, "IsAigc": False}, False, 0),
        ({"IsAigc": False}, False, None),
        ({"aigcLabelType": "0"}, False, 0),
        ({}, None, None),
        ({"aigcLabelType": None, "IsAigc": None}, None, None),
        ({"aigcLabelType": True}, None, None),
        ({"aigcLabelType": "new", "IsAigc": {}}, None, None),
    ],
)
def test_the_page_s_label_is_read_from_each_of_its_shapes(form, label, is_labelled, number):
    video = as_video(form(**label))
    assert (video.get("page_ai_label"), video.get("page_ai_label_type")) == (is_labelled, number)


def test_the_values_that_a_capture_always_had_are_as_before():
    assert as_video(own())["view_count"] == int(VIDEO["statsV2"]["playCount"])
