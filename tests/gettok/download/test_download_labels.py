"""The page's label as AI-generated is beside the file's facts, from the demo's own pages."""

import json

import pytest
from download_corpus import IDS, settings

from gettok.download import DownloadStep, VideoLink
from sandbox.corpus.labels import page_label, video_tags
from sandbox.corpus.plan import planned_videos
from sandbox.server import Sandbox
from sandbox.videos import CORPUS

VIDEOS = {video.number: video for video in planned_videos()}
ROWS = {row["api"]["id"]: row for row in json.loads((CORPUS / "videos.json").read_text("utf-8"))}


@pytest.mark.parametrize(
    ("number", "is_labelled", "label_type"),
    [(2, True, 1), (47, True, 2), (16, True, 1), (11, False, 0), (12, False, 0), (22, False, 0)],
)
def test_the_label_on_the_page_comes_with_the_file(tmp_path, number, is_labelled, label_type):
    video = VIDEOS[number]
    with Sandbox() as server:
        step = DownloadStep(settings(), "sandbox", server.pages, tmp_path, lambda _: None)
        (row,) = step.read(step.ask(VideoLink(video.video_id, video.username)))
        step.close()
    assert (row["page_ai_label"], row["page_ai_label_type"]) == (is_labelled, label_type)


def test_the_corpus_has_the_labels_of_its_plan_and_some_that_contradict_each_other():
    contradictions = 0
    for video in VIDEOS.values():
        row = ROWS[video.video_id]
        assert row["api"].get("video_tag", []) == video_tags(video)
        assert row["page"].get("ai_label", 0) == page_label(video).get("ai_label", 0)
        says = any(tag["type"] == "AIGC" for tag in video_tags(video))
        contradictions += says != bool(page_label(video))
    assert contradictions == 3


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("captioned", {"do": "ok", "match": "/captions/"}),
        ("captioned", {"do": "404", "match": "/captions/"}),
        ("ok", {"do": "mute", "match": "/media/v1"}),
        ("ok", {"do": "mute_unless_watermarked", "match": "/media/v1"}),
    ],
)
def test_a_page_that_is_read_beside_another_tool_gives_its_label(step_of, play, name, fault):
    step = step_of("ytdlp")
    play({**fault, "times": None})
    (row,) = step.read(step.ask(VideoLink(IDS[name], "a")))
    assert (row["page_ai_label"], row["page_ai_label_type"]) == (False, 0)


def test_a_page_that_only_the_other_tool_reads_gives_none(step_of):
    step = step_of("ytdlp")
    (row,) = step.read(step.ask(VideoLink(IDS["ok"], "a")))
    assert (row["page_ai_label"], row["page_ai_label_type"]) == (None, None)
