"""CTranslate2's Whisper says of every stretch what faster-whisper's own batches say, and more."""

import shutil

import numpy as np
import pytest
from corpus_speech import spoken
from demo_model import MODEL
from faster_whisper import BatchedInferencePipeline
from faster_whisper.tokenizer import Tokenizer as Spelling
from faster_whisper.transcribe import TranscriptionOptions
from sound_files import silence
from tokenizers import Tokenizer

from gettok.errors import BadSettings
from gettok.media.audio import RATE_HZ, decode_audio
from gettok.speech.backends.whisperx import load, most_tokens
from gettok.speech.recognizer import Request
from gettok.speech.vad import Silero, chunks_of, voices_in
from sandbox.speech.export import atomic_write, convert
from sandbox.speech.network import Shape, build

WINDOW_S = 8


@pytest.fixture(scope="module")
def writer():
    return load(MODEL, "cpu", "float32", WINDOW_S, 2)


@pytest.fixture(scope="module")
def stretches():
    """Some sentences of Spanish, and one of English, as (sound, language)."""
    found = []
    for language in ("es", "en"):
        recording = decode_audio(spoken(language)[0][0].path, 60)
        chunks = chunks_of(voices_in(recording, Silero(), 6), 6)
        found += [(recording.cut(chunk.start_s, chunk.end_s), language) for chunk in chunks[:3]]
    return found


def options(beam_size):
    wanted = dict.fromkeys(TranscriptionOptions.__dataclass_fields__)
    return TranscriptionOptions(
        **wanted
        | {
            "beam_size": beam_size,
            "patience": 1,
            "length_penalty": 1,
            "repetition_penalty": 1,
            "no_repeat_ngram_size": 0,
            "suppress_blank": True,
            "suppress_tokens": [-1],
            "temperatures": [0.0],
            "without_timestamps": True,
            "multilingual": False,
        }
    )


def test_words_and_numbers_are_those_of_faster_whisper(writer, stretches):
    spanish = [sound for sound, language in stretches if language == "es"]
    tokenizer = Spelling(writer._model.hf_tokenizer, True, task="transcribe", language="es")
    features = np.stack([writer._features(sound) for sound in spanish])
    _, theirs = BatchedInferencePipeline(writer._model).generate_segment_batched(
        features, tokenizer, options(2)
    )
    ours = writer.write([Request(sound, "es") for sound in spanish])
    assert [one.text for one in ours] == [tokenizer.decode(one["tokens"]) for one in theirs]
    assert [one.avg_logprob for one in ours] == pytest.approx(
        [one["avg_logprob"] for one in theirs], abs=1e-4
    )
    silent = [one["no_speech_prob"] for one in theirs]
    assert [one.no_speech_prob for one in ours] == pytest.approx(silent, abs=1e-4)


def test_languages_may_stand_side_by_side_in_a_batch(writer, stretches):
    together = writer.write([Request(sound, None) for sound, _ in stretches])
    assert [one.language for one in together] == [language for _, language in stretches]
    assert all(one.language_probability > 0.9 for one in together)
    alone = [writer.write([Request(sound, language)])[0] for sound, language in stretches]
    assert [one.text for one in together] == [one.text for one in alone]
    assert [one.avg_logprob for one in together] == pytest.approx(
        [one.avg_logprob for one in alone], abs=1e-5
    )


@pytest.mark.parametrize("beam_size", [1, 2, 5])
def test_in_int8_a_stretch_says_to_the_last_digit_the_same_alone_and_in_company(stretches, beam_size):
    quantised = load(MODEL, "cpu", "int8", WINDOW_S, beam_size)
    batch = [Request(sound, language) for sound, language in stretches]
    together = quantised.write(batch)
    assert [one for asked in batch for one in quantised.write([asked])] == together
    assert [*quantised.write(batch[:4]), *quantised.write(batch[4:])] == together


def test_a_language_that_is_given_keeps_its_own_probability(writer, stretches):
    sound, language = stretches[-1]
    assert language == "en"
    (spanish,) = writer.write([Request(sound, "es")])
    assert spanish.language == "es"
    assert spanish.language_probability < 0.1


def test_a_stretch_longer_than_the_window_ends_with_it(writer, stretches):
    sound = stretches[0][0]
    filled = np.concatenate([sound, silence(WINDOW_S)])[: WINDOW_S * RATE_HZ]
    longer = np.concatenate([filled, sound])
    assert writer.write([Request(longer, "es")]) == writer.write([Request(filled, "es")])


def test_a_model_cannot_be_given_more_than_it_sees():
    with pytest.raises(BadSettings, match="at most 30 s"):
        load(MODEL, "cpu", "float32", 31, 2)


@pytest.mark.parametrize(("bands", "missing"), [(80, "tokenizer.json"), (128, "preprocessor_config.json")])
def test_a_folder_without_a_file_that_it_needs_is_refused_and_the_file_named(tmp_path, bands, missing):
    folder = untrained(bands, tmp_path)
    load(folder, "cpu", "float32", WINDOW_S, 2)
    (folder / missing).unlink()
    with pytest.raises(BadSettings, match=f"has no {missing}") as refused:
        load(folder, "cpu", "float32", WINDOW_S, 2)
    assert "--copy_files tokenizer.json preprocessor_config.json" in refused.value.can


def test_a_model_of_80_bands_may_leave_out_what_says_so(tmp_path, stretches):
    """Whisper's first converters did not copy the file, and it would say what is taken for granted."""
    folder = shutil.copytree(MODEL, tmp_path / "copy")
    (folder / "preprocessor_config.json").unlink()
    asked = [Request(stretches[0][0], "es")]
    without = load(folder, "cpu", "float32", WINDOW_S, 2)
    assert without.write(asked) == load(MODEL, "cpu", "float32", WINDOW_S, 2).write(asked)


def untrained(bands, folder):
    """A model that hears so many bands of sound, in a folder of CTranslate2's."""
    shape = Shape(width=32, heads=4, hearing_layers=2, writing_layers=2, bands=bands)
    whole, small = folder / "whole", folder / "small"
    atomic_write(
        build(Tokenizer.from_file(str(MODEL / "tokenizer.json")), shape), MODEL / "tokenizer.json", whole
    )
    convert(whole, small, "float32")
    return small


def test_a_number_format_that_the_device_lacks_is_bad_settings():
    with pytest.raises(BadSettings, match="cannot be loaded"):
        load(MODEL, "cpu", "int8_float16", WINDOW_S, 2)


def test_a_short_window_has_its_share_of_whispers_own_limit():
    assert most_tokens(30) == 448
    assert most_tokens(8) == 119
