"""The corpus agrees with its ground truth, file by file."""

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import av
import numpy as np
import polars as pl
import pytest
import requests
import yaml

from gettok.compare.truth import COLUMNS, error_rates
from gettok.errors import Unusable
from gettok.media.probing import probe
from sandbox.accuracy import Accuracy, ScreenAccuracy
from sandbox.code_accuracy import CodeAccuracy
from sandbox.corpus.language import sentences, split_of
from sandbox.corpus.plan import HARD_KINDS, planned_videos
from sandbox.corpus.script import script, tiktok_transcript
from sandbox.corpus.truth import HERE, ScreenText, Truth, media_path, truth
from sandbox.server import Sandbox

TRUTH = truth()
VIDEOS = json.loads((HERE / "videos.json").read_text("utf-8"))
PAGES = {video["api"]["id"]: video["page"] for video in VIDEOS}
FILES = [video for video, page in PAGES.items() if page["media"]]


def of_kind(kind: str) -> str:
    (video,) = (video for video, of_video in TRUTH.items() if of_video.kind == kind)
    return video


def path_of(kind: str) -> Path:
    return media_path(PAGES[of_kind(kind)]["media"])


def test_the_study_finds_one_video_of_every_difficult_kind():
    kinds = Counter(of_video.kind for of_video in TRUTH.values())
    assert {kind: kinds[kind] for kind in HARD_KINDS} == dict.fromkeys(HARD_KINDS, 1)
    assert kinds["plain"] == 30
    assert set(PAGES) == set(TRUTH) == {video.video_id for video in planned_videos()}


def test_the_corpus_is_small_enough_to_be_committed():
    assert sum(file.stat().st_size for file in (HERE / "media").iterdir()) < 12_000_000


@pytest.mark.parametrize("video", FILES)
def test_each_file_is_the_video_that_the_truth_describes(video):
    of_video, page = TRUTH[video], PAGES[video]
    facts = probe(media_path(page["media"]))
    assert (facts.width, facts.height) == (360, 640)
    assert facts.has_audio == (of_video.kind != "no_audio")
    assert facts.video_codec == ("hevc" if of_video.kind == "hevc" else "h264")
    assert facts.rotation == (270 if of_video.kind == "rotated" else 0)
    assert abs(facts.duration_s - page["duration"]) < 0.5
    if of_video.kind == "variable_rate":
        assert facts.frame_count < of_video.frames * 0.7
    else:
        assert abs(facts.frame_count - of_video.frames) <= 2
    assert media_path(page["media"]).stat().st_size == page["size"]


def test_frame_times_are_irregular_in_the_video_with_a_variable_rate():
    gaps = {kind: set(np.diff(_times(path_of(kind)))) for kind in ("variable_rate", "hevc")}
    assert len(gaps["variable_rate"]) > len(gaps["hevc"]) == 1


def _times(path: Path) -> list[int]:
    with av.open(str(path)) as file:
        return [frame.pts for frame in file.decode(video=0)]


def test_silence_is_silent_and_music_is_not():
    assert _loudness(path_of("silence")) < 0.001
    assert _loudness(path_of("music")) > 0.05


def _loudness(path: Path) -> float:
    with av.open(str(path)) as file:
        parts = [frame.to_ndarray().ravel() for frame in file.decode(audio=0)]
    return float(np.sqrt(np.mean(np.concatenate(parts) ** 2)))


def test_some_videos_have_a_second_and_a_third_frame_at_the_paper_s_stride():
    frames = [of_video.frames for of_video in TRUTH.values() if of_video.frames]
    assert sum(count > 300 for count in frames) >= 8
    assert sum(count > 600 for count in frames) >= 2
    assert sum(count <= 300 for count in frames) >= 4


def test_an_id_encodes_the_second_of_the_upload_shortly_before_publication():
    late = [video["api"]["create_time"] - (int(video["api"]["id"]) >> 32) for video in VIDEOS]
    assert max(late) == 219_361
    assert all(20 <= seconds <= 135 for seconds in sorted(late)[:-1])


def test_the_last_days_have_videos_so_that_a_study_can_grow():
    days = Counter(str(datetime.fromtimestamp(video["api"]["create_time"], UTC).date()) for video in VIDEOS)
    assert min(days) == "2022-11-20"
    assert max(days) == "2023-03-01"
    assert days["2023-02-28"] == 2


def test_the_speech_was_held_out_of_the_speech_model_s_training():
    spoken = {line for number in range(60) for line in (s.text for s in sentences(number, 6, "held_out"))}
    assert all(split_of(line) == "held_out" for line in spoken)
    for video in planned_videos():
        words = script(video)
        assert TRUTH[video.video_id].words == words.spoken


def test_tiktok_s_transcript_is_lower_case_without_punctuation_and_slightly_wrong():
    texts = {video["api"]["id"]: video["api"].get("voice_to_text") for video in VIDEOS}
    given = {video: text for video, text in texts.items() if text}
    assert 0.2 < len(given) / len(texts) < 0.4
    assert all(text == text.lower() and "," not in text and "." not in text for text in given.values())
    plain = ["".join(c for c in TRUTH[v].words.lower() if c.isalnum() or c == " ").split() for v in given]
    assert (
        sum(text.split() != true for text, true in zip(given.values(), plain, strict=True)) > len(given) / 2
    )


def test_the_stances_are_balanced():
    stances = Counter(of_video.stance for of_video in TRUTH.values())
    assert min(stances.values()) >= 14


def test_the_truncated_and_the_html_file_are_intact_on_disk_and_damaged_by_the_server():
    for kind in ("truncated", "html"):
        assert PAGES[of_kind(kind)]["serve"] == kind
        probe(path_of(kind))
    with pytest.raises(Unusable):
        probe(media_path(PAGES[of_kind("slideshow")]["sound"]))


def test_the_study_finds_what_it_should_and_nothing_else():
    query = {
        "and": [{"field_name": "region_code", "operation": "IN", "field_values": ["PE"]}],
        "or": [
            {"field_name": "keyword", "operation": "IN", "field_values": ["Castillo", "Boluarte"]},
            {"field_name": "hashtag_name", "operation": "IN", "field_values": _paper_hashtags()},
        ],
    }
    with Sandbox() as sandbox:
        found = _found_by(sandbox, query)
    assert found == {
        video for video, of_video in TRUTH.items() if of_video.kind not in ("elsewhere", "off_topic")
    }


def _paper_hashtags() -> list[str]:
    study = yaml.safe_load((HERE.parent.parent / "conf/study/demo.yaml").read_text("utf-8"))
    return study["query"]["any"]["hashtags"]


def _found_by(sandbox: Sandbox, query: dict) -> set[str]:
    form = {"client_key": "sandbox", "client_secret": "sandbox", "grant_type": "client_credentials"}
    token = requests.post(f"{sandbox.research_api}/oauth/token/", data=form, timeout=10).json()[
        "access_token"
    ]
    found = set()
    for start, end in (
        ("20221120", "20221219"),
        ("20221220", "20230118"),
        ("20230119", "20230217"),
        ("20230218", "20230301"),
    ):
        body = {"query": query, "start_date": start, "end_date": end, "max_count": 100}
        url = f"{sandbox.research_api}/research/video/query/?fields=id"
        answer = requests.post(
            url, json=body, headers={"Authorization": f"Bearer {token}"}, timeout=10
        ).json()
        found |= {str(video["id"]) for video in answer["data"]["videos"]}
    return found


def test_text_on_the_screen_is_selected_by_time_and_listed_once():
    of_video = Truth(
        "plain", "neutral", "", "", "", (ScreenText(0, 5, "uno"), ScreenText(5, 10, "dos")), (5,), 250, "", {}
    )
    assert of_video.text_at([0.0, 2.0]) == "uno"
    assert of_video.text_at([0.0, 5.0, 9.0]) == "uno dos"
    assert of_video.text_at([11.0]) == ""
    assert [of_video.scene_at(time_s) for time_s in (0.0, 4.99, 5.0, 11.0)] == [0, 0, 1, 1]


def test_rates_over_no_videos_are_not_numbers():
    nothing = error_rates(pl.DataFrame(schema=dict.fromkeys(COLUMNS, pl.String)), {})
    unread = ScreenAccuracy(None, None, 0, 0)
    codes = [CodeAccuracy("places", 0, {"precision": None, "recall": None})]
    words, _, _, by_model, by_ocr, places = Accuracy(nothing, {}, unread, unread, codes).lines()
    assert words.endswith("– over 0 videos with speech")
    assert by_model.endswith("– (– verbatim) over 0 videos")
    assert by_ocr.endswith("– (– verbatim) over 0 videos")
    assert places.endswith("precision –, recall – over 0 videos")


def test_tiktok_s_transcript_follows_from_the_seed():
    video = planned_videos()[0]
    texts = {tiktok_transcript("Fuerza, presidente Castillo.", video.rng("counts")) for _ in range(3)}
    assert len(texts) == 1
