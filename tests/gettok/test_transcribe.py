import json
import os
import pickle
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from sound_files import chords, noise, silence, tone, write, write_picture_only

from gettok import recognise
from gettok.errors import BadSettings, NotNow, Stop, Unusable
from gettok.media import MediaFile
from gettok.recognise import Chunk, Recogniser, model_digest
from gettok.settings import Asr
from gettok.sound import decode
from gettok.step import Answer
from gettok.tables import TRANSCRIPTS
from gettok.transcribe import TranscribeStep, compression_ratio
from gettok.words import wer
from sandbox.corpus import truth

MODEL = Path(__file__).parents[2] / "sandbox" / "speech" / "whisper_demo"
DEMO = Asr(
    model=str(MODEL),
    revision=None,
    device="cpu",
    compute_type="int8",
    language="es",
    batch_size=8,
    chunk_s=8,
    beam_size=2,
    min_speech_ratio=0.02,
)


def with_settings(**changes):
    return TranscribeStep(DEMO.model_copy(update=changes))


def spoken(language, most=4):
    """Corpus videos in which somebody speaks, as (file, words)."""
    known = truth.truth()
    videos = json.loads((truth.HERE / "videos.json").read_text("utf-8"))
    pages = [(video["api"]["id"], video["page"]) for video in videos]
    found = [
        (MediaFile(str(truth.media_path(page["media"])), "0" * 64), known[video_id].words)
        for video_id, page in pages
        if page["media"] and page["serve"] != "html" and known[video_id].language == language
    ]
    return found[:most]


@pytest.fixture(scope="module")
def step():
    """One loaded recogniser for all tests here: importing whisperx takes some 20 s."""
    opened = TranscribeStep(DEMO)
    opened.open()
    return opened


@pytest.fixture(scope="module")
def speech(step):
    media, words = spoken("es")[0]
    return SimpleNamespace(media=media, words=words, answer=step.ask(media))


def reason_of(step, path):
    with pytest.raises(Unusable) as refused:
        step.ask(MediaFile(str(path), "0" * 64))
    return refused.value.reason


def test_speech_comes_back_as_words_that_a_person_would_recognise(step):
    videos = spoken("es")
    heard = [step.read(step.ask(media))[0]["text"] for media, _ in videos]
    assert wer(" ".join(words for _, words in videos), " ".join(heard)) < 0.4


def test_a_row_has_the_tables_own_columns_and_makes_sense(step, speech):
    (row,) = step.read(speech.answer)
    shell = {"video_id", "status", "reason", "detail", "answer_key", "answer"}
    assert set(row) == set(TRANSCRIPTS.schema) - shell
    assert TRANSCRIPTS.frame([row | {"video_id": "1"}]).height == 1
    assert row["language"] == "es"
    assert row["text"] == " ".join(segment["text"] for segment in row["segments"])
    assert 0 < row["speech_ratio"] <= 1
    assert row["avg_logprob"] < 0
    assert not row["suspect"]


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


@pytest.mark.parametrize("batch_size", [1, 2])
def test_the_batch_size_changes_nothing_in_an_answer(speech, batch_size):
    assert len(speech.answer.body["segments"]) > 1
    assert with_settings(batch_size=batch_size).ask(speech.media) == speech.answer


@pytest.mark.parametrize("language", ["es", "en"])
def test_a_language_that_is_not_set_is_heard(step, language):
    media, _ = spoken(language)[0]
    assert with_settings(language=None).ask(media).body["language"] == language


def test_the_language_is_heard_on_the_voice_and_not_on_what_comes_before(step, speech, tmp_path):
    """Half a minute of chords is all that whisperx itself would listen to."""
    path = write(tmp_path / "a.m4a", np.concatenate([chords(31), decode(speech.media.path, 60)]))
    assert with_settings(language=None).ask(MediaFile(str(path), "0" * 64)).body["language"] == "es"


def test_f26_a_video_without_sound_track_says_no_audio(step, tmp_path):
    assert reason_of(step, write_picture_only(tmp_path / "mute.mp4")) == "no_audio"


def test_a_slideshow_is_heard_by_its_sound_and_without_one_says_no_audio(step, speech, tmp_path):
    assert reason_of(step, tmp_path) == "no_audio"
    shutil.copyfile(speech.media.path, tmp_path / "sound.m4a")
    assert step.ask(MediaFile(str(tmp_path), "0" * 64)).body == speech.answer.body


@pytest.mark.parametrize("sound", [silence, tone, chords, noise])
def test_f27_sound_without_a_voice_is_never_given_words(step, tmp_path, sound):
    assert reason_of(step, write(tmp_path / "a.mp4", sound(12))) == "no_speech"


def test_f27_whisper_is_not_even_asked_where_no_voice_is_heard(step, tmp_path, monkeypatch):
    def never(*_):
        raise AssertionError("asked")

    monkeypatch.setattr(Recogniser, "write", never)
    assert reason_of(step, write(tmp_path / "a.mp4", chords(5))) == "no_speech"


def test_f27_less_voice_than_the_settings_ask_for_is_no_speech(step, speech):
    with pytest.raises(Unusable, match="no_speech: a voice in"):
        with_settings(min_speech_ratio=1.0).ask(speech.media)


def test_f27_a_voice_without_words_is_no_speech_and_its_answer_is_kept(step, speech):
    wordless = Answer(dict(speech.answer.body) | {"text": "... ¿?"})
    with pytest.raises(Unusable, match="no_speech"):
        step.read(wordless)


@pytest.mark.parametrize("seconds", [0.01, 0.06])
def test_f28_a_moment_of_sound_is_no_speech_and_no_crash(step, tmp_path, seconds):
    assert reason_of(step, write(tmp_path / "a.m4a", tone(seconds))) == "no_speech"


def test_f29_a_playlist_named_mp4_reads_no_other_file(step, speech, tmp_path):
    trap = tmp_path / "trap.mp4"
    trap.write_text(f"#EXTM3U\n#EXTINF:10,\n{speech.media.path}\n#EXT-X-ENDLIST\n", "utf-8")
    assert reason_of(step, trap) == "undecodable"


class Crowded:
    """A pipeline whose device holds `room` chunks at a time; it counts the batches it was asked for."""

    def __init__(self, room):
        self.room, self.asked = room, []
        inner = SimpleNamespace(is_multilingual=False)
        self.model = SimpleNamespace(
            model=inner, hf_tokenizer=None, generate_segment_batched=self.generate, supported_languages=["en"]
        )
        self.options = None

    def preprocess(self, content):
        return content

    def generate(self, features, *_):
        self.asked.append(len(features))
        if len(features) > self.room:
            raise RuntimeError("CUDA failed with error out of memory")
        return {"text": ["sí"] * len(features), "avg_logprob": [-0.5] * len(features)}


@pytest.fixture
def chunks(step, monkeypatch):
    tokenizers = SimpleNamespace(Tokenizer=lambda *_, **__: None)
    monkeypatch.setattr(recognise, "_late", lambda _: tokenizers)
    return [Chunk(second, second + 1, 1.0) for second in range(5)]


def test_f31_out_of_memory_is_tried_again_one_by_one(chunks):
    crowded = Crowded(room=2)
    assert [piece.text for piece in Recogniser(crowded).write(silence(5), chunks, "en", 4)] == ["sí"] * 5
    assert crowded.asked == [4, 1, 1, 1, 1, 1]


def test_f31_a_device_too_small_for_one_chunk_stops_the_run(chunks):
    crowded = Crowded(room=0)
    with pytest.raises(Stop, match="memory") as stopped:
        Recogniser(crowded).write(silence(5), chunks, "en", 4)
    assert crowded.asked == [4, 1]
    assert "device: cpu" in stopped.value.can


def test_text_that_repeats_itself_is_suspect(step, speech):
    text = "fuerza castillo " * 30
    (row,) = step.read(Answer(dict(speech.answer.body) | {"text": text.strip(), "speech_s": 60.0}))
    assert row["compression_ratio"] > 2.4
    assert row["suspect"]


def test_text_that_nobody_could_speak_so_fast_is_suspect(step, speech):
    (row,) = step.read(Answer(dict(speech.answer.body) | {"speech_s": 0.5}))
    assert row["chars_per_s"] > 30
    assert row["compression_ratio"] < 2.4
    assert row["suspect"]


def test_compression_is_plain_bytes_over_compressed_ones():
    assert compression_ratio("ab" * 500) > 50
    assert compression_ratio("Fuerza presidente Castillo") < 1


def test_the_key_names_everything_that_changes_an_answer():
    changes = {
        "revision": "abc",
        "compute_type": "float32",
        "language": None,
        "chunk_s": 9,
        "beam_size": 3,
        "min_speech_ratio": 0.5,
    }
    keys = [with_settings(**{name: value}).settings for name, value in changes.items()]
    assert all(key != with_settings().settings for key in keys)
    assert set(with_settings().settings) == set(changes) | {"model"}


def test_the_key_holds_nothing_that_cannot_change_an_answer(tmp_path):
    elsewhere = shutil.copytree(MODEL, tmp_path / "copy")
    moved = with_settings(batch_size=1, device="auto", model=str(elsewhere))
    assert moved.settings == with_settings().settings


@pytest.mark.parametrize("change", ["byte", "name", "new file"])
def test_the_key_changes_with_any_file_of_the_model(tmp_path, change):
    folder = shutil.copytree(MODEL, tmp_path / "copy")
    before = with_settings(model=str(folder)).settings
    target = folder / "config.json"
    if change == "byte":
        target.write_bytes(target.read_bytes() + b" ")
    elif change == "name":
        target.rename(folder / "configuration.json")
    else:
        (folder / "more.json").write_text("{}")
    assert with_settings(model=str(folder)).settings["model"] != before["model"]


def test_a_models_digest_is_that_of_its_files_and_not_of_hidden_ones(tmp_path):
    folder = shutil.copytree(MODEL, tmp_path / "copy")
    (folder / ".DS_Store").write_bytes(b"folder view")
    assert model_digest(folder) == model_digest(MODEL)


def test_a_model_from_the_hub_goes_by_its_name_and_revision():
    key = with_settings(model="large-v3", revision="edaa852").settings
    assert (key["model"], key["revision"]) == ("large-v3", "edaa852")


def test_a_step_travels_to_another_process_before_and_after_it_is_opened(step):
    assert pickle.loads(pickle.dumps(TranscribeStep(DEMO))) == step
    assert pickle.loads(pickle.dumps(step)).settings == step.settings


def test_nothing_is_printed_while_loading_and_listening(step, speech, capfd):
    recognise.load.cache_clear()
    step.open()
    with_settings(language=None).ask(speech.media)
    assert capfd.readouterr() == ("", "")


def test_the_libraries_report_to_nobody(step):
    assert os.environ["PYANNOTE_METRICS_ENABLED"] == "0"


def test_a_language_that_the_model_lacks_stops_before_the_first_video(step):
    with pytest.raises(BadSettings, match="'xx'"):
        with_settings(language="xx").open()


def test_a_model_of_english_only_refuses_spanish_and_hears_english():
    english = Recogniser(Crowded(room=1))
    with pytest.raises(BadSettings, match="'es'"):
        english.check_language("es")
    assert english.language(silence(1), [Chunk(0, 1, 1)]) == "en"


@pytest.mark.parametrize("model", ["no-such-model", "sandbox/speech/no_such_folder"])
def test_a_model_that_does_not_exist_is_bad_settings(step, model):
    with pytest.raises(BadSettings, match=r"no_such_folder|no-such-model"):
        with_settings(model=model).open()


def test_a_folder_that_is_no_model_is_bad_settings(step, tmp_path):
    with pytest.raises(BadSettings, match="cannot be loaded"):
        with_settings(model=str(tmp_path)).open()


def test_a_hub_that_cannot_be_reached_is_not_now(step, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(NotNow, match="cannot be fetched"):
        with_settings(model="large-v3").open()
