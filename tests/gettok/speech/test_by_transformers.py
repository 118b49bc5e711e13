import json
import shutil
import warnings
from types import SimpleNamespace

import ctranslate2
import numpy as np
import pytest
import torch
from ctranslate2.converters import TransformersConverter
from tiny_models import tiny_bert, tiny_whisper
from tokenizers import Tokenizer
from transformers import WhisperFeatureExtractor

from gettok.errors import BadSettings
from gettok.media.audio import RATE_HZ
from gettok.speech.backends.transformers import TransformersRecognizer, _dtype, _languages, chosen_device
from gettok.speech.recognizer import Request


def sounds():
    """Eight that differ in loudness, pitch and length, none longer than ten seconds."""
    random = np.random.default_rng(5)
    loud = [random.normal(size=size) for size in (80_000, 4_000, 160_000)]
    time = np.arange(48_000) / RATE_HZ
    pitched = [np.sin(2 * np.pi * hertz * time) * np.exp(-time) for hertz in (90, 440, 3000)]
    made = [*loud, *pitched, np.zeros(32_000), np.concatenate([pitched[0], loud[1], pitched[1]])]
    return [(0.2 * sound).astype(np.float32) for sound in made]


SOUNDS = sounds()
LANGUAGES = [None, "es", None, "en", None, None, "pt", "es"]
ASKED = [Request(sound, language) for sound, language in zip(SOUNDS, LANGUAGES, strict=True)]


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


@pytest.fixture(scope="module")
def writer(folder):
    return TransformersRecognizer(folder, device="cpu", beam_size=2)


def by_ctranslate2(converted, asked, beam_size, window_s):
    """What the same weights say there, as faster-whisper puts it."""
    features = WhisperFeatureExtractor()(
        [one.sound for one in asked],
        sampling_rate=RATE_HZ,
        max_length=window_s * RATE_HZ,
        return_tensors="np",
    ).input_features
    heard = converted.model.encode(ctranslate2.StorageView.from_array(np.ascontiguousarray(features)))
    chances = [dict(found) for found in converted.model.detect_language(heard)]
    spoken = [
        f"<|{one.language}|>" if one.language else max(chance, key=chance.get)
        for one, chance in zip(asked, chances, strict=True)
    ]
    made = converted.model.generate(
        heard,
        [["<|startoftranscript|>", token, "<|transcribe|>", "<|notimestamps|>"] for token in spoken],
        beam_size=beam_size,
        max_length=64,
        return_scores=True,
        return_no_speech_prob=True,
    )
    lengths = [len(one.sequences_ids[0]) for one in made]
    return {
        "text": [converted.tokenizer.decode(one.sequences_ids[0]) for one in made],
        "language": [token.strip("<|>") for token in spoken],
        "language_probability": [chance[token] for chance, token in zip(chances, spoken, strict=True)],
        "avg_logprob": [one.scores[0] * n / (n + 1) for one, n in zip(made, lengths, strict=True)],
        "no_speech_prob": [one.no_speech_prob for one in made],
        "lengths": lengths,
    }


def assert_same(written, others):
    """The same words; a company in the batch may move the last digits of the numbers."""
    assert [(one.text, one.language) for one in written] == [(one.text, one.language) for one in others]
    for name in ("language_probability", "avg_logprob", "no_speech_prob"):
        assert [getattr(one, name) for one in written] == pytest.approx(
            [getattr(one, name) for one in others], abs=1e-5
        )


@pytest.mark.parametrize("window_s", [30, 10])
@pytest.mark.parametrize("beam_size", [1, 2, 5])
def test_the_same_weights_write_the_same_words_as_by_ctranslate2(folder, converted, beam_size, window_s):
    ours = TransformersRecognizer(folder, device="cpu", beam_size=beam_size, window_s=window_s).write(ASKED)
    theirs = by_ctranslate2(converted, ASKED, beam_size, window_s)
    assert [one.text for one in ours] == theirs["text"]
    assert [one.language for one in ours] == theirs["language"]
    for name in ("language_probability", "avg_logprob", "no_speech_prob"):
        assert [getattr(one, name) for one in ours] == pytest.approx(theirs[name], abs=1e-5, rel=1e-4)
    # the comparison is worth little unless some texts end by themselves, and some are cut off
    assert min(theirs["lengths"]) < 32 == max(theirs["lengths"])


def test_a_batch_writes_what_each_stretch_gets_alone(writer):
    assert_same(writer.write(ASKED), [writer.write([asked])[0] for asked in ASKED])


def test_the_order_in_a_batch_changes_nothing(writer):
    assert_same(writer.write(ASKED[::-1])[::-1], writer.write(ASKED))


def test_the_same_batch_is_written_the_same_twice(writer):
    assert writer.write(ASKED) == writer.write(ASKED)


def test_a_batch_may_mix_languages_that_are_told_and_heard(writer):
    written = writer.write(ASKED)
    told = [(asked.language, one.language) for asked, one in zip(ASKED, written, strict=True)]
    assert all(wanted in (None, got) for wanted, got in told)
    assert {one.language for one in written} >= {"es", "en", "pt"}


def test_a_language_that_is_told_has_the_probability_that_it_is_heard_with(writer):
    codes = sorted(writer.languages)
    chances = [writer.write([Request(SOUNDS[0], code)])[0].language_probability for code in codes]
    heard = writer.write([Request(SOUNDS[0], None)])[0]
    assert sum(chances) == pytest.approx(1)
    assert (heard.language, heard.language_probability) == (codes[int(np.argmax(chances))], max(chances))


def test_another_language_writes_other_words(writer):
    assert len({writer.write([Request(SOUNDS[0], code)])[0].text for code in ("es", "en", "pt")}) > 1


def test_nothing_asked_is_nothing_written(writer):
    assert writer.write([]) == []


def test_sound_is_padded_with_silence_to_the_window(writer):
    padded = np.concatenate([SOUNDS[0], np.zeros(64_000, np.float32)])
    assert_same(writer.write([Request(padded, "es")]), writer.write([Request(SOUNDS[0], "es")]))


def test_a_model_knows_the_languages_that_its_settings_name(writer):
    assert writer.languages == {"en", "es", "pt", "fr"}


def test_a_model_that_names_no_languages_goes_by_its_vocabulary(folder, tmp_path):
    old = shutil.copytree(folder, tmp_path / "old")
    change(old / "generation_config.json", lang_to_id=None, is_multilingual=None)
    assert len(TransformersRecognizer(old, device="cpu").languages) == 99


def test_a_model_of_english_only_hears_english_for_certain(tmp_path):
    english = TransformersRecognizer(tiny_whisper(tmp_path, english_only=True), device="cpu", beam_size=2)
    assert english.languages == {"en"}
    told, heard = english.write([Request(SOUNDS[0], "en"), Request(SOUNDS[0], None)])
    assert_same([told], [heard])
    assert (heard.language, heard.language_probability) == ("en", 1.0)
    assert 0 < heard.no_speech_prob < 1
    with pytest.raises(ValueError, match="'es'"):
        english.write([Request(SOUNDS[0], "es")])


def test_an_old_model_of_english_only_is_known_by_the_size_of_its_vocabulary():
    known = {"<|en|>": 1, "<|es|>": 2}
    sizes = {51_864: {}, 51_865: {"en": 1, "es": 2}}
    for size, languages in sizes.items():
        old = SimpleNamespace(generation_config=SimpleNamespace(), config=SimpleNamespace(vocab_size=size))
        assert _languages(old, known) == languages


def test_words_come_without_the_tokens_that_steer(tmp_path):
    """This one may say a time, `<|0.00|>`, and a task in the middle of its words."""
    chatty = tiny_whisper(tmp_path / "chatty")
    known = Tokenizer.from_file(str(chatty / "tokenizer.json")).get_vocab()
    steering = [known["<|0.00|>"], known["<|translate|>"]]
    change(
        chatty / "generation_config.json",
        suppress_tokens=[number for number in known.values() if number not in [*range(600, 603), *steering]],
    )
    written = TransformersRecognizer(chatty, device="cpu", beam_size=1).write(ASKED)
    assert all("<|" not in one.text for one in written)
    assert len({len(one.text) for one in written}) > 1


def test_what_a_checkpoint_advises_about_searching_changes_no_words(folder, writer, tmp_path):
    advised = shutil.copytree(folder, tmp_path / "advised")
    change(advised / "generation_config.json", no_repeat_ngram_size=1, length_penalty=3.0)
    assert TransformersRecognizer(advised, device="cpu", beam_size=2).write(ASKED) == writer.write(ASKED)


def test_nothing_is_left_to_chance(writer):
    """As in training, where some of what is heard is dropped at random."""
    assert not any(part.training for part in writer._model.modules())


def test_a_language_that_the_model_lacks_is_a_callers_mistake(writer):
    with pytest.raises(ValueError, match="'qu'"):
        writer.write([Request(SOUNDS[0], "qu")])


def test_sound_longer_than_the_window_is_a_callers_mistake(folder):
    with pytest.raises(ValueError, match="a window of 4 s"):
        TransformersRecognizer(folder, device="cpu", window_s=4).write(ASKED[:1])


@pytest.mark.parametrize("window_s", [0, 31])
def test_a_window_that_the_model_does_not_have_is_bad_settings(folder, window_s):
    with pytest.raises(BadSettings, match="hears 30 s"):
        TransformersRecognizer(folder, device="cpu", window_s=window_s)


@pytest.mark.parametrize(
    "said",
    [
        "CUDA out of memory. Tried to allocate 2.00 GiB",
        "[enforce fail at alloc_cpu.cpp:119] DefaultCPUAllocator: not enough memory",
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
    ],
)
def test_a_device_too_small_is_called_out_of_memory(writer, monkeypatch, said):
    def full(*_, **__):
        raise RuntimeError(said)

    monkeypatch.setattr(writer._model.get_encoder(), "forward", full)
    with pytest.raises(RuntimeError, match="out of memory"):
        writer.write(ASKED)


def test_another_failure_keeps_its_name(writer, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("shapes do not match")

    monkeypatch.setattr(writer._model.get_encoder(), "forward", broken)
    with pytest.raises(RuntimeError, match=r"^shapes do not match$"):
        writer.write(ASKED)


def test_half_precision_is_there_for_the_asking(folder):
    written = TransformersRecognizer(folder, device="cpu", dtype="bfloat16", beam_size=1).write(ASKED[:2])
    assert all(one.text and one.avg_logprob < 0 for one in written)


def test_a_cpu_computes_in_float32_unless_told_otherwise(writer):
    assert writer._model.dtype == torch.float32


def test_a_gpu_that_is_there_is_taken_and_computes_in_float16(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert [chosen_device(wanted) for wanted in ("auto", "cuda:1", "cpu")] == ["cuda", "cuda:1", "cpu"]
    assert [_dtype("auto", device) for device in ("cuda", "cuda:1", "cpu")] == [
        "float16",
        "float16",
        "float32",
    ]


def test_a_way_to_compute_that_the_library_lacks_is_bad_settings(folder):
    with pytest.raises(BadSettings, match="'int8'"):
        TransformersRecognizer(folder, device="cpu", dtype="int8")


def test_a_gpu_that_is_not_there_is_bad_settings(folder, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(BadSettings, match="no GPU"):
        TransformersRecognizer(folder, device="cuda")


def change(file, **values):
    """Set these keys of a JSON file; `None` takes a key away."""
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
        TransformersRecognizer(broken, device="cpu")
    assert str(broken) in refused.value.what


def test_nothing_is_printed_while_loading_and_writing(folder, capfd):
    TransformersRecognizer(folder, device="cpu", beam_size=2).write(ASKED)
    assert capfd.readouterr() == ("", "")
