"""CTranslate2's Whisper gives every chunk the text that faster-whisper's own batches give, and more."""

import shutil

import numpy as np
import pytest
from corpus_speech import spoken
from demo_model import MODEL, demo_settings
from faster_whisper import BatchedInferencePipeline
from faster_whisper.tokenizer import Tokenizer as Spelling
from faster_whisper.transcribe import TranscriptionOptions
from sound_files import silence
from tokenizers import Tokenizer

from gettok.errors import BadSettings
from gettok.media.audio import decode_audio
from gettok.media.recording import RATE_HZ
from gettok.speech.backends.whisperx import load, max_tokens
from gettok.speech.recognizer import Request
from gettok.speech.vad import Silero, detect_speech, merge_segments
from sandbox.speech.export import convert, write_transformers_folder
from sandbox.speech.network import Shape, build

WINDOW_S = 8


def loaded(folder=MODEL, **changes):
    """A model with the demo's settings, except for these changes."""
    return load(folder, demo_settings(**changes))


@pytest.fixture(scope="module")
def recognizer():
    return loaded()


@pytest.fixture(scope="module")
def chunks():
    """Some sentences of Spanish, and of English, as (sound, language)."""
    found = []
    for language in ("es", "en"):
        recording = decode_audio(spoken(language)[0][0].path, 60)
        parts = merge_segments(detect_speech(recording, Silero(), 6), 6)
        found += [(recording.cut(part.start_s, part.end_s), language) for part in parts[:3]]
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


def test_words_and_numbers_are_those_of_faster_whisper(recognizer, chunks):
    spanish = [sound for sound, language in chunks if language == "es"]
    tokenizer = Spelling(recognizer._model.hf_tokenizer, True, task="transcribe", language="es")
    features = np.stack([recognizer._features(sound) for sound in spanish])
    _, theirs = BatchedInferencePipeline(recognizer._model).generate_segment_batched(
        features, tokenizer, options(2)
    )
    ours = recognizer.transcribe([Request(sound, "es") for sound in spanish])
    assert [result.text for result in ours] == [tokenizer.decode(result["tokens"]) for result in theirs]
    assert [result.avg_logprob for result in ours] == pytest.approx(
        [result["avg_logprob"] for result in theirs], abs=1e-4
    )
    silent = [result["no_speech_prob"] for result in theirs]
    assert [result.no_speech_prob for result in ours] == pytest.approx(silent, abs=1e-4)


def test_a_batch_may_hold_several_languages(recognizer, chunks):
    together = recognizer.transcribe([Request(sound, None) for sound, _ in chunks])
    assert [result.language for result in together] == [language for _, language in chunks]
    assert all(result.language_probability > 0.9 for result in together)
    alone = [recognizer.transcribe([Request(sound, language)])[0] for sound, language in chunks]
    assert [result.text for result in together] == [result.text for result in alone]
    assert [result.avg_logprob for result in together] == pytest.approx(
        [result.avg_logprob for result in alone], abs=1e-5
    )


@pytest.mark.parametrize("beam_size", [1, 2, 5])
def test_in_int8_the_result_is_to_the_last_digit_the_same_alone_and_in_a_batch(chunks, beam_size):
    quantised = loaded(compute_type="int8", beam_size=beam_size)
    batch = [Request(sound, language) for sound, language in chunks]
    together = quantised.transcribe(batch)
    assert [result for request in batch for result in quantised.transcribe([request])] == together
    assert [*quantised.transcribe(batch[:4]), *quantised.transcribe(batch[4:])] == together


def test_a_language_that_is_given_keeps_its_own_probability(recognizer, chunks):
    sound, language = chunks[-1]
    assert language == "en"
    (spanish,) = recognizer.transcribe([Request(sound, "es")])
    assert spanish.language == "es"
    assert spanish.language_probability < 0.1


def test_a_chunk_longer_than_the_window_ends_with_it(recognizer, chunks):
    sound = chunks[0][0]
    filled = np.concatenate([sound, silence(WINDOW_S)])[: WINDOW_S * RATE_HZ]
    longer = np.concatenate([filled, sound])
    assert recognizer.transcribe([Request(longer, "es")]) == recognizer.transcribe([Request(filled, "es")])


def test_a_window_longer_than_the_models_is_refused():
    with pytest.raises(BadSettings, match="at most 30 s"):
        loaded(window_s=31)


@pytest.mark.parametrize(("bands", "missing"), [(80, "tokenizer.json"), (128, "preprocessor_config.json")])
def test_a_folder_without_a_file_that_it_needs_is_refused_and_the_file_named(tmp_path, bands, missing):
    folder = untrained(bands, tmp_path)
    loaded(folder)
    (folder / missing).unlink()
    with pytest.raises(BadSettings, match=f"has no {missing}") as refused:
        loaded(folder)
    assert "--copy_files tokenizer.json preprocessor_config.json" in refused.value.can


def test_a_model_of_80_bands_needs_no_file_that_says_so(tmp_path, chunks):
    """Whisper's first converters did not copy the file, and it would hold the default."""
    folder = shutil.copytree(MODEL, tmp_path / "copy")
    (folder / "preprocessor_config.json").unlink()
    asked = [Request(chunks[0][0], "es")]
    without = loaded(folder)
    assert without.transcribe(asked) == loaded().transcribe(asked)


def untrained(bands, folder):
    """A model for so many bands of sound, in a folder for CTranslate2."""
    shape = Shape(width=32, heads=4, encoder_layers=2, decoder_layers=2, bands=bands)
    whole, small = folder / "whole", folder / "small"
    write_transformers_folder(
        build(Tokenizer.from_file(str(MODEL / "tokenizer.json")), shape), MODEL / "tokenizer.json", whole
    )
    convert(whole, small, "float32")
    return small


def test_a_number_format_that_the_device_lacks_is_bad_settings():
    with pytest.raises(BadSettings, match="cannot be loaded"):
        loaded(compute_type="int8_float16")


def test_a_short_window_gets_its_share_of_whispers_own_limit():
    assert max_tokens(30) == 448
    assert max_tokens(8) == 119
