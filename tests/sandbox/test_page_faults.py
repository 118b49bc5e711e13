"""Faults of a page or its files: by script for some requests, or by the corpus for a video."""

import gzip
import io
import json
import time
from urllib.parse import urlsplit

import pytest
import requests
from page_reader import SCRIPT, SITE, until_cut
from PIL import Image

from sandbox.faults import MEDIA, PAGES
from sandbox.pages.media import TRUNCATED_AT
from sandbox.pages.page_shapes import REFUSALS
from sandbox.videos import Corpus

PHOTOS = 4


def image_part(reader, video_id):
    """Status and text of a page."""
    page = reader.page(video_id)
    return page.status_code, page.text


@pytest.mark.parametrize("word", sorted(PAGES))
def test_a_script_and_a_corpus_do_the_same_to_a_page(ids, word, reading):
    reader = reading({1: {"shape": word}})
    by_corpus = image_part(reader, ids[0])
    reader.sandbox.play([{"do": word, "match": f"/video/{ids[1]}"}])
    by_script = image_part(reader, ids[1])
    reader.sandbox.play([{"do": "ok", "match": "/video/", "times": None}])
    whole = image_part(reader, ids[0])
    assert by_corpus != whole
    assert by_corpus[0] == by_script[0]
    assert bool(SCRIPT.search(by_corpus[1])) == bool(SCRIPT.search(by_script[1]))


@pytest.mark.parametrize("word", sorted(REFUSALS))
def test_f32_every_refusal_known_from_tools_comes_under_status_200(reader, ids, word):
    reader.sandbox.play([{"do": word, "match": f"/video/{ids[0]}"}])
    detail = reader.detail(ids[0])
    assert (detail["statusCode"], detail["statusMsg"]) == REFUSALS[word]
    assert detail["itemInfo"] == {}
    assert reader.detail(ids[0])["statusCode"] == 0


def test_10204_comes_with_three_messages_and_more():
    assert sum(code == 10204 for code, _ in REFUSALS.values()) >= 3


@pytest.mark.parametrize("how", ["script", "corpus"])
def test_f32_an_expired_address_is_valid_again_on_the_next_page(reading, ids, one, how):
    by_script = [{"do": "expired", "match": f"/video/{ids[0]}"}]
    reader = reading({}, script=by_script) if how == "script" else reading({1: {"shape": "expired_once"}})
    answers = [reader.get(reader.struct(ids[0])["video"]["playAddr"]) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [403, 200]
    assert answers[1].content == one


def test_a_corpus_fault_is_permanent_except_with_once(reading, ids):
    reader = reading({1: {"shape": "captcha"}, 2: {"shape": "captcha_once"}})
    assert ["captcha" in reader.page(ids[0]).text for _ in range(3)] == [True, True, True]
    assert ["captcha" in reader.page(ids[1]).text for _ in range(3)] == [True, False, False]


@pytest.mark.parametrize("page", [{"shape": "captchas"}, {"serve": "captcha"}, {"shape": "truncated"}])
def test_a_word_that_is_not_a_fault_of_pages_or_files_is_refused(tmp_path, rows, page):
    (tmp_path / "videos.json").write_text(json.dumps([rows[0] | {"page": page}]))
    with pytest.raises(ValueError, match="a corpus cannot say"):
        _ = Corpus(tmp_path).videos


def test_a_dead_first_mirror_is_dead_for_every_photo_and_the_others_work(reader, ids):
    reader.sandbox.play([{"do": "dead_first_mirror", "match": f"/video/{ids[PHOTOS - 1]}"}])
    struct = reader.struct(ids[PHOTOS - 1])
    for image in struct["imagePost"]["images"]:
        assert [reader.get(url).status_code for url in image["imageURL"]["urlList"]] == [404, 200]
    assert struct["video"]["playAddr"] == ""


def test_addresses_can_leave_out_their_scheme_and_come_as_lists(reader, ids, one):
    def shaped(word, number=1):
        reader.sandbox.play([{"do": word, "match": f"/video/{ids[number - 1]}"}])
        return reader.struct(ids[number - 1])

    bare = shaped("no_scheme")["video"]
    assert bare["playAddr"].startswith("//127.0.0.1")
    assert bare["bitrateInfo"][0]["PlayAddr"]["DataSize"] == len(one)
    assert reader.get("http:" + bare["bitrateInfo"][0]["PlayAddr"]["UrlList"][1]).content == one
    photo = shaped("no_scheme", PHOTOS)["imagePost"]["images"][0]["imageURL"]["urlList"][0]
    assert reader.get("http:" + photo).status_code == 200
    assert reader.get(shaped("play_addr_list")["video"]["playAddr"][0]["src"]).content == one
    assert shaped("no_photos", PHOTOS)["imagePost"]["images"] == []
    assert shaped("no_address")["video"]["bitrateInfo"] == []
    wall = shaped("login_wall")
    assert wall["createTime"] == "0"
    assert not {"stats", "video"} & set(wall)


@pytest.mark.parametrize("number", [1, PHOTOS])
@pytest.mark.parametrize("word", ["bytevc2_only", "content_classified", "site_host", "stats_as_strings"])
def test_films_and_slideshows_take_every_shape(reader, ids, word, number):
    reader.sandbox.play([{"do": word, "match": f"/video/{ids[number - 1]}"}])
    assert reader.page(ids[number - 1]).status_code == 200


def film_of(reader, ids, number=1):
    return reader.struct(ids[number - 1])["video"]["playAddr"]


@pytest.mark.parametrize("word", sorted(MEDIA - {"gzip_bomb"}))
def test_a_script_and_a_corpus_do_the_same_to_a_file(reading, ids, word):
    number = PHOTOS if word == "picture_bomb" else 1
    reader = reading({number: {"serve": word}})
    struct = reader.struct(ids[number - 1])
    url = (
        struct["imagePost"]["images"][0]["imageURL"]["urlList"][0]
        if number == PHOTOS
        else struct["video"]["playAddr"]
    )

    def got():
        answer = reader.session.get(url, headers=SITE | {"Range": "bytes=10-19"}, stream=True, timeout=10)
        return answer.status_code, answer.headers["Content-Type"], answer.raw.read()

    by_corpus = got()
    reader.sandbox.play([{"do": word, "match": urlsplit(url).path}, {"do": "ok", "match": "/media/"}])
    assert (got(), word) == (by_corpus, word)
    if word != "truncated":
        assert got() != by_corpus


def test_f23_the_address_of_a_film_can_serve_anything(reading, ids, one):
    words = {
        "html": b"<!DOCTYPE",
        "json": b"{",
        "empty": b"",
        "playlist": b"#EXTM3U",
        "half": one[: len(one) // 2],
        "heic": b"\0\0\0\x18ftypheic",
        "jxl": b"\0\0\0\x0cJXL ",
    }
    reader = reading({})
    for word, start in words.items():
        url = film_of(reader, ids)
        reader.sandbox.play([{"do": word, "match": "/media/"}])
        answer = reader.get(url)
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "video/mp4")
        assert answer.content.startswith(start)
        assert (answer.content == b"") == (word == "empty")


@pytest.mark.parametrize("how", ["script", "corpus"])
def test_f24_a_transfer_that_breaks_off_once_can_be_resumed(reading, ids, one, how):
    reader = reading({1: {"serve": "cut_once"}}) if how == "corpus" else reading({})
    url = film_of(reader, ids)
    if how == "script":
        reader.sandbox.play([{"do": "cut", "match": "/media/"}])
    answer = reader.session.get(url, headers=SITE, stream=True, timeout=10)
    assert int(answer.headers["Content-Length"]) == len(one)
    got = until_cut(answer)
    assert got == one[: len(one) // 2]
    more = {"Range": f"bytes={len(got)}-", "If-Range": answer.headers["ETag"]}
    rest = reader.get(url, **more)
    assert (rest.status_code, got + rest.content) == (206, one)


def test_a_range_of_another_version_of_the_file_is_ignored(reader, ids, one):
    url = film_of(reader, ids)
    tag = reader.get(url).headers["ETag"]
    assert tag.startswith('"')
    for other in ('"else"', f"W/{tag}", "Wed, 15 Mar 2023 12:00:00 GMT"):
        answer = reader.get(url, **{"Range": "bytes=5-9", "If-Range": other})
        assert (answer.status_code, answer.content) == (200, one)
        assert "Content-Range" not in answer.headers
    part = reader.get(url, **{"Range": "bytes=5-9", "If-Range": tag})
    assert (part.status_code, part.content, part.headers["ETag"]) == (206, one[5:10], tag)


def test_photos_and_sounds_support_ranges_too(reader, ids, corpus):
    struct = reader.struct(ids[PHOTOS - 1])
    urls = [struct["imagePost"]["images"][0]["imageURL"]["urlList"][1], struct["music"]["playUrl"]]
    for url, name in zip(urls, ("a.jpg", "sound.m4a"), strict=True):
        whole = (corpus / "media" / name).read_bytes()
        answer = reader.get(url, Range="bytes=3-20")
        assert (answer.status_code, answer.content) == (206, whole[3:21])
        assert reader.get(url, Range=f"bytes={len(whole)}-").status_code == 416


@pytest.mark.parametrize("how", ["script", "corpus"])
def test_a_server_can_answer_a_range_with_the_whole_file(reading, ids, one, how):
    reader = reading({1: {"serve": "no_range"}} if how == "corpus" else {})
    url = film_of(reader, ids)
    if how == "script":
        reader.sandbox.play([{"do": "no_range", "match": "/media/"}])
    answer = reader.get(url, Range="bytes=100-")
    assert (answer.status_code, answer.content) == (200, one)


def test_f30_a_small_body_unpacks_to_200_mib(reader, ids):
    url = film_of(reader, ids)
    reader.sandbox.play([{"do": "gzip_bomb", "match": "/media/"}])
    answer = reader.session.get(url, headers=SITE, stream=True, timeout=10)
    packed = answer.raw.read(decode_content=False)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(packed) < 300_000
    with gzip.open(io.BytesIO(packed)) as file:
        assert file.seek(0, io.SEEK_END) == 200 * 2**20


def test_f30_a_photo_can_claim_to_be_vast(reading, ids):
    reader = reading({PHOTOS: {"serve": "picture_bomb"}})
    photo = reader.struct(ids[PHOTOS - 1])["imagePost"]["images"][0]["imageURL"]["urlList"][0]
    with pytest.raises(Image.DecompressionBombError, match=str(65_500**2)):
        Image.open(io.BytesIO(reader.get(photo).content))


@pytest.mark.parametrize("place", ["/video/", "/media/"])
def test_f33_a_redirect_leads_where_no_client_should_follow(reader, ids, place):
    url = film_of(reader, ids)
    requested = f"{reader.sandbox.pages}/@a/video/{ids[0]}" if place == "/video/" else url
    there = {"Location": "file:///etc/passwd"}
    reader.sandbox.play(
        [{"do": "redirect", "match": place}, {"do": "redirect", "match": place, "headers": there}]
    )
    answers = [
        reader.session.get(requested, headers=SITE, timeout=10, allow_redirects=False) for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [302, 302]
    assert [urlsplit(answer.headers["Location"]).netloc for answer in answers] == ["169.254.169.254", ""]
    assert answers[1].headers["Location"] == "file:///etc/passwd"


def test_f13_a_file_can_arrive_byte_by_byte(reading, ids, one):
    reader = reading({1: {"serve": "drip"}})
    answer = reader.session.get(film_of(reader, ids), headers=SITE, stream=True, timeout=0.3)
    pieces = answer.iter_content(1)
    assert next(pieces) == one[:1]
    with pytest.raises(requests.exceptions.ConnectionError, match="timed out"):
        next(pieces)


def test_faults_of_the_film_leave_captions_alone(reading, ids):
    caption = {"language": "es", "source": "ASR", "format": "webvtt", "segments": [[0, 1, "hola"]]}
    reader = reading({1: {"serve": "403", "captions": [caption]}})
    video = reader.struct(ids[0])["video"]
    assert reader.get(video["playAddr"]).status_code == 403
    assert reader.get(video["subtitleInfos"][0]["Url"]).status_code == 200


def test_a_truncated_file_never_sends_anything_beyond_the_cut(reading, ids, one):
    reader = reading({1: {"serve": "truncated"}})
    url = film_of(reader, ids)
    stop = int(len(one) * TRUNCATED_AT)
    for start in (0, 10):
        answer = reader.session.get(url, headers=SITE | {"Range": f"bytes={start}-"}, stream=True, timeout=10)
        assert until_cut(answer) == one[start:stop]


def test_pages_and_files_can_be_slow(reading, ids):
    reader = reading({})
    url = film_of(reader, ids)
    reader.session.post(f"{reader.sandbox.base}/__sandbox__/switches", json={"latency_s": 0.05}, timeout=10)
    for address in (f"{reader.sandbox.pages}/@a/video/{ids[0]}", url):
        start = time.monotonic()
        assert reader.get(address).status_code == 200
        assert time.monotonic() - start >= 0.05
