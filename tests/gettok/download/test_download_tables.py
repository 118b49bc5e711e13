"""Every row of the tables of downloading, and each key by which one file is preferred to another, by itself."""

from itertools import pairwise

import pytest
import requests
from download_corpus import settings

from gettok.download.backend import NoFile, NoPage
from gettok.download.backends.tool import ToolBackend
from gettok.download.captions import offered_captions
from gettok.download.hosts import Site
from gettok.download.mirrors import DAMAGE, TRANSIENT, first_to_serve
from gettok.download.pace import Pace
from gettok.download.page_parser import Address, _rank, addresses
from gettok.download.refusals import hidden_files, refusal
from gettok.download.transfer import _check
from gettok.download.web import ConnectionFault, _check_page
from gettok.errors import NoSpace, Unusable

PAGE = "https://www.tiktok.com/@a/video/1"


def reason(code: int, message: str = "") -> str | None:
    found = refusal(code, message)
    return found and found.reason


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (0, None),
        (10000, "unreadable"),
        (10101, "login_needed"),
        (10102, "login_needed"),
        (10201, "removed"),
        (10202, "removed"),
        (10204, "removed"),
        (10216, "private"),
        (10219, "region_locked"),
        (10221, "removed"),
        (10222, "private"),
        (10231, "region_locked"),
        (1, "unreadable"),
        (10215, "unreadable"),
    ],
)
def test_every_status_has_its_reason(code, expected):
    assert reason(code) == expected
    assert isinstance(refusal(code, ""), NoPage) is (code == 10000)


SIGNS = [
    ("status_deleted", "removed"),
    ("status_audit_not_pass", "removed"),
    ("status_self_see", "private"),
    ("status_reviewing", "in_review"),
    ("cross_border_violation", "region_locked"),
    ("person_geo_fencing", "region_locked"),
    ("copyright_geo_filter", "region_locked"),
    ("content_classification", "login_needed"),
]


@pytest.mark.parametrize(("sign", "expected"), SIGNS)
def test_every_sign_in_a_message_outweighs_the_code_except_that_of_a_private_account(sign, expected):
    for code in (1, 10101, 10202, 10204, 10219, 10231):
        assert reason(code, f"x_{sign}_x") == expected
    assert {reason(code, sign) for code in (10216, 10222)} == {"private"}
    assert reason(0, sign) is None


def test_the_first_sign_in_the_list_decides():
    for (first, expected), (second, _) in pairwise(SIGNS):
        assert reason(1, f"{second} {first}") == expected


@pytest.mark.parametrize(
    ("video", "expected"),
    [
        ({"video": {"a": 1}, "isContentClassified": True}, None),
        ({"imagePost": {"a": 1}, "isContentClassified": True}, None),
        ({"isContentClassified": True, "stats": {"a": 1}}, "login_needed"),
        ({"stats": {}}, "login_needed"),
        ({"stats": {"a": 1}}, None),
    ],
)
def test_a_page_that_hides_its_files_says_so(video, expected):
    found = hidden_files(video)
    assert (found and found.reason) == expected


BEST = Address("https://v16.tiktokcdn.com/a", "h264", 100, 100, 9, 1000, "bitrateInfo")


def other(**changes):
    return Address(**{**vars(BEST), **changes})


#: From the best to the worst: each differs from the one before in a key that counts more than all behind it.
RANKED = [
    other(width=200, bitrate=1),
    other(height=199, bitrate=1),
    other(height=101, bitrate=1),
    BEST,
    other(bitrate=8),
    other(codec="h265_hvc1", width=900, bitrate=99),
    other(url="https://v16.tiktokcdn.com/media-video-hvc1/", width=999, bitrate=99),
    other(found_in="downloadAddr", width=9999, bitrate=999),
]


@pytest.mark.parametrize(("better", "worse"), [*pairwise(RANKED)])
def test_each_key_alone_ranks_two_files(better, worse):
    assert sorted([worse, better], key=_rank) == [better, worse]


def test_of_two_files_of_one_size_the_one_with_more_bits_a_second_comes_first():
    def listed(*rates):
        info = [
            {
                "CodecType": "h264",
                "Bitrate": rate,
                "PlayAddr": {
                    "UrlList": [f"https://v16.tiktokcdn.com/{rate}"],
                    "Width": "576",
                    "Height": "1024",
                },
            }
            for rate in rates
        ]
        return [address.bitrate for address in addresses({"video": {"bitrateInfo": info}}, PAGE)]

    assert listed(300, 900, 600) == [900, 600, 300]


def caption(source="ASR", form="webvtt", language="a", version="1"):
    return {
        "Url": "https://x/y",
        "Source": source,
        "Format": form,
        "LanguageCodeName": language,
        "Version": version,
    }


CAPTIONS = [
    caption(version="1"),
    caption(version="2"),
    caption(language="b", version="0"),
    caption(form="srt", language="0"),
    caption(form="creator_caption", language="0"),
    caption("LC", language="0"),
    caption("XX", language="0"),
]


@pytest.mark.parametrize(("better", "worse"), [*pairwise(CAPTIONS)])
def test_each_key_alone_ranks_two_captions(better, worse):
    offered = offered_captions({"video": {"subtitleInfos": [worse, better]}})
    keys = ("source", "format", "language", "version")
    names = ("Source", "Format", "LanguageCodeName", "Version")
    assert [tuple(getattr(facts, key) for key in keys) for _, facts in offered] == [
        tuple(info[name] for name in names) for info in (better, worse)
    ]


def answered(status, url=PAGE):
    response = requests.Response()
    response.status_code, response.url = status, url
    return response


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (404, NoFile, "no_address"),
        (410, NoFile, "no_address"),
        (408, ConnectionFault, "unreachable"),
        (429, ConnectionFault, "unreachable"),
        (500, ConnectionFault, "unreachable"),
        (502, ConnectionFault, "unreachable"),
        (503, ConnectionFault, "unreachable"),
        (599, ConnectionFault, "unreachable"),
        (204, Unusable, "unreachable"),
        (206, Unusable, "unreachable"),
        (304, Unusable, "unreachable"),
        (400, Unusable, "unreachable"),
        (401, Unusable, "unreachable"),
        (403, Unusable, "unreachable"),
        (416, Unusable, "unreachable"),
        (499, Unusable, "unreachable"),
    ],
)
def test_every_status_of_a_file_says_whether_asking_again_helps(status, kind, code):
    with pytest.raises(Unusable, match=f"file: HTTP {status}") as caught:
        _check(answered(status))
    assert (type(caught.value), caught.value.reason) == (kind, code)
    _check(answered(200))


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (401, "unreadable"),
        (403, "unreadable"),
        (429, "unreadable"),
        (404, "unreachable"),
        (400, "unreachable"),
        (204, "unreachable"),
        (500, "unreachable"),
        (503, "unreachable"),
    ],
)
def test_every_status_of_a_page_is_an_obstacle_or_no_answer(status, code):
    with pytest.raises(Unusable, match=f"HTTP {status}") as caught:
        _check_page(answered(status))
    assert caught.value.reason == code
    _check_page(answered(200))
    with pytest.raises(Unusable, match="a login form"):
        _check_page(answered(200, "https://www.tiktok.com/login?x=1"))


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("File too large", "too_large"),
        ("MemoryError", "too_large"),
        ("DownloadError: nothing was downloaded", "too_large"),
        ("Did not get any data blocks", "not_a_video"),
        ("IncompleteRead", "truncated"),
        ("ChunkedEncodingError", "truncated"),
        ("7 more expected", "truncated"),
        ("7 bytes read", "truncated"),
        ("HTTP Error 404", "no_address"),
        ("HTTP Error 410", "no_address"),
        ("HTTP Error 403", "unreachable"),
        ("HTTP Error 500", "unreachable"),
        ("MissingSchema", "no_address"),
        ("No video formats found", "no_address"),
        ("Requested format is not available", "no_address"),
        ("TypeError: x", "unreadable"),
        ("KeyError: x", "unreadable"),
        ("JSONDecodeError: x", "unreadable"),
        ("Unable to extract universal data", "unreadable"),
        ("Unexpected response from webpage request", "unreadable"),
        ("a challenge", "unreadable"),
        ("Log in for access", "unreadable"),
        ("use a login", "unreadable"),
        ("use --cookies", "unreadable"),
        ("x TypeError", "unreachable"),
        ("anything else", "unreachable"),
        ("HTTP Error 404: log in", "no_address"),
        ("File too large, HTTP Error 500", "too_large"),
        ("IncompleteRead, HTTP Error 404", "truncated"),
        ("HTTP Error 500, MissingSchema", "unreachable"),
        ("MissingSchema, a challenge", "no_address"),
    ],
)
def test_every_error_of_a_tool_has_its_meaning(error, code, tmp_path):
    tool = ToolBackend(settings(backend="ytdlp"), Site("https://www.tiktok.com"), Pace(0))
    meaning = tool._meaning(error, tmp_path)
    assert isinstance(meaning, Unusable)
    assert meaning.reason == code
    assert isinstance(meaning, NoFile) is (code == "no_address" and "HTTP Error" in error)
    assert meaning.detail == f"ytdlp: {'the connection broke off' if code == 'truncated' else error}"


@pytest.mark.parametrize("error", ["No space left on device", "Disk quota exceeded"])
def test_a_full_disk_of_a_tool_is_no_fact_about_the_video(error, tmp_path):
    tool = ToolBackend(settings(backend="ytdlp"), Site("https://www.tiktok.com"), Pace(0))
    assert isinstance(tool._meaning(error, tmp_path), NoSpace)


def test_what_is_damage_and_what_may_pass():
    assert {"truncated", "not_a_video", "undecodable"} == DAMAGE
    assert {"unreadable", "unreachable"} == TRANSIENT


def failing(*reasons):
    """Tries mirrors that fail for these reasons, the one after them serves; returns how many were tried."""
    tried = []

    def fetch(number):
        tried.append(number)
        if number < len(reasons):
            raise Unusable(reasons[number], str(number))

    return tried, fetch


def test_the_first_mirror_that_serves_ends_the_search():
    tried, fetch = failing("unreachable", "no_address")
    assert first_to_serve([0, 1, 2, 3], fetch) == 2
    assert tried == [0, 1, 2]


def test_a_reason_that_ends_the_search_is_raised_at_once():
    tried, fetch = failing("unreachable", "truncated")
    with pytest.raises(Unusable, match="truncated: 1"):
        first_to_serve([0, 1, 2], fetch, DAMAGE)
    assert tried == [0, 1]


@pytest.mark.parametrize(
    ("reasons", "raised"),
    [
        (["no_address", "unreachable", "unreadable"], "unreachable: 1"),
        (["no_address", "truncated"], "no_address: 0"),
        (["too_large", "unreachable"], "too_large: 0"),
    ],
)
def test_if_none_serves_the_first_that_may_work_later_is_raised(reasons, raised):
    _, fetch = failing(*reasons)
    with pytest.raises(Unusable, match=raised):
        first_to_serve(range(len(reasons)), fetch)
