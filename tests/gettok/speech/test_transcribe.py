"""Speech in a video becomes words with flags; a video without speech has none."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from threading import Event

import numpy as np
import pytest
from corpus_speech import spoken
from demo_model import DEMO, with_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sound_files import chords, noise, silence, tone, write, write_picture_only

from gettok.engine import LocalEngine
from gettok.errors import Unusable
from gettok.media import MediaFile
from gettok.media.audio import decode_audio
from gettok.speech.backends.whisperx import WhisperxRecognizer
from gettok.speech.transcriber import open_transcriber
from gettok.step import Answer, Item
from gettok.tables import TRANSCRIPTS
from gettok.text.tokens import wer
from sandbox.speech import random_model


@pytest.fixture(scope="module")
def clips(step):
    """Six videos with speech and the answers to them, asked one by one."""
    media = [media for media, _ in spoken("es", most=5) + spoken("en", most=1)]
    return media, [step.ask(one) for one in media]


def whole(media):
    recording = decode_audio(media.path, 3600)
    return recording.cut(0, recording.seconds)


def refused(step, path):
    """Why a file has no transcript, and what its row has nevertheless."""
    with pytest.raises(Unusable) as error:
        step.read(step.ask(MediaFile.of(path)))
    return error.value


def reason_of(step, path):
    return refused(step, path).reason


def read(step, answer, **changes):
    """The row of an answer, with these changes in each of its segments."""
    segments = [segment | changes for segment in answer.body["segments"]]
    return step.read(Answer(dict(answer.body) | {"segments": segments}))


def test_f28_a_sound_longer_than_the_setting_is_too_large(tmp_path):
    path = write(tmp_path / "a.m4a", tone(3))
    assert reason_of(with_settings(max_sound_s=2), path) == "too_large"
    assert reason_of(with_settings(max_sound_s=4), path) != "too_large"


def test_speech_comes_back_as_words_that_a_person_would_recognise(step):
    videos = spoken("es")
    texts = [step.read(step.ask(media))[0]["text"] for media, _ in videos]
    assert wer(" ".join(words for _, words in videos), " ".join(texts)) < 0.4


def test_a_row_has_the_tables_own_columns_and_makes_sense(step, speech):
    (row,) = step.read(speech.answer)
    shell = {"video_id", "status", "reason", "detail", "answer_key", "answer"}
    assert set(row) == set(TRANSCRIPTS.schema) - shell
    assert TRANSCRIPTS.frame([row | {"video_id": "1"}]).height == 1
    assert (row["language"], row["language_share"]) == ("es", 1)
    assert row["text"] == " ".join(segment["text"] for segment in row["segments"])
    assert 0 < row["speech_ratio"] <= 1
    assert row["raw_text"] == row["text"]
    assert row["avg_logprob"] < 0
    assert row["language_probability"] > 0.9
    assert (row["speech"], row["quality_flags"]) == ("suspect", ["demo_model"])
    assert row["speech_model_sha256"] == step.model.digest
    assert row["speech_compute_type"] == "float32"


def test_segments_are_in_order_and_within_the_sound(speech):
    times = [(piece["start_s"], piece["end_s"]) for piece in speech.answer.body["segments"]]
    flat = [moment for pair in times for moment in pair]
    assert flat == sorted(flat)
    assert 0 <= flat[0] < flat[-1] <= speech.answer.body["sound_s"]
    assert all(end - start < DEMO.chunk_s + 0.1 for start, end in times)


def test_an_answer_is_json_and_the_same_every_time(step, speech):
    again = step.ask(speech.media)
    assert again == speech.answer
    assert json.loads(json.dumps(dict(again.body))) == again.body


def test_reading_an_answer_twice_gives_the_same_row(step, speech):
    assert step.read(speech.answer) == step.read(speech.answer)


@pytest.mark.parametrize("compute_type", ["float32", pytest.param("int8", marks=pytest.mark.slow)])
def test_the_batch_size_changes_nothing_in_an_answer(clips, compute_type):
    media, _ = clips
    answers = []
    for batch_size in (1, 5):
        step = with_settings(batch_size=batch_size, compute_type=compute_type)
        step.open()
        answers.append([step.ask(one) for one in media])
    assert answers[0] == answers[1]
    assert any(len(answer.body["segments"]) > 2 for answer in answers[0])


@pytest.mark.slow
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.lists(st.integers(0, 5), min_size=1, max_size=9), threads=st.integers(2, 9))
def test_any_list_of_clips_in_any_order_gives_the_same_transcripts_as_one_by_one(step, clips, order, threads):
    media, answers = clips
    with ThreadPoolExecutor(threads) as pooled:
        together = list(pooled.map(step.ask, (media[place] for place in order)))
    assert together == [answers[place] for place in order]


@pytest.mark.slow
@pytest.mark.parametrize("compute_type", ["float32", "int8"])
def test_a_larger_model_too_gives_the_same_in_batches_and_one_by_one(clips, tmp_path, compute_type):
    """An untrained network whose texts all have the same length: they depend on every part of the sound."""
    media, _ = clips
    _, folder = random_model.write(tmp_path, "tiny", tokens=12)
    alone = with_settings(model=str(folder), compute_type=compute_type, batch_size=1)
    alone.open()
    one_by_one = [alone.ask(one) for one in media]
    assert len({segment["text"] for answer in one_by_one for segment in answer.body["segments"]}) > 9
    pooled = with_settings(model=str(folder), compute_type=compute_type)
    pooled.open()
    with ThreadPoolExecutor(len(media)) as threads:
        assert list(threads.map(pooled.ask, media)) == one_by_one


def test_both_backends_give_the_same_text_with_the_same_weights(clips, tmp_path):
    media, _ = clips
    whole_model, small = random_model.write(tmp_path, "tiny", tokens=12)
    rows = []
    for backend, folder in (("whisperx", small), ("transformers", whole_model)):
        step = with_settings(backend=backend, model=str(folder))
        step.open()
        rows.append([segment_texts(step, one) for one in media[:2]])
    assert rows[0] == rows[1]
    assert len(rows[0][0]) > 2


def segment_texts(step, media):
    return [segment["text"] for segment in step.ask(media).body["segments"]]


def test_videos_of_a_run_share_batches(clips, monkeypatch):
    media, answers = clips
    step = with_settings(batch_size=16)
    batches = []
    transcribe = WhisperxRecognizer.transcribe
    monkeypatch.setattr(
        WhisperxRecognizer,
        "transcribe",
        lambda self, batch: batches.append(len(batch)) or transcribe(self, batch),
    )
    items = [Item(str(place), "2022-12-07", {}, one) for place, one in enumerate(media)]
    outcomes = {item.video_id: outcome for item, outcome in LocalEngine().run(step, items, Event())}
    assert [outcomes[item.video_id] for item in items] == answers
    chunks = [len(answer.body["segments"]) for answer in answers]
    assert sum(batches) == sum(chunks)
    assert max(batches) == 8 > max(chunks), "two workers share the 16"


@pytest.mark.parametrize("language", ["es", "en"])
def test_a_language_that_is_not_set_is_detected(language):
    media, _ = spoken(language)[0]
    unset = with_settings(language=None)
    (row,) = unset.read(unset.ask(media))
    assert (row["language"], row["language_share"]) == (language, 1)
    assert {segment["language"] for segment in row["segments"]} == {language}
    assert row["language_probability"] > 0.9


def test_a_detected_language_gives_the_same_answer_as_the_same_language_set(step, speech):
    detected = with_settings(language=None).ask(speech.media)
    assert detected.body == speech.answer.body


def test_another_language_than_the_one_that_is_set_is_suspect(step):
    media, _ = spoken("en")[0]
    (row,) = step.read(step.ask(media))
    assert row["language"] == "es"
    assert row["language_probability"] < 0.1
    assert (row["speech"], row["quality_flags"]) == ("suspect", ["language", "demo_model"])


def test_f26_a_video_without_sound_track_is_no_audio(step, tmp_path):
    assert reason_of(step, write_picture_only(tmp_path / "mute.mp4")) == "no_audio"


def test_a_slideshow_is_transcribed_by_its_sound_and_without_one_is_no_audio(step, speech, tmp_path):
    assert reason_of(step, tmp_path) == "no_audio"
    shutil.copyfile(speech.media.path, tmp_path / "sound.m4a")
    assert step.ask(MediaFile.of(tmp_path)).body == speech.answer.body


@pytest.mark.parametrize(
    ("sound", "reason"),
    [(silence, "no_speech"), (tone, "no_speech"), (noise, "no_speech"), (chords, "music")],
)
def test_f27_sound_without_speech_never_gets_words(step, tmp_path, sound, reason):
    error = refused(step, write(tmp_path / "a.mp4", sound(12)))
    assert (error.reason, error.row["speech"]) == (reason, reason)
    assert error.row["sound_s"] == pytest.approx(12, abs=0.1)
    assert error.row["speech_ratio"] == 0
    assert "text" not in error.row


def test_f27_whisper_does_not_run_where_there_is_no_speech(step, tmp_path, monkeypatch):
    def never(*_):
        raise AssertionError("asked")

    monkeypatch.setattr(WhisperxRecognizer, "transcribe", never)
    assert reason_of(step, write(tmp_path / "a.mp4", chords(5))) == "music"


def test_f27_less_speech_than_the_settings_ask_for_is_not_transcribed(speech, tmp_path):
    mostly_silent = np.concatenate([whole(speech.media)[: 3 * 16_000], silence(60)])
    path = write(tmp_path / "a.m4a", mostly_silent)
    assert reason_of(with_settings(min_speech_ratio=0.1), path) == "no_speech"
    asked = with_settings(min_speech_ratio=0.01).ask(MediaFile.of(path))
    assert asked.body["segments"]


def test_five_seconds_of_speech_are_transcribed_whatever_their_share(speech, tmp_path):
    voice = whole(speech.media)
    path = write(tmp_path / "a.m4a", np.concatenate([silence(30), voice[: 10 * 16_000], silence(60)]))
    media = MediaFile.of(path)
    answer = with_settings(min_speech_ratio=0.9).ask(media)
    assert 5 < answer.body["speech_s"] < 0.2 * answer.body["sound_s"]
    assert answer.body["segments"] == with_settings(min_speech_ratio=0.01).ask(media).body["segments"] != []


def test_f27_a_voice_without_words_is_no_speech_and_its_answer_is_kept(step, speech):
    with pytest.raises(Unusable, match="no words") as error:
        read(step, speech.answer, text="... ¿?")
    assert error.value.reason == "no_speech"
    assert error.value.row["speech"] == "no_speech"
    assert error.value.row["raw_text"].startswith("... ¿?")


def test_f27_what_whisper_itself_takes_for_silence_is_only_in_the_raw_text(step, speech):
    with pytest.raises(Unusable, match="no words"):
        read(step, speech.answer, no_speech_prob=0.9, avg_logprob=-1.5)
    (sure,) = read(step, speech.answer, no_speech_prob=0.9)
    assert sure["text"] == sure["raw_text"]


def test_f27_a_known_hallucination_is_only_in_the_raw_text(step, speech):
    first, *others = speech.answer.body["segments"]
    hallucinated = first | {"text": " Subtítulos realizados por la comunidad de Amara.org"}
    (row,) = step.read(Answer(dict(speech.answer.body) | {"segments": [hallucinated, *others]}))
    assert "Amara" in row["raw_text"]
    assert "Amara" not in row["text"]
    assert row["text"] == " ".join(segment["text"].strip() for segment in others)
    assert len(row["segments"]) == len(others)
    assert row["hallucinations"] == 1


def test_f28_a_sound_of_a_few_samples_and_a_voice_of_no_length_have_rows(step, speech):
    nothing = {"sound_s": 0.0, "speech_s": 0.0, "heard": "noise", "segments": []}
    with pytest.raises(Unusable, match="no_speech"):
        step.read(Answer(dict(speech.answer.body) | nothing))
    (row,) = read(step, speech.answer, speech_s=0.0)
    assert row["quality_flags"] == ["pace", "demo_model"]


@pytest.mark.parametrize("seconds", [0.01, 0.06])
def test_f28_a_moment_of_sound_is_no_speech_and_no_crash(step, tmp_path, seconds):
    assert reason_of(step, write(tmp_path / "a.m4a", tone(seconds))) == "no_speech"


def test_f29_a_playlist_named_mp4_reads_no_other_file(step, speech, tmp_path):
    trap = tmp_path / "trap.mp4"
    trap.write_text(f"#EXTM3U\n#EXTINF:10,\n{speech.media.path}\n#EXT-X-ENDLIST\n", "utf-8")
    assert reason_of(step, trap) == "undecodable"


def test_text_that_repeats_itself_is_suspect(step, speech):
    (row,) = read(step, speech.answer, text="fuerza castillo " * 30)
    assert row["repeats"] >= 30
    assert row["compression_ratio"] > 2.4
    assert row["speech"] == "suspect"
    assert {"looping", "compression"} <= set(row["quality_flags"])


def test_text_that_no_one_could_speak_so_fast_is_suspect(step, speech):
    (row,) = read(step, speech.answer, speech_s=0.5)
    assert row["chars_per_s"] > 30
    assert (row["speech"], row["quality_flags"]) == ("suspect", ["pace", "demo_model"])


@pytest.mark.slow
def test_f28_a_long_video_is_transcribed_to_its_end(step, speech, tmp_path):
    """Seven minutes: two pieces, and more chunks than fit into a batch."""
    once = np.concatenate([whole(speech.media), silence(2)])
    times = 14
    path = write(tmp_path / "long.m4a", np.tile(once, times))
    answer = step.ask(MediaFile.of(path))
    segments = answer.body["segments"]
    assert answer.body["sound_s"] > 420
    assert segments[-1]["end_s"] > answer.body["sound_s"] - 10
    assert all(left["end_s"] <= right["start_s"] for left, right in pairwise(segments))
    (long,), (short,) = step.read(answer), step.read(speech.answer)
    assert wer(" ".join([short["text"]] * times), long["text"]) < 0.3


def test_nothing_is_printed_while_loading_and_transcribing(speech, capfd):
    open_transcriber.__globals__["_load"].cache_clear()
    for step in (with_settings(language=None), with_settings(vad="pyannote")):
        step.open()
        step.ask(speech.media)
    assert capfd.readouterr() == ("", "")
