"""Words of a transcript have times if an aligner is set."""

import shutil

import pytest
from demo_model import with_settings
from tiny_models import tiny_wav2vec2

from gettok.errors import BadSettings
from gettok.media.audio import decode_audio
from gettok.speech.word_timestamps import WordTimer
from gettok.tables import TRANSCRIPTS


@pytest.fixture(scope="module")
def timed(tmp_path_factory):
    folder = tiny_wav2vec2(tmp_path_factory.mktemp("wav2vec2"))
    opened = with_settings(align=str(folder))
    opened.open()
    return opened


def test_words_have_times_on_demand_and_are_the_texts_words(step, timed, speech):
    (row,) = timed.read(timed.ask(speech.media))
    (untimed,) = step.read(speech.answer)
    assert timed.ask(speech.media).body["align"] == timed.settings["align"]
    assert speech.answer.body["align"] is None
    assert untimed["words"] is None
    assert row | {"words": None} == untimed
    assert [word["text"] for word in row["words"]] == row["text"].split()
    times = [(word["start_s"], word["end_s"]) for word in row["words"]]
    assert all(start <= end for start, end in times)
    assert [start for start, _ in times] == sorted(start for start, _ in times)
    assert times[0][0] >= row["segments"][0]["start_s"] - 0.01
    assert times[-1][1] <= row["segments"][-1]["end_s"] + 0.01
    assert TRANSCRIPTS.frame([row | {"video_id": "1"}]).height == 1


def test_the_key_names_the_aligner_by_its_files(timed, tmp_path):
    elsewhere = shutil.copytree(timed.asr.align, tmp_path / "copy")
    assert with_settings(align=str(elsewhere)).settings == timed.settings
    assert timed.settings["align"]["sha256"] not in (None, timed.settings["model"]["sha256"])


def test_a_language_without_an_aligner_stops_before_the_first_video():
    with pytest.raises(BadSettings, match="times the words of the language 'qu'"):
        with_settings(align="auto", language="qu").open()


def test_a_detected_language_without_an_aligner_has_words_without_times(timed, speech):
    unknown, recording = WordTimer("auto", "cpu"), decode_audio(speech.media.path, 3600)
    assert unknown.words(recording.cut(0, recording.seconds), "allin punchaw", "qu") is None
