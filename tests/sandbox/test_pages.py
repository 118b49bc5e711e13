"""The website and its media hosts, also with the field's own tools."""

import json
import re
import subprocess
import sys
from urllib.parse import urlsplit

import pytest
import requests
import yt_dlp
from page_reader import SCRIPT, SITE, Reader, until_cut
from yt_dlp.networking import Request as TheirRequest

from sandbox.pages.page_shapes import SHAPES
from sandbox.profiles import Profile


def test_a_page_and_the_api_agree(reader, ids, rows):
    struct = reader.struct(ids[0])
    facts = rows[0]["api"]
    assert (struct["id"], struct["desc"], struct["createTime"]) == (
        ids[0],
        facts["video_description"],
        str(facts["create_time"]),
    )
    assert struct["author"]["uniqueId"] == "user_1"
    assert struct["stats"]["playCount"] == 10
    assert struct["statsV2"]["playCount"] == "10"
    assert struct["textExtra"][0]["hashtagName"] == "Castillo"


def test_text_in_a_caption_cannot_end_the_script(reader, ids):
    assert reader.struct(ids[0])["author"]["nickname"] == "Uno </script>"
    script = SCRIPT.search(reader.page(ids[0]).text).group(1)
    assert "\\u002F" in script
    assert "<" not in script  # `<!--` and `<script` change how a browser reads on


def test_the_file_behind_the_page_is_the_file(reader, ids, one):
    video = reader.struct(ids[0])["video"]
    mirrors = video["bitrateInfo"][0]["PlayAddr"]["UrlList"]
    assert len(set(mirrors)) == 2
    for url in {video["playAddr"], video["downloadAddr"], *mirrors}:
        answer = reader.get(url)
        assert (answer.status_code, answer.headers["Content-Type"], answer.content) == (200, "video/mp4", one)
    assert video["bitrateInfo"][0]["PlayAddr"]["DataSize"] == str(len(one))


def test_the_page_itself_is_a_good_referer(reader, ids, one):
    page = reader.page(ids[0])
    url = reader.struct(ids[0])["video"]["playAddr"]
    assert reader.get(url, Referer=page.url).content == one


@pytest.mark.parametrize(
    "spoil", ["cookie", "forged cookie", "no referer", "wrong referer", "signature", "expire", "time"]
)
def test_a_file_is_denied_without_a_recent_visit_to_its_page(reader, ids, spoil):
    url = reader.struct(ids[0])["video"]["playAddr"]
    headers = dict(SITE)
    if spoil == "cookie":
        reader.session.cookies.clear()
    if spoil == "forged cookie":
        reader.session.cookies.clear()
        headers["Cookie"] = "tt_chain_token=AAAAAAAAAAAAAAAAAAAAAA=="
    if spoil == "no referer":
        del headers["Referer"]
    if spoil == "wrong referer":
        headers["Referer"] = "https://nottiktok.com/"
    if spoil == "signature":
        url = url[:-1] + ("0" if url[-1] != "0" else "1")
    if spoil == "expire":
        url = re.sub(r"expire=\d+", "expire=99999999999", url)
    if spoil == "time":
        reader.sandbox.clock.advance(6 * 3600)
    answer = reader.session.get(url, headers=headers, timeout=10)
    assert answer.status_code == 403
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "Access Denied" in answer.text


def test_a_quoted_cookie_is_the_same_cookie(reader, ids, one):
    url = reader.struct(ids[0])["video"]["playAddr"]
    value = reader.session.cookies["tt_chain_token"].strip('"')
    assert value.endswith("=")
    answer = requests.get(url, headers=SITE | {"Cookie": f'x=1; tt_chain_token="{value}"'}, timeout=10)
    assert answer.content == one


def test_a_session_keeps_its_cookie_from_page_to_page(reader, ids):
    reader.page(ids[0])
    first = reader.session.cookies["tt_chain_token"]
    assert reader.page(ids[1]).headers["Set-Cookie"].count("tt_chain_token=") == 1
    assert reader.session.cookies["tt_chain_token"] == first


def test_requested_as_tiktok_the_cookie_is_for_all_of_tiktok(reader, ids):
    url = f"{reader.sandbox.pages}/@a/video/{ids[0]}"
    answer = requests.get(url, headers={"Host": "www.tiktok.com"}, timeout=10)
    assert "Domain=.tiktok.com" in answer.headers["Set-Cookie"]


@pytest.mark.parametrize(
    ("requested", "part", "slice_"),
    [
        ("bytes=0-9", "0-9", slice(0, 10)),
        ("bytes=100-", "100-{last}", slice(100, None)),
        ("bytes=-7", "{tail}-{last}", slice(-7, None)),
        ("bytes=10-999999", "10-{last}", slice(10, None)),
    ],
)
def test_a_range_of_a_file_can_be_requested(reader, ids, one, *, requested, part, slice_):
    answer = reader.get(reader.struct(ids[0])["video"]["playAddr"], Range=requested)
    where = part.format(last=len(one) - 1, tail=len(one) - 7)
    assert (answer.status_code, answer.headers["Content-Range"]) == (206, f"bytes {where}/{len(one)}")
    assert answer.content == one[slice_]


def test_a_range_beyond_the_end_is_refused(reader, ids, one):
    answer = reader.get(reader.struct(ids[0])["video"]["playAddr"], Range=f"bytes={len(one)}-")
    assert (answer.status_code, answer.headers["Content-Range"]) == (416, f"bytes */{len(one)}")


def test_f24_a_truncated_file_announces_more_than_it_sends(reader, ids, corpus):
    whole = (corpus / "media" / "two.mp4").read_bytes()
    url = reader.struct(ids[1])["video"]["playAddr"]
    answer = reader.session.get(url, headers=SITE, stream=True, timeout=10)
    assert int(answer.headers["Content-Length"]) == len(whole)
    got = until_cut(answer)
    assert got == whole[: int(len(whole) * 0.6)]
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        reader.get(url, Range=f"bytes={len(got)}-")


def test_f23_html_can_come_under_a_videos_name(reader, ids):
    answer = reader.get(reader.struct(ids[2])["video"]["playAddr"])
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "video/mp4")
    assert answer.text.startswith("<!DOCTYPE html>")


def test_a_slideshow_has_photos_a_sound_and_no_film(reader, ids, corpus):
    struct = reader.struct(ids[3])
    assert struct["video"]["playAddr"] == struct["video"]["downloadAddr"] == ""
    assert struct["video"]["duration"] == 0
    for image, name in zip(struct["imagePost"]["images"], ["a.jpg", "b.jpg"], strict=True):
        for url in image["imageURL"]["urlList"]:
            answer = reader.get(url)
            assert answer.headers["Content-Type"] == "image/jpeg"
            assert answer.content == (corpus / "media" / name).read_bytes()
    sound = reader.get(struct["music"]["playUrl"])
    assert (sound.headers["Content-Type"], sound.content[4:8]) == ("audio/mp4", b"ftyp")


def test_a_photo_link_shows_the_same_page(reader, ids):
    assert reader.page(ids[3], kind="photo").content == reader.page(ids[3]).content


@pytest.mark.parametrize(
    ("number", "code", "message"),
    [(5, 10222, ""), (6, 10204, "status_deleted"), (7, 10231, "cross_border_violation")],
)
def test_f32_a_refused_video_says_why_under_status_200(reader, ids, *, number, code, message):
    page = reader.page(ids[number - 1])
    detail = reader.detail(ids[number - 1])
    assert page.status_code == 200
    assert (detail["statusCode"], detail["statusMsg"]) == (code, message)
    assert "itemStruct" not in detail["itemInfo"]


def test_an_unknown_video_does_not_exist(reader):
    detail = reader.detail("7000000000000000000")
    assert (detail["statusCode"], detail["statusMsg"]) == (10204, "item doesn't exist")


@pytest.mark.parametrize(
    "path", ["/media/v16/../../../etc/passwd", "/media/v16/1.mp4", "/media/p16/1/1.jpg", "/media/"]
)
def test_only_files_of_the_corpus_are_media(sandbox, session, path):
    request = requests.Request("GET", sandbox.base).prepare()
    request.url = sandbox.base + path
    assert session.send(request, timeout=10).status_code == 404


@pytest.mark.parametrize(
    ("word", "status", "sign"),
    [
        ("captcha", 200, "captcha"),
        ("challenge", 200, 'id="cs"'),
        ("login", 200, "Log in"),
        ("429", 429, ""),
        ("404", 404, ""),
    ],
)
def test_a_page_can_be_blocked(sandbox, reader, ids, *, word, status, sign):
    sandbox.play([{"do": word, "match": f"/video/{ids[0]}"}])
    page = reader.page(ids[0])
    assert (page.status_code, SCRIPT.search(page.text)) == (status, None)
    assert sign in page.text
    assert page.url.endswith("/login") == (word == "login")
    assert SCRIPT.search(reader.page(ids[0]).text)


def shaped(sandbox, reader, video_id, shape):
    """The whole page in one of its shapes, and the JSON in its script tag."""
    sandbox.play([{"do": shape, "match": f"/video/{video_id}", "times": None}])
    page = reader.page(video_id)
    data = json.loads(re.search(r"<script [^>]*>(.*?)</script>", page.text, re.DOTALL).group(1))
    scope = data.get("__DEFAULT_SCOPE__", {}).get("webapp.video-detail", {})
    return data, scope.get("itemInfo", {}).get("itemStruct")


def test_a_page_can_take_other_shapes(sandbox, reader, ids):
    plain = reader.struct(ids[0])
    seen = {shape: shaped(sandbox, reader, ids[0], shape) for shape in SHAPES}
    gated = seen["content_classified"][1]
    assert gated["isContentClassified"] is True
    assert "video" not in gated
    assert seen["no_download_addr"][1]["video"] == plain["video"] | {"downloadAddr": ""}
    unplayable = seen["bytevc2_only"][1]["video"]
    assert (unplayable["playAddr"], unplayable["bitrateInfo"][0]["CodecType"]) == ("", "bytevc2")
    assert "_bytevc2_" in unplayable["bitrateInfo"][0]["PlayAddr"]["UrlKey"]
    assert urlsplit(seen["site_host"][1]["video"]["playAddr"]).hostname == "www.tiktok.com"
    assert seen["create_time_int"][1]["createTime"] == int(plain["createTime"])
    assert seen["stats_as_strings"][1]["stats"]["playCount"] == "10"
    assert seen["sigi_state"][0]["ItemModule"] == {ids[0]: plain}
    assert list(seen["reflow"][0]["__DEFAULT_SCOPE__"]) == ["webapp.reflow.video.detail"]


def test_yt_dlp_itself_passes_over_a_dead_mirror(sandbox, reader, ids, tmp_path, one):
    video = shaped(sandbox, reader, ids[0], "dead_first_mirror")[1]["video"]
    dead, alive = video["bitrateInfo"][0]["PlayAddr"]["UrlList"]
    assert [reader.get(url).status_code for url in (dead, video["playAddr"], alive)] == [404, 404, 200]
    downloaded(sandbox, ids[0], tmp_path, format="b[url*=v19]")
    assert (tmp_path / f"{ids[0]}.mp4").read_bytes() == one


def test_a_media_address_can_expire_sooner(calling, ids):
    caller = calling(profile=Profile(media_url_ttl_s=10))
    reader = Reader(caller.sandbox)
    url = reader.struct(ids[0])["video"]["playAddr"]
    assert reader.get(url).status_code == 200
    caller.sandbox.clock.advance(10)
    assert reader.get(url).status_code == 403
    reader.session.close()


def test_pyktok_itself_saves_the_video(sandbox, ids, tmp_path, one):
    link = f"{sandbox.pages}/@user_1/video/{ids[0]}"
    program = f"import pyktok; pyktok.save_tiktok({link!r}, True)"
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    (saved,) = tmp_path.iterdir()
    assert saved.name == f"@user_1_video_{ids[0]}.mp4"
    assert saved.read_bytes() == one


class Redirected(yt_dlp.YoutubeDL):
    """yt-dlp with its requests to TikTok sent to the sandbox; everything else is real."""

    base = ""

    def urlopen(self, req):
        request = TheirRequest(req) if isinstance(req, str) else req
        parts = urlsplit(request.url)
        if (parts.hostname or "").endswith("tiktok.com"):
            request = request.copy()
            request.url = f"{self.base}/{parts.hostname}{parts.path}"
        return super().urlopen(request)


def downloaded(sandbox, video_id, folder, **more):
    options = {
        "quiet": True,
        "no_warnings": True,
        "retries": 0,
        "noprogress": True,
        "outtmpl": str(folder / "%(id)s.%(ext)s"),
    }
    with Redirected(options | more) as tool:
        tool.base = sandbox.base
        return tool.extract_info(f"https://www.tiktok.com/@user/video/{video_id}")


def test_yt_dlp_itself_finds_and_saves_the_video(sandbox, ids, tmp_path, one):
    info = downloaded(sandbox, ids[0], tmp_path)
    assert (info["id"], info["uploader"], info["view_count"]) == (ids[0], "user_1", 10)
    assert (tmp_path / f"{ids[0]}.mp4").read_bytes() == one


@pytest.mark.parametrize(
    ("number", "words"),
    [(5, "do not have permission"), (6, "IP address is blocked"), (7, "status code 10231")],
)
def test_yt_dlp_itself_says_why_there_is_no_video(sandbox, ids, tmp_path, number, words):
    with pytest.raises(yt_dlp.utils.DownloadError, match=words):
        downloaded(sandbox, ids[number - 1], tmp_path)
    assert list(tmp_path.iterdir()) == []
