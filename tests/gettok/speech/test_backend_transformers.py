import json
import shutil
import warnings
from types import SimpleNamespace

import ctranslate2
import numpy as np
import pytest
import torch
from ctranslate2.converters import TransformersConverter
from demo_model import demo_settings
from tiny_models import tiny_bert, tiny_whisper
from tokenizers import Tokenizer
from transformers import WhisperFeatureExtractor

from gettok.errors import BadSettings
from gettok.media.recording import RATE_HZ
from gettok.models.loading import fastest_compute_type, torch_device
from gettok.speech.backends.transformers import _languages, load
from gettok.speech.recognizer import Request


def sounds():
    """Eight sounds that differ in loudness, pitch and length, none longer than ten seconds."""
    random = np.random.default_rng(5)
    loud = [random.normal(size=size) for size in (80_000, 4_000, 160_000)]
    time = np.arange(48_000) / RATE_HZ
    pitched = [np.sin(2 * np.pi * hertz * time) * np.exp(-time) for hertz in (90, 440, 3000)]
    made = [*loud, *pitched, np.zeros(32_000), np.concatenate([pitched[0], loud[1], pitched[1]])]
    return [(0.2 * sound).astype(np.float32) for sound in made]


SOUNDS = sounds()
LANGUAGES = [None, "es", None, "en", None, None, "pt", "es"]
REQUESTS = [Request(sound, language) for sound, language in zip(SOUNDS, LANGUAGES, strict=True)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny_whisper(tmp_path_factory.mktemp("whisper"))


@pytest.fixture(scope="module")
def converted(folder, tmp_path_factory):
    place = tmp_path_factory.mktemp("converted") / "model"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        TransformersConverter(str(folder), copy_files=["tokenizer.json"]).convert(str(place))
    model = ctranslate2.models.Whisper(str(place), device="cpu", compute_type="float32")
    return SimpleNamespace(model=model, tokenizer=Tokenizer.from_file(str(place / "tokenizer.json")))


def loaded(folder, **changes):
    """A model in float32 with Whisper's own window, except for these changes of the settings."""
    defaults = {"backend": "transformers", "window_s": 30, "beam_size": 2}
    return load(folder, demo_settings(**defaults | changes))


@pytest.fixture(scope="module")
def recognizer(folder):
    return loaded(folder)


def by_ctranslate2(converted, asked, beam_size, window_s):
    """The results of the same weights there, as faster-whisper gives them."""
    features = WhisperFeatureExtractor()(
        [request.sound for request in asked],
        sampling_rate=RATE_HZ,
        max_length=window_s * RATE_HZ,
        return_tensors="np",
    ).input_features
    encoded = converted.model.encode(ctranslate2.StorageView.from_array(np.ascontiguousarray(features)))
    chances = [dict(found) for found in converted.model.detect_language(encoded)]
    spoken = [
        f"<|{request.language}|>" if request.language else max(chance, key=chance.get)
        for request, chance in zip(asked, chances, strict=True)
    ]
    made = converted.model.generate(
        encoded,
        [["<|startoftranscript|>", token, "<|transcribe|>", "<|notimestamps|>"] for token in spoken],
        beam_size=beam_size,
        max_length=64,
        return_scores=True,
        return_no_speech_prob=True,
    )
    lengths = [len(result.sequences_ids[0]) for result in made]
    return {
        "text": [converted.tokenizer.decode(result.sequences_ids[0]) for result in made],
        "language": [token.strip("<|>") for token in spoken],
        "language_probability": [chance[token] for chance, token in zip(chances, spoken, strict=True)],
        "avg_logprob": [result.scores[0] * n / (n + 1) for result, n in zip(made, lengths, strict=True)],
        "no_speech_prob": [result.no_speech_prob for result in made],
        "lengths": lengths,
    }


def assert_same(results, others):
    """The same text; other chunks in the batch may move the last digits of the numbers."""
    assert [(result.text, result.language) for result in results] == [
        (result.text, result.language) for result in others
    ]
    for name in ("language_probability", "avg_logprob", "no_speech_prob"):
        assert [getattr(result, name) for result in results] == pytest.approx(
            [getattr(result, name) for result in others], abs=1e-5
        )


@pytest.mark.parametrize(("beam_size", "window_s"), [(5, 30), (2, 10), (1, 10)])
def test_the_same_weights_give_the_same_text_as_ctranslate2(folder, converted, beam_size, window_s):
    ours = loaded(folder, beam_size=beam_size, window_s=window_s).transcribe(REQUESTS)
    theirs = by_ctranslate2(converted, REQUESTS, beam_size, window_s)
    assert [result.text for result in ours] == theirs["text"]
    assert [result.language for result in ours] == theirs["language"]
    for name in ("language_probability", "avg_logprob", "no_speech_prob"):
        assert [getattr(result, name) for result in ours] == pytest.approx(theirs[name], abs=1e-5, rel=1e-4)
    # the comparison means little unless some texts end with the end token, and some are cut off
    assert min(theirs["lengths"]) < 32 == max(theirs["lengths"])


def test_a_batch_gives_what_each_chunk_gets_alone(recognizer):
    assert_same(
        recognizer.transcribe(REQUESTS), [recognizer.transcribe([request])[0] for request in REQUESTS]
    )


def test_the_order_in_a_batch_changes_nothing(recognizer):
    assert_same(recognizer.transcribe(REQUESTS[::-1])[::-1], recognizer.transcribe(REQUESTS))


def test_the_same_batch_gives_the_same_result_twice(recognizer):
    assert recognizer.transcribe(REQUESTS) == recognizer.transcribe(REQUESTS)


def test_a_batch_may_mix_languages_that_are_set_and_detected(recognizer):
    results = recognizer.transcribe(REQUESTS)
    pairs = [(request.language, result.language) for request, result in zip(REQUESTS, results, strict=True)]
    assert all(wanted in (None, given) for wanted, given in pairs)
    assert {result.language for result in results} >= {"es", "en", "pt"}


def test_a_language_that_is_set_has_the_probability_that_it_is_detected_with(recognizer):
    codes = sorted(recognizer.languages)
    chances = [recognizer.transcribe([Request(SOUNDS[0], code)])[0].language_probability for code in codes]
    detected = recognizer.transcribe([Request(SOUNDS[0], None)])[0]
    assert sum(chances) == pytest.approx(1)
    assert (detected.language, detected.language_probability) == (
        codes[int(np.argmax(chances))],
        max(chances),
    )


def test_another_language_gives_another_text(recognizer):
    assert len({recognizer.transcribe([Request(SOUNDS[0], code)])[0].text for code in ("es", "en", "pt")}) > 1


def test_no_requests_have_no_results(recognizer):
    assert recognizer.transcribe([]) == []


def test_sound_is_padded_with_silence_to_the_window(recognizer):
    padded = np.concatenate([SOUNDS[0], np.zeros(64_000, np.float32)])
    assert_same(
        recognizer.transcribe([Request(padded, "es")]), recognizer.transcribe([Request(SOUNDS[0], "es")])
    )


def test_a_model_knows_the_languages_that_its_settings_name(recognizer):
    assert recognizer.languages == {"en", "es", "pt", "fr"}


def test_a_model_that_names_no_languages_goes_by_its_vocabulary(folder, tmp_path):
    old = shutil.copytree(folder, tmp_path / "old")
    change(old / "generation_config.json", lang_to_id=None, is_multilingual=None)
    assert len(loaded(old).languages) == 99


def test_a_model_of_english_only_is_certain_of_english(tmp_path):
    english = loaded(tiny_whisper(tmp_path, english_only=True))
    assert english.languages == {"en"}
    given, detected = english.transcribe([Request(SOUNDS[0], "en"), Request(SOUNDS[0], None)])
    assert_same([given], [detected])
    assert (detected.language, detected.language_probability) == ("en", 1.0)
    assert 0 < detected.no_speech_prob < 1
    with pytest.raises(ValueError, match="'es'"):
        english.transcribe([Request(SOUNDS[0], "es")])


def test_an_old_model_of_english_only_is_known_by_the_size_of_its_vocabulary():
    known = {"<|en|>": 1, "<|es|>": 2}
    sizes = {51_864: {}, 51_865: {"en": 1, "es": 2}}
    for size, languages in sizes.items():
        old = SimpleNamespace(generation_config=SimpleNamespace(), config=SimpleNamespace(vocab_size=size))
        assert _languages(old, known) == languages


def test_a_text_has_no_control_tokens(tmp_path):
    """This model may write a time, `<|0.00|>`, and a task in the middle of its words."""
    chatty = tiny_whisper(tmp_path / "chatty")
    known = Tokenizer.from_file(str(chatty / "tokenizer.json")).get_vocab()
    control = [known["<|0.00|>"], known["<|translate|>"]]
    change(
        chatty / "generation_config.json",
        suppress_tokens=[number for number in known.values() if number not in [*range(600, 603), *control]],
    )
    results = loaded(chatty, beam_size=1).transcribe(REQUESTS)
    assert all("<|" not in result.text for result in results)
    assert len({len(result.text) for result in results}) > 1


def test_a_checkpoints_own_search_settings_change_no_text(folder, recognizer, tmp_path):
    advised = shutil.copytree(folder, tmp_path / "advised")
    change(advised / "generation_config.json", no_repeat_ngram_size=1, length_penalty=3.0)
    assert loaded(advised).transcribe(REQUESTS) == recognizer.transcribe(REQUESTS)


def test_the_model_is_not_in_training_mode(recognizer):
    """In training mode, parts of the input are dropped at random."""
    assert not any(part.training for part in recognizer._model.modules())


def test_a_language_that_the_model_does_not_know_is_the_callers_mistake(recognizer):
    with pytest.raises(ValueError, match="'qu'"):
        recognizer.transcribe([Request(SOUNDS[0], "qu")])


def test_sound_longer_than_the_window_is_the_callers_mistake(folder):
    with pytest.raises(ValueError, match="a window of 4 s"):
        loaded(folder, window_s=4).transcribe(REQUESTS[:1])


@pytest.mark.parametrize("window_s", [0, 31])
def test_a_window_that_the_model_does_not_have_is_bad_settings(folder, window_s):
    with pytest.raises(BadSettings, match="hears 30 s"):
        loaded(folder, window_s=window_s)


@pytest.mark.parametrize(
    "message",
    [
        "CUDA out of memory. Tried to allocate 2.00 GiB",
        "[enforce fail at alloc_cpu.cpp:119] DefaultCPUAllocator: not enough memory",
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
    ],
)
def test_a_device_too_small_is_called_out_of_memory(recognizer, monkeypatch, message):
    def full(*_, **__):
        raise RuntimeError(message)

    monkeypatch.setattr(recognizer._model.get_encoder(), "forward", full)
    with pytest.raises(RuntimeError, match="out of memory"):
        recognizer.transcribe(REQUESTS)


def test_another_failure_keeps_its_name(recognizer, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("shapes do not match")

    monkeypatch.setattr(recognizer._model.get_encoder(), "forward", broken)
    with pytest.raises(RuntimeError, match=r"^shapes do not match$"):
        recognizer.transcribe(REQUESTS)


def test_half_precision_can_be_chosen(folder):
    results = loaded(folder, compute_type="bfloat16", beam_size=1).transcribe(REQUESTS[:2])
    assert all(result.text and result.avg_logprob < 0 for result in results)


def test_a_cpu_computes_in_float32_by_default(recognizer):
    assert recognizer._model.dtype == torch.float32


def test_a_gpu_is_used_if_there_is_one_and_computes_in_float16(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert [torch_device(wanted) for wanted in ("auto", "cuda:1", "cpu")] == ["cuda", "cuda:1", "cpu"]
    computed = [fastest_compute_type(device, ("float16", "float32")) for device in ("cuda", "cuda:1", "cpu")]
    assert computed == ["float16", "float16", "float32"]


def test_a_number_format_that_the_library_lacks_is_bad_settings(folder):
    with pytest.raises(BadSettings, match="'int8'"):
        loaded(folder, compute_type="int8")


def test_a_gpu_that_is_not_there_is_bad_settings(folder, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(BadSettings, match="no GPU"):
        loaded(folder, device="cuda")


def change(file, **values):
    """Set these keys of a JSON file; `None` removes a key."""
    now = json.loads(file.read_text("utf-8")) | values
    file.write_text(json.dumps({key: value for key, value in now.items() if value is not None}), "utf-8")


def cut_off(folder):
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:5000])


def emptied(folder):
    shutil.rmtree(folder)
    folder.mkdir()


@pytest.mark.parametrize(
    "break_it",
    [
        emptied,
        cut_off,
        shutil.rmtree,
        lambda folder: (folder / "tokenizer.json").unlink(),
        lambda folder: (folder / "preprocessor_config.json").unlink(),
        lambda folder: (folder / "config.json").write_text("{"),
        lambda folder: change(folder / "config.json", encoder_layers=3),
        lambda folder: change(folder / "config.json", d_model=64),
        tiny_bert,
    ],
    ids=["empty", "cut off", "gone", "no tokenizer", "no features", "no json", "no layer", "wide", "a bert"],
)
def test_a_folder_that_cannot_be_loaded_is_bad_settings(folder, tmp_path, break_it):
    broken = shutil.copytree(folder, tmp_path / "broken")
    break_it(broken)
    with pytest.raises(BadSettings, match="cannot be loaded") as refused:
        loaded(broken)
    assert str(broken) in refused.value.what


def test_nothing_is_printed_while_loading_and_writing(folder, capfd):
    loaded(folder).transcribe(REQUESTS)
    assert capfd.readouterr() == ("", "")
