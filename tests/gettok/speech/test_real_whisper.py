"""Whisper base, a real model, by the path of a study: real speech word for word, and no words where there are none."""

from pathlib import Path

import av
import numpy as np
import pytest
import yaml
from corpus_speech import spoken
from root import ROOT
from sound_files import silence, write
from wordless_sounds import WORDLESS

from bench.candidates import real_whisper
from gettok.errors import BadSettings, Unusable
from gettok.media import MediaFile
from gettok.media.audio import decode_audio
from gettok.settings import Asr
from gettok.speech import TranscribeStep
from gettok.text.tokens import normalise, wer

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not real_whisper.is_installed(),
        reason="Whisper base is in the group `real-models`, which `make test-slow` installs",
    ),
]

#: J. F. Kennedy, 20 January 1961: in the public domain, as a work of the United States' government.
JFK = Path(__file__).parent / "data" / "jfk.flac"
WORDS = "And so, my fellow Americans: ask not what your country can do for you, ask what you can do for your country."


def settings(**changes):
    base = yaml.safe_load((ROOT / "conf/asr/_base.yaml").read_text("utf-8"))
    return Asr.model_validate(base | {"model": str(real_whisper.folder()), "device": "cpu"} | changes)


@pytest.fixture(scope="module")
def step():
    opened = TranscribeStep(settings())
    opened.open()
    return opened


@pytest.fixture(scope="module")
def english():
    with av.open(str(JFK)) as file:
        frames = [frame.to_ndarray() for frame in file.decode(audio=0)]
    return np.concatenate(frames, axis=None).astype(np.float32) / 2**15


@pytest.fixture(scope="module")
def spanish():
    """Twelve seconds of a synthetic voice that Whisper base understands for the most part, and their words."""
    media, words = spoken("es", most=7)[6]
    return decode_audio(media.path, 60).cut(0, 12), words


def row(step, folder, *sounds):
    media = MediaFile.of(write(folder / "a.m4a", np.concatenate(sounds)))
    (only,) = step.read(step.ask(media))
    return only


def test_other_weights_than_those_of_the_digest_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(real_whisper, "FOLDER", tmp_path)
    (tmp_path / "model.bin").write_bytes(b"other weights")
    with pytest.raises(ValueError, match="are not those of Whisper base"):
        real_whisper.folder()
    real_whisper.folder()
    assert (tmp_path / "model.bin").stat().st_size > 10**8, "joined anew"


def test_a_famous_sentence_comes_back_word_for_word_without_a_flag(step, english, tmp_path):
    found = row(step, tmp_path, english)
    assert normalise(found["text"]) == normalise(WORDS)
    assert (found["language"], found["language_share"], found["quality_flags"]) == ("en", 1, [])
    assert found["speech"] == "speech"


@pytest.mark.parametrize("english_first", [True, False])
def test_half_english_half_spanish_is_written_in_both(step, english, spanish, tmp_path, english_first):
    sound, words = spanish
    halves = [english, silence(0.5), sound]
    found = row(step, tmp_path, *(halves if english_first else halves[::-1]))
    texts = {
        code: " ".join(part["text"] for part in found["segments"] if part["language"] == code)
        for code in ("en", "es")
    }
    assert {part["language"] for part in found["segments"]} == {"en", "es"}
    assert normalise(texts["en"]) == normalise(WORDS)
    heard = normalise(texts["es"])
    assert wer(" ".join(normalise(words)[: len(heard)]), " ".join(heard)) < 0.4
    assert found["language"] == "es", "12 s, and 11 s of English"
    assert 0.5 <= found["language_share"] < 0.7
    assert "language" not in found["quality_flags"]


def test_a_sentence_of_english_in_the_middle_is_heard(step, english, spanish, tmp_path):
    sound, _ = spanish
    pause = silence(0.5)
    found = row(step, tmp_path, sound[: 6 * 16_000], pause, english[-int(3.5 * 16_000) :], pause, sound)
    assert [part["language"] for part in found["segments"]] == ["es", "en", "es"]
    assert normalise(found["segments"][1]["text"]) == normalise("ask what you can do for your country")


def test_speech_in_no_language_is_said(step, english, tmp_path):
    """Played backwards, a voice is a voice; Whisper still writes words, in whatever language comes nearest."""
    found = row(step, tmp_path, english[::-1])
    assert "language" in found["quality_flags"]


@pytest.mark.parametrize("name", WORDLESS)
def test_f27_sound_without_words_gets_none(step, tmp_path, name):
    with pytest.raises(Unusable) as refused:
        row(step, tmp_path, WORDLESS[name])
    assert refused.value.reason in ("no_speech", "music")


def test_a_language_that_this_model_lacks_stops_before_the_first_video():
    with pytest.raises(BadSettings, match="'yue'"):
        TranscribeStep(settings(language="yue")).open()
