"""Labels as AI-generated or paid for are read from the endpoint that documents its numbers, and from captures."""

import json

import pytest
from tabulated import SEEN, answer, page, tabulate, video

from gettok.research_api import Page
from gettok.tabulate.video_tags import tag_labels

AIGC, BRANDED = {"type": "AIGC", "number": 1}, {"type": "Branded", "number": 7}


@pytest.mark.parametrize(
    ("tag", "ai", "paid"),
    [
        ([AIGC], "creator", None),
        (AIGC, "creator", None),
        ([{"type": "AIGC", "number": 2}], "tiktok", None),
        ([{"type": "AIGC", "number": "2"}], "tiktok", None),
        ({"video_tag_type": "aigc", "video_tag_number": "1"}, "creator", None),
        ([{"type": "AIGC", "number": 2.0}], "tiktok", None),
        ([{"type": "AIGC", "number": None, "video_tag_number": 1}], "creator", None),
        ([{"type": None, "video_tag_type": "AIGC", "number": "", "video_tag_number": 2}], "tiktok", None),
        ([AIGC, {"type": "AIGC", "number": 2}], "both", None),
        ([BRANDED], None, "commission"),
        ([{"type": " branded ", "number": 1}], None, "paid_partnership"),
        ([BRANDED, {"type": "Branded", "number": 1}], None, "both"),
        ([AIGC, BRANDED], "creator", "commission"),
        ([AIGC, AIGC], "creator", None),
        ([{"type": "AIGC", "number": 3}, {"type": "Branded", "number": 2}], None, None),
        ([{"type": "News", "number": 1}], None, None),
        ([{"type": "AIGC"}, {"number": 1}, {"type": "AIGC", "number": True}, "AIGC", None], None, None),
        ("AIGC 1", None, None),
        ([], None, None),
        (None, None, None),
    ],
)
def test_a_tag_of_query_videos_is_read_in_each_of_its_shapes(tag, ai, paid):
    assert tag_labels(tag) == (ai, paid)
    (row,) = tabulate([page(video(video_tag=tag))]).rows
    assert (row["ai_label"], row["paid_label"], row["endpoint"]) == (ai, paid, "video/query")
    assert row["video_tag"] == (None if tag is None else json.dumps(tag, sort_keys=True))


@pytest.mark.parametrize("endpoint", ["user/liked_videos", "user/pinned_videos", "user/reposted_videos"])
def test_a_tag_of_an_endpoint_that_swaps_the_numbers_stays_raw(endpoint):
    content = {"data": {"videos": [video(video_tag=[AIGC, BRANDED])], "has_more": False}}
    request = {"path": f"/research/{endpoint}/?fields=id", "body": {}}
    (row,) = tabulate([Page(request, 200, {}, SEEN, json.dumps(content))]).rows
    assert (row["ai_label"], row["paid_label"], row["endpoint"]) == (None, None, endpoint)
    assert json.loads(row["video_tag"]) == [AIGC, BRANDED]


def captured(**data) -> Page:
    item = {
        "source_platform": "tiktok.com",
        "timestamp_collected": 1_678_000_000_000,
        "data": {"id": "7213456789012345678", "createTime": 1670436000, **data},
    }
    page = answer(json.dumps({"items": [item]}))
    return Page({"path": "zeeschuimer", "body": {}}, 200, {}, page.observed_at, page.text)


def test_a_capture_has_its_title_and_the_page_s_label_and_no_api_label():
    made = tabulate([captured(imagePost={"title": "¿Quién?"}, IsAigc=True, aigcLabelType="1")])
    (row,) = made.rows
    assert (row["title"], row["page_ai_label"], row["page_ai_label_type"]) == ("¿Quién?", True, 1)
    assert (row["ai_label"], row["paid_label"], row["endpoint"]) == (None, None, "zeeschuimer")
    documented = dict(
        made.fields.filter(made.fields["table"] == "videos").select("field", "documented").rows()
    )
    assert not any(documented[name] for name in ("title", "page_ai_label", "page_ai_label_type"))


def test_fields_of_captures_are_not_listed_for_a_study_without_captures():
    assert "title" not in tabulate([page(video())]).fields["field"].to_list()
