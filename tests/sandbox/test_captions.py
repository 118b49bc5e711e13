"""Captions: their entries in a page's data and their files, in the sandbox and in the demo's corpus."""

import json
import re

import pytest
from page_reader import Reader

from sandbox.corpus.captions import captions
from sandbox.corpus.plan import planned_videos
from sandbox.corpus.script import script
from sandbox.corpus.truth import HERE, truth
from sandbox.pages.captions import FORMATS, caption_from_json
from sandbox.server import Sandbox

SEGMENTS = [[0.3, 1.85, "Hola, ¿qué tal? <b> & más"], [61.5, 3725.004, "Adiós"]]
WEBVTT = """WEBVTT

00:00:00.300 --> 00:00:01.850
Hola, ¿qué tal? &lt;b&gt; &amp; más

00:01:01.500 --> 01:02:05.004
Adiós
"""
SRT = """1
00:00:00,300 --> 00:00:01,850
Hola, ¿qué tal? <b> & más

2
00:01:01,500 --> 01:02:05,004
Adiós
"""
PAGES = {video["api"]["id"]: video["page"] for video in json.loads((HERE / "videos.json").read_text("utf-8"))}


def caption(**more):
    return {"language": "es", "source": "ASR", "format": "webvtt", "segments": SEGMENTS} | more


def test_a_page_lists_its_captions_and_their_addresses_serve_them(reading, ids):
    lines = [caption(), caption(language="en", source="MT", format="srt"), caption(source="LC")]
    video = reading({1: {"captions": lines}}).struct(ids[0])["video"]
    infos = video["subtitleInfos"]
    assert [(info["LanguageCodeName"], info["Source"], info["Format"]) for info in infos] == [
        ("spa-ES", "ASR", "webvtt"),
        ("eng-US", "MT", "srt"),
        ("spa-ES", "LC", "webvtt"),
    ]
    assert {"LanguageID", "Version", "Url"} <= set(infos[0])
    shown = video["claInfo"]["captionInfos"]
    assert [info["url"] for info in shown] == [info["Url"] for info in infos]
    assert [info["isOriginalCaption"] for info in shown] == [True, False, True]
    assert [info["isAutoGen"] for info in shown] == [True, True, False]


@pytest.mark.parametrize(
    ("form", "suffix", "kind", "text"), [("webvtt", "vtt", "text/vtt", WEBVTT), ("srt", "srt", "subrip", SRT)]
)
def test_the_file_has_every_segment_with_its_times(reading, ids, *, form, suffix, kind, text):
    reader = reading({1: {"captions": [caption(format=form)]}})
    (info,) = reader.struct(ids[0])["video"]["subtitleInfos"]
    answer = reader.get(info["Url"])
    assert f".{suffix}?" in info["Url"]
    assert kind in answer.headers["Content-Type"]
    assert answer.content.decode() == text
    assert len(answer.content) == info["Size"]
    assert reader.get(info["Url"], Range="bytes=0-5").content == text.encode()[:6]


def test_the_creator_s_own_format_is_json(reading, ids):
    reader = reading({1: {"captions": [caption(format="creator_caption", source="LC")]}})
    (info,) = reader.struct(ids[0])["video"]["subtitleInfos"]
    first = reader.get(info["Url"]).json()["utterances"][0]
    assert first == {"start_time": 300, "end_time": 1850, "text": SEGMENTS[0][2]}


def test_captions_are_signed_and_require_the_page_s_cookie_as_films_do(reading, ids):
    reader = reading({1: {"captions": [caption()]}})
    (info,) = reader.struct(ids[0])["video"]["subtitleInfos"]
    assert reader.get(info["Url"], Referer="https://elsewhere.example/").status_code == 403
    assert reader.get(info["Url"].replace("expire=", "expire=9")).status_code == 403
    assert reader.get(info["Url"].replace(".vtt", ".srt")).status_code == 404
    assert reader.get(info["Url"].replace("/1.vtt", "/2.vtt")).status_code == 404
    reader.sandbox.play([{"do": "cut", "match": "/captions/"}])
    with pytest.raises(Exception, match="IncompleteRead"):
        reader.get(info["Url"])
    reader.sandbox.clock.advance(6 * 3600)
    assert reader.get(info["Url"]).status_code == 403
    reader.session.cookies.clear()
    fresh = reader.struct(ids[0])["video"]["subtitleInfos"][0]["Url"]
    reader.session.cookies.clear()
    assert reader.get(fresh).status_code == 403


def test_a_page_without_captions_says_that_there_are_none(reader, ids):
    video = reader.struct(ids[0])["video"]
    assert "subtitleInfos" not in video
    assert video["claInfo"]["captionInfos"] == []
    assert "noCaptionReason" in video["claInfo"]


@pytest.mark.parametrize("wrong", [{"source": "OCR"}, {"format": "ttml"}])
def test_captions_that_no_page_has_are_refused(wrong):
    with pytest.raises(ValueError, match="no page has"):
        caption_from_json(caption(**wrong))


def test_the_demo_has_captions_of_every_source_as_the_generator_makes_them():
    kinds = {video: [line["source"] for line in page["captions"]] for video, page in PAGES.items()}
    assert sum(sources[:1] == ["ASR"] for sources in kinds.values()) == 15
    assert sum("MT" in sources for sources in kinds.values()) == 4
    assert [sources for sources in kinds.values() if "LC" in sources] == [["LC"]]
    for video in planned_videos():
        page = PAGES[video.video_id]
        made = captions(video, script(video), page["duration"]) if page["media"] else []
        assert page["captions"] == made


def test_machine_captions_match_the_speech_except_for_a_few_words():
    compared = wrong = agreement = 0
    for video, page in PAGES.items():
        for line in page["captions"]:
            of_video = truth()[video]
            assert len(line["segments"]) == len(re.split(r"(?<=[.!?]) ", of_video.words))
            if line["source"] == "MT":
                assert (line["language"], of_video.language) == ("en", "es")
                continue
            assert line["language"] == of_video.language
            spoken_words, shown = (
                of_video.words.split(),
                " ".join(text for _, _, text in line["segments"]).split(),
            )
            if line["source"] == "LC":
                assert shown == spoken_words
            else:
                compared, wrong = compared + 1, wrong + (shown != spoken_words)
                agreement += len(set(shown) & set(spoken_words)) / len(set(spoken_words))
    assert wrong > compared / 2
    assert 0.9 < agreement / compared < 0.99


def test_times_of_captions_lie_within_the_film_and_in_order():
    for page in PAGES.values():
        for line in page["captions"]:
            times = [time for start, end, _ in line["segments"] for time in (start, end)]
            assert times == sorted(times)
            assert times[0] >= 0
            assert times[-1] <= page["duration"]


def test_the_demo_s_captions_can_be_fetched():
    with Sandbox() as sandbox:
        reader = Reader(sandbox)
        for video, page in PAGES.items():
            if page["captions"]:
                infos = reader.struct(video)["video"]["subtitleInfos"]
                assert [info["Source"] for info in infos] == [line["source"] for line in page["captions"]]
                for info in infos:
                    assert len(reader.get(info["Url"]).content) == info["Size"] > 50
        reader.session.close()


def test_every_format_has_its_own_suffix():
    assert len({form.suffix for form in FORMATS.values()}) == len(FORMATS)
