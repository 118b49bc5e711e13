"""Reads pages of every known shape, and of any other."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gettok.download.backend import NoPage
from gettok.download.mirrors import rotate_mirrors
from gettok.download.page_parser import addresses, read_page, video_data
from gettok.download.slideshow import slides_of
from gettok.errors import RETRYABLE, Unusable

ID = "7175000000000000001"
URL = f"https://www.tiktok.com/@someone/video/{ID}"


def html(state, tag="__UNIVERSAL_DATA_FOR_REHYDRATION__") -> str:
    text = json.dumps(state).replace("/", "\\u002F")
    return f'<html><body><script id="{tag}" type="application/json">{text}</script></body></html>'


def detail(video=None, code=0, message="", scope="webapp.video-detail") -> str:
    return html(
        {
            "__DEFAULT_SCOPE__": {
                scope: {"statusCode": code, "statusMsg": message, "itemInfo": {"itemStruct": video}}
            }
        }
    )


def bitrate(name: str, codec="h264", width=576, height=1024, rate=500_000, **play):
    urls = [f"https://v16.tiktokcdn.com/{name}", f"https://v19.tiktokcdn.com/{name}"]
    address = {"UrlList": urls, "Width": width, "Height": height, **play}
    return {"Bitrate": rate, "CodecType": codec, "PlayAddr": address}


def shown(**video):
    return {"id": ID, "video": video}


def paths(video) -> list[str]:
    return [address.url.removeprefix("https://") for address in addresses(video, URL)]


def reason_of(page: str) -> str:
    with pytest.raises(Unusable) as refusal:
        addresses(video_data(read_page(page, ID)), URL)
    return refusal.value.reason


@pytest.mark.parametrize("scope", ["webapp.video-detail", "webapp.reflow.video.detail"])
def test_the_desktop_and_the_mobile_page_read_the_same(scope):
    page = read_page(detail(shown(playAddr="https://v16.tiktokcdn.com/a"), scope=scope), ID)
    assert video_data(page)["video"]["playAddr"] == "https://v16.tiktokcdn.com/a"


@pytest.mark.parametrize("tag", ["SIGI_STATE", "sigi-persisted-data"])
def test_the_older_shape_reads_the_same(tag):
    page = read_page(html({"ItemModule": {ID: shown(playAddr="https://v16.tiktokcdn.com/a")}}, tag), ID)
    assert video_data(page)["id"] == ID


@pytest.mark.parametrize(
    ("code", "message", "reason"),
    [
        (10216, "", "private"),
        (10222, "", "private"),
        (10204, "status_deleted", "removed"),
        (10204, "item doesn't exist", "removed"),
        (10204, "status_self_see", "private"),
        (10204, "item_privacy_authorization&status_deleted", "removed"),
        (10204, "status_audit_not_pass", "removed"),
        (10204, "status_reviewing", "in_review"),
        (10204, "cross_border_violation_ur", "region_locked"),
        (10204, "person_geo_fencing", "region_locked"),
        (10204, "copyright_geo_filter", "region_locked"),
        (10204, "content_classification", "login_needed"),
        (10231, "cross_border_violation", "region_locked"),
        (10219, "", "region_locked"),
        (10101, "", "login_needed"),
        (10202, "", "removed"),
        (10000, "", "unreadable"),
        (100004, "", "unreadable"),
    ],
)
def test_each_status_has_its_reason_and_its_message_outweighs_the_code(code, message, reason):
    assert reason_of(detail(None, code, message)) == reason


def test_an_unknown_status_is_reported_and_asked_for_again():
    with pytest.raises(Unusable, match="status 100004 what_is_this") as refusal:
        video_data(read_page(detail(None, 100004, "what_is_this"), ID))
    assert refusal.value.reason in RETRYABLE
    assert not isinstance(refusal.value, NoPage)


def photo(*urls):
    return {"imageURL": {"urlList": list(urls)}}


def test_a_page_with_photos_is_a_slideshow_even_if_its_video_has_addresses():
    images = {
        "images": [
            photo("//p16.tiktokcdn.com/a", "https://p19.tiktokcdn.com/a"),
            photo("https://p16.tiktokcdn.com/b"),
        ]
    }
    page = read_page(detail(shown(playAddr="https://v16.tiktokcdn.com/x") | {"imagePost": images}), ID)
    slides = slides_of(video_data(page), URL)
    assert slides.photos == [
        ["https://p16.tiktokcdn.com/a", "https://p19.tiktokcdn.com/a"],
        ["https://p16.tiktokcdn.com/b"],
    ]
    assert slides.sound is None


@pytest.mark.parametrize(
    ("images", "reason"),
    [
        ([], "no_address"),
        ([photo()], "no_address"),
        ([photo("https://p16.tiktokcdn.com/a"), {}], "no_address"),
        ([photo("https://p16.tiktokcdn.com/a")] * 201, "too_large"),
        ("x", "no_address"),
    ],
)
def test_a_slideshow_that_lacks_a_photo_is_unusable_with_a_reason(images, reason):
    with pytest.raises(Unusable) as refusal:
        slides_of({"imagePost": {"images": images}}, URL)
    assert refusal.value.reason == reason


def test_a_video_without_files_and_counts_needs_a_login():
    assert reason_of(detail({"id": ID, "createTime": "0"})) == "login_needed"


def test_a_classified_video_needs_a_login():
    assert reason_of(detail({"id": ID, "isContentClassified": True})) == "login_needed"


def test_the_best_h264_comes_first_and_all_its_mirrors_in_order():
    video = shown(
        bitrateInfo=[
            bitrate("small", width=360, height=640),
            bitrate("hevc", codec="h265_hvc1", width=1080, height=1920),
            bitrate("large", width=720, height=1280),
        ],
        playAddr="https://v16.tiktokcdn.com/small",
        downloadAddr="https://v16.tiktokcdn.com/watermarked",
    )
    names = ["large", "small", "hevc"]
    hosts = ("v16.tiktokcdn.com", "v19.tiktokcdn.com")
    assert paths(video) == [f"{host}/{name}" for name in names for host in hosts] + [
        "v16.tiktokcdn.com/watermarked"
    ]


def test_h266_is_never_chosen_whichever_key_names_it():
    by_codec = bitrate("a", codec="bytevc2")
    by_key = bitrate("b", UrlKey="v09_bytevc2_720p_1")
    assert reason_of(detail(shown(bitrateInfo=[by_codec, by_key]))) == "no_address"


def test_files_that_may_have_no_sound_come_after_the_others():
    video = shown(bitrateInfo=[bitrate("x/media-video-hvc1/", codec="h265_hvc1", width=2000), bitrate("b")])
    assert paths(video)[0] == "v16.tiktokcdn.com/b"


@pytest.mark.parametrize("dead", ["https://www.tiktok.com/aweme/v1/play/?x=1", "", None, 7, []])
def test_addresses_that_serve_nothing_are_dropped(dead):
    assert reason_of(detail(shown(playAddr=dead, downloadAddr=dead))) == "no_address"


@pytest.mark.parametrize("player", ["//v16.tiktokcdn.com/a", [{"src": "https://v16.tiktokcdn.com/a"}]])
def test_an_address_may_lack_its_scheme_or_be_in_a_list(player):
    assert paths(shown(playAddr=player)) == ["v16.tiktokcdn.com/a"]


def test_sizes_written_as_text_are_read():
    (first, _) = addresses(shown(bitrateInfo=[bitrate("a", DataSize="31288")]), URL)
    assert first.size == 31_288


def test_each_attempt_begins_at_another_address_and_none_is_lost():
    mirrors = addresses(shown(bitrateInfo=[bitrate("a"), bitrate("b")]), URL)
    starts = [rotate_mirrors(mirrors, attempt)[0] for attempt in range(5)]
    assert starts == [*mirrors, mirrors[0]]
    assert all(set(rotate_mirrors(mirrors, attempt)) == set(mirrors) for attempt in range(5))


@pytest.mark.parametrize(
    ("page", "message"),
    [
        ("", "an empty page"),
        ("<html></html>", "a page without data"),
        ('<html>Please wait...<p id="cs" class="x"></p></html>', "a challenge"),
        ('<html><div id="captcha-verify-container"></div></html>', "a captcha"),
        ('<script id="__UNIVERSAL_DATA_FOR_REHYDRATION__">{"a": </script>', "not JSON"),
        (f'<script id="__UNIVERSAL_DATA_FOR_REHYDRATION__">{"[" * 100_000}</script>', "not JSON"),
        ('<script id="__UNIVERSAL_DATA_FOR_REHYDRATION__">[]</script>', "without data"),
    ],
)
def test_a_page_without_data_is_reported_by_what_it_has_instead(page, message):
    with pytest.raises(NoPage, match=message) as refusal:
        read_page(page, ID)
    assert refusal.value.reason == "unreadable"


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just("https://v16.tiktokcdn.com/a"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "video",
                    "bitrateInfo",
                    "PlayAddr",
                    "UrlList",
                    "UrlKey",
                    "CodecType",
                    "playAddr",
                    "src",
                    "downloadAddr",
                    "download",
                    "url",
                    "Width",
                    "DataSize",
                    "imagePost",
                    "images",
                    "imageURL",
                    "urlList",
                    "music",
                    "subtitleInfos",
                    "itemStruct",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@settings(max_examples=150, deadline=None)
@given(struct=anything, code=st.just(0) | anything, message=anything)
def test_a_page_of_any_shape_gives_addresses_or_a_reason(struct, code, message):
    try:
        video = video_data(read_page(detail(struct, code, message), ID))
        slides = slides_of(video, URL)
        found = addresses(video, URL) if slides is None else []
    except Unusable as refusal:
        found, slides, reason = [], None, refusal.reason
    else:
        reason = "none"
    assert bool(found) == (reason == "none") or slides
    assert all(address.url.startswith("https://") for address in found)


@pytest.mark.parametrize("broken", ["http://[x", "https://a\u2100.com/x", "https://v16.tiktokcdn.com:x/a"])
def test_an_invalid_address_is_skipped(broken):
    video = video_data(
        read_page(detail(shown(playAddr=broken, downloadAddr="https://v16.tiktokcdn.com/b")), ID)
    )
    assert paths(video) == ["v16.tiktokcdn.com/b"]
    assert reason_of(detail(shown(playAddr=broken))) == "no_address"


def test_the_page_of_another_video_is_not_accepted():
    assert reason_of(detail(shown(playAddr="https://v16.tiktokcdn.com/a") | {"id": "999"})) == "unreadable"


def test_any_message_of_a_page_can_be_stored():
    with pytest.raises(Unusable) as refusal:
        video_data(read_page(detail(code=10204, message="gone \ud800" + "x" * 5000), ID))
    assert len(refusal.value.detail.encode()) < 1000
