"""TikTok's own captions: which are chosen, how they are fetched, and how any bytes are parsed."""

import json

import pytest
from download_corpus import CAPTIONS as OFFERED
from download_corpus import IDS, settings
from hypothesis import given
from hypothesis import strategies as st

from gettok.download import DownloadStep, VideoLink
from gettok.download.captions import offered_captions, parse, row
from gettok.errors import Unusable
from gettok.tables import CAPTIONS

LINK = VideoLink(IDS["captioned"], "a")
FACTS = {"language": "spa-ES", "source": "ASR", "format": "srt", "version": "1:whisper_lid", "trouble": None}


@pytest.fixture(scope="module")
def steps(server, tmp_path_factory):
    spool = tmp_path_factory.mktemp("spool")
    made = {
        name: DownloadStep(settings(backend=name), "sandbox", server.pages, spool, lambda _: None)
        for name in ("page", "ytdlp")
    }
    yield made
    for step in made.values():
        step.close()


def info(source="ASR", form="webvtt", language="spa-ES", url="https://x/y", **more):
    return {
        "Url": url,
        "Source": source,
        "Format": form,
        "LanguageCodeName": language,
        "Version": "1",
        **more,
    }


def chosen(*infos):
    return [
        (facts.source, facts.format)
        for _, facts in offered_captions({"video": {"subtitleInfos": list(infos)}})
    ]


def test_transcripts_come_before_translations_which_are_then_not_wanted():
    assert chosen(info("MT"), info("LC"), info("ASR")) == [("ASR", "webvtt"), ("LC", "webvtt")]
    assert chosen(info("MT"), info("XX")) == [("XX", "webvtt")]
    assert chosen(info("MT", "srt"), info("MT")) == [("MT", "webvtt"), ("MT", "srt")]


def test_of_one_source_the_plainest_format_comes_first():
    forms = ["creator_caption", "srt", "webvtt"]
    assert chosen(*(info(form=form) for form in forms)) == [("ASR", form) for form in reversed(forms)]


@pytest.mark.parametrize("useless", [info(form="pdf"), info(url=""), info(url=None), 7, None, {}, []])
def test_captions_in_an_unknown_format_are_not_offered(useless):
    assert chosen(useless) == []


@pytest.mark.parametrize("video", [{}, {"video": None}, {"video": {"subtitleInfos": "x"}}, {"video": []}])
def test_a_page_without_captions_offers_none(video):
    assert offered_captions(video) == []


@pytest.mark.parametrize("backend", ["page", "ytdlp"])
def test_the_best_captions_come_with_the_video_verbatim(steps, backend):
    answer = steps[backend].ask(LINK)
    assert answer.body["captions"] == FACTS
    assert answer.blobs["captions"].read().startswith(b"1\n00:00:00,250 --> 00:00:01,500\nbuenos d")
    assert "127.0.0.1" not in json.dumps(dict(answer.body))
    made = row("7", answer.body["captions"], answer.blobs["captions"].read())
    assert made["text"] == "buenos días a todos"
    assert made["segments"] == [
        {"start_s": start, "end_s": end, "text": text} for start, end, text in OFFERED[2]["segments"]
    ]


def test_captions_are_fetched_in_the_video_s_own_visit(steps, server):
    since = len(server.requests())
    steps["page"].ask(LINK)
    assert [entry["service"] for entry in server.requests()[since:]] == ["pages", "media", "media"]


@pytest.mark.parametrize("backend", ["page", "ytdlp"])
@pytest.mark.parametrize("fault", ["404", "403", "reset", "gzip_bomb", "redirect"])
def test_captions_that_cannot_be_fetched_never_fail_the_video(steps, play, backend, fault):
    play({"do": fault, "match": "/captions/", "times": None})
    answer = steps[backend].ask(LINK)
    assert answer.blobs["media"].size
    assert "captions" not in answer.blobs
    assert answer.body["captions"]["trouble"]
    assert "127.0.0.1" not in answer.body["captions"]["trouble"]


def test_if_the_best_captions_cannot_be_fetched_the_next_best_are(steps, play):
    play({"do": "404", "match": "/captions/", "times": 1})
    answer = steps["page"].ask(LINK)
    assert (answer.body["captions"]["source"], answer.body["captions"]["format"]) == ("LC", "creator_caption")
    assert row("7", answer.body["captions"], answer.blobs["captions"].read())["text"] == "Buenos días."


def test_a_page_that_refuses_a_second_visit_costs_only_the_captions(steps, play):
    play({"do": "captcha", "match": "/video/", "nth": 2})
    answer = steps["ytdlp"].ask(LINK)
    assert answer.blobs["media"].size
    assert "captcha" in answer.body["captions"]["trouble"]


VTT = "WEBVTT\n\nNOTE x\n\n1\n00:01.000 --> 00:02.500 align:start\n<v A>uno &amp; <b>dos</b>\ntres\n"


@pytest.mark.parametrize(
    ("form", "data", "segments"),
    [
        ("webvtt", VTT, [(1, 2.5, "uno & dos tres")]),
        ("webvtt", "\ufeff" + VTT.replace("\n", "\r\n"), [(1, 2.5, "uno & dos tres")]),
        ("webvtt", "WEBVTT\n\n100:00:00.000 --> 100:00:01.000\nx\n", [(360_000, 360_001, "x")]),
        (
            "srt",
            "1\n00:00:01,000 --> 00:00:02,000\nuno\n\n2\n00:00:00,500 --> 00:00:01,000\ncero\n",
            [(0.5, 1, "cero"), (1, 2, "uno")],
        ),
        (
            "creator_caption",
            '{"utterances": [{"start_time": 1500, "end_time": 2000, "text": "uno"}]}',
            [(1.5, 2, "uno")],
        ),
        (
            "creator_caption",
            '[{"start_time": 0, "end_time": 1, "text": "a\\ud83d\\u0000b"}, 7, {"text": "no time"}]',
            [(0, 0.001, "a\ufffdb")],
        ),
        (
            "creator_caption",
            '[{"start_time": 0, "end_time": 1, "text": "a"}, {"start_time": NaN, "end_time": 1e999, "text": "b"}]',
            [(0, 0.001, "a")],
        ),
    ],
)
def test_each_format_is_read(form, data, segments):
    found = [(piece["start_s"], piece["end_s"], piece["text"]) for piece in parse(data.encode(), form)]
    assert found == segments


@pytest.mark.parametrize("form", ["webvtt", "srt", "creator_caption"])
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html></html>",
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b"WEBVTT\n\n",
        b"9" * 5000,
        b'{"utterances": 7}',
    ],
)
def test_f21_damaged_captions_are_malformed(form, data):
    with pytest.raises(Unusable, match="malformed"):
        parse(data, form)


@given(data=st.binary(max_size=300) | st.text("WEBVTT\n0123456789:.,-> ", max_size=300).map(str.encode))
def test_captions_of_any_bytes_make_a_row_or_are_malformed(data):
    for form in ("webvtt", "srt", "creator_caption"):
        for whole in (
            data,
            b"WEBVTT\n\n00:00.000 --> 00:01.000\n" + data,
            b"1\n00:00:00,000 --> 00:00:01,000\n" + data,
        ):
            try:
                made = row("7", {"language": "a", "source": "b", "format": form}, whole)
            except Unusable as damage:
                reason, pieces = damage.reason, 0
            else:
                reason, pieces = None, CAPTIONS.frame([made])["segments"].list.len().item()
            assert (reason == "malformed") == (pieces == 0)


@pytest.mark.parametrize("time", [10**400, -(10**30), 1e308, True, "soon", "nan", "1" * 400, "", None])
def test_a_cue_with_an_impossible_time_is_left_out(time):
    lines = [
        {"start_time": time, "end_time": time, "text": "no"},
        {"start_time": 0, "end_time": 900, "text": "yes"},
    ]
    (segment,) = parse(json.dumps({"utterances": lines}).encode(), "creator_caption")
    assert segment == {"start_s": 0.0, "end_s": 0.9, "text": "yes"}
